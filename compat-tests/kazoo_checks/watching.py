"""kazoo's watches: one-shot ones and the recipes on them (DataWatch, ChildrenWatch, TreeCache)."""

import queue

from harness import case, eventually, same
from kazoo.protocol.states import EventType
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.watchers import PatientChildrenWatch


@case
def one_shot_watches(env):
    seen = queue.Queue()
    watcher, n = env.client(), env.path("n")
    watcher.exists(n, watch=seen.put)
    env.zk.create(n)
    same("created", (EventType.CREATED, n), seen.get(timeout=20)[:1] + (n,))
    watcher.get(n, watch=seen.put)
    env.zk.set(n, b"x")
    same("changed", EventType.CHANGED, seen.get(timeout=20).type)
    watcher.get_children(n, watch=seen.put)
    env.zk.create(n + "/k")
    same("child", EventType.CHILD, seen.get(timeout=20).type)
    watcher.get(n + "/k", watch=seen.put)
    env.zk.delete(n, recursive=True)
    same("deleted", EventType.DELETED, seen.get(timeout=20).type)
    watcher.sync(env.root)
    assert seen.empty(), "one event for each watch"


@case
def data_watch(env):
    seen, n = queue.Queue(), env.path("n")
    env.client().DataWatch(n, lambda data, stat, event: seen.put((data, event and event.type)))
    same("nothing yet", (None, None), seen.get(timeout=20))
    env.zk.create(n, b"1")
    same("created", (b"1", EventType.CREATED), seen.get(timeout=20))
    for value in (b"2", b"3"):
        env.zk.set(n, value)
        same("changed", (value, EventType.CHANGED), seen.get(timeout=20))
    env.zk.delete(n)
    same("deleted", (None, EventType.DELETED), seen.get(timeout=20))


@case
def children_watch(env):
    seen = queue.Queue()
    env.client().ChildrenWatch(env.root, lambda names: seen.put(sorted(names)))
    same("empty", [], seen.get(timeout=20))
    env.zk.create(env.path("a"))
    same("one", ["a"], seen.get(timeout=20))
    env.zk.create(env.path("b"))
    same("two", ["a", "b"], seen.get(timeout=20))
    env.zk.delete(env.path("a"))
    same("left", ["b"], seen.get(timeout=20))


@case
def patient_children_watch(env):
    env.zk.create(env.path("a"))
    watch = PatientChildrenWatch(env.client(), env.root, time_boundary=0.3)
    names, changed = watch.start().get(timeout=20)
    same("settled", ["a"], names)
    env.zk.create(env.path("b"))
    changed.get(timeout=20)


@case
def tree_cache(env):
    env.zk.create(env.path("a/b"), b"x", makepath=True)
    cache, ready = TreeCache(env.client(), env.root), queue.Queue()
    cache.listen(lambda event: ready.put(event.event_type) if event.event_type == TreeEvent.INITIALIZED else None)
    cache.start()
    ready.get(timeout=20)
    same("data", b"x", cache.get_data(env.path("a/b")).data)
    same("children", frozenset(["b"]), frozenset(cache.get_children(env.path("a"))))
    env.zk.set(env.path("a/b"), b"y")
    eventually("follows a change", lambda: cache.get_data(env.path("a/b")).data == b"y")
    env.zk.create(env.path("a/c"))
    eventually("follows a creation", lambda: cache.get_data(env.path("a/c")) is not None)
    env.zk.delete(env.path("a"), recursive=True)
    eventually("follows a deletion", lambda: cache.get_data(env.path("a")) is None)
    cache.close()
