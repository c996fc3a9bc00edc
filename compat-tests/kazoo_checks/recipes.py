"""kazoo's recipes between two or more clients."""

import datetime
import threading

from harness import case, eventually, same, thread
from kazoo.exceptions import CancelledError, LockTimeout
from kazoo.recipe.lease import MultiNonBlockingLease, NonBlockingLease
from kazoo.recipe.queue import LockingQueue


@case
def lock(env):
    first = env.zk.Lock(env.path("l"), "one")
    second = env.client().Lock(env.path("l"), "two")
    assert first.acquire(timeout=20), "free"
    assert not second.acquire(blocking=False), "held"
    try:
        second.acquire(timeout=0.3)
        raise AssertionError("held, and got")
    except LockTimeout:
        pass
    same("contenders", ["one"], first.contenders())
    waiter = thread(lambda: second.acquire(timeout=20))
    eventually("two wait", lambda: first.contenders() == ["one", "two"])
    first.release()
    waiter.join(20)
    assert second.is_acquired, "handed over"
    second.release()


@case
def lock_excludes(env):
    inside, worst, mutex, done = [0], [0], threading.Lock(), []

    def work(client):
        for _ in range(10):
            with client.Lock(env.path("l")):
                with mutex:
                    inside[0] += 1
                    worst[0] = max(worst[0], inside[0])
                client.sync(env.root)
                with mutex:
                    inside[0] -= 1
        done.append(1)

    workers = [thread(lambda c=env.client(): work(c)) for _ in range(3)]
    for worker in workers:
        worker.join(50)
    same("workers done, most inside at once", (3, 1), (len(done), worst[0]))


@case
def lock_is_freed_by_a_dead_session(env):
    holder = env.client()
    assert holder.Lock(env.path("l")).acquire(timeout=20), "free"
    waiting = env.zk.Lock(env.path("l"))
    waiter = thread(lambda: waiting.acquire(timeout=20))
    eventually("two wait", lambda: len(waiting.contenders()) == 2)
    holder.stop()
    waiter.join(20)
    assert waiting.is_acquired, "the lock went with its session"


@case
def lock_cancel(env):
    env.zk.Lock(env.path("l")).acquire(timeout=20)
    waiting, told = env.client().Lock(env.path("l")), []

    def wait():
        try:
            waiting.acquire(timeout=20)
        except CancelledError:
            told.append(1)

    waiter = thread(wait)
    eventually("two wait", lambda: len(waiting.contenders()) == 2)
    waiting.cancel()
    waiter.join(20)
    same("cancelled", [1], told)


@case
def read_and_write_locks(env):
    one, two = env.zk, env.client()
    reading, also = one.ReadLock(env.path("l")), two.ReadLock(env.path("l"))
    assert reading.acquire(timeout=20) and also.acquire(timeout=20), "two readers"
    writing = env.client().WriteLock(env.path("l"))
    assert not writing.acquire(blocking=False), "a writer waits for readers"
    reading.release()
    also.release()
    assert writing.acquire(timeout=20), "and gets it after them"
    assert not one.ReadLock(env.path("l")).acquire(blocking=False), "a reader waits for the writer"
    writing.release()


@case
def semaphore(env):
    clients = [env.zk, env.client(), env.client()]
    leases = [client.Semaphore(env.path("s"), f"id{i}", max_leases=2) for i, client in enumerate(clients)]
    assert leases[0].acquire(timeout=20) and leases[1].acquire(timeout=20), "two leases"
    assert not leases[2].acquire(blocking=False), "and no third"
    same("holders", ["id0", "id1"], sorted(leases[0].lease_holders()))
    waiter = thread(lambda: leases[2].acquire(timeout=20))
    leases[0].release()
    waiter.join(20)
    assert leases[2].is_acquired, "handed over"


@case
def election(env):
    led, hold = [], threading.Event()

    def lead(name):
        led.append(name)
        hold.wait(20)

    one = env.zk.Election(env.path("e"), "one")
    two = env.client().Election(env.path("e"), "two")
    first = thread(lambda: one.run(lead, "one"))
    eventually("one leads", lambda: led == ["one"])
    second = thread(lambda: two.run(lead, "two"))
    eventually("both stand", lambda: two.contenders() == ["one", "two"])
    same("one leads alone", ["one"], led)
    hold.set()
    first.join(20)
    second.join(20)
    same("then the other", ["one", "two"], led)


@case
def barrier(env):
    gate = env.zk.Barrier(env.path("b"))
    gate.create()
    other = env.client().Barrier(env.path("b"))
    assert not other.wait(0.3), "closed"
    waiter = []
    running = thread(lambda: waiter.append(other.wait(20)))
    gate.remove()
    running.join(20)
    same("open", [True], waiter)


@case
def double_barrier(env):
    inside, left = [], []

    def pass_through(client):
        gate = client.DoubleBarrier(env.path("b"), 3)
        gate.enter()
        inside.append(1)
        gate.leave()
        left.append(1)

    env.zk.ensure_path(env.path("b"))
    running = [thread(lambda c=c: pass_through(c)) for c in (env.zk, env.client())]
    eventually("two wait", lambda: len([n for n in env.zk.get_children(env.path("b")) if n != "ready"]) == 2)
    same("nobody is in", 0, len(inside))
    running.append(thread(lambda c=env.client(): pass_through(c)))
    for one in running:
        one.join(20)
    same("all in and out", (3, 3), (len(inside), len(left)))


@case
def counter(env):
    clients = [env.zk, env.client()]

    def add(client):
        mine = client.Counter(env.path("c"))
        for _ in range(25):
            mine += 2

    running = [thread(lambda c=c: add(c)) for c in clients]
    for one in running:
        one.join(50)
    same("sum", 100, env.zk.Counter(env.path("c")).value)
    real = env.zk.Counter(env.path("f"), default=0.5)
    real -= 0.25
    same("float", 0.25, real.value)


@case
def queue_with_priorities(env):
    q = env.zk.Queue(env.path("q"))
    for name, priority in ((b"late", 200), (b"first", 50), (b"second", 50)):
        q.put(name, priority=priority)
    same("length", 3, len(q))
    other = env.client().Queue(env.path("q"))
    same("order", [b"first", b"second", b"late", None], [other.get() for _ in range(4)])


@case
def locking_queue(env):
    one, two = LockingQueue(env.zk, env.path("q")), LockingQueue(env.client(), env.path("q"))
    one.put_all([b"a", b"b"])
    same("one takes", b"a", one.get(20))
    same("two takes another", b"b", two.get(20))
    assert one.holds_lock() and one.consume() and two.consume(), "consumed"
    same("empty", None, one.get(0.2))
    one.put(b"c")
    same("taken", b"c", two.get(20))
    assert two.release(), "given back"
    same("taken again", b"c", one.get(20))


@case
def party(env):
    one = env.zk.Party(env.path("p"), "one")
    two = env.client().Party(env.path("p"), "two")
    one.join()
    two.join()
    same("members", ["one", "two"], sorted(one))
    two.leave()
    same("after one left", ["one"], list(one))
    shallow = env.zk.ShallowParty(env.path("sp"), "who")
    shallow.join()
    same("shallow", (["who"], 1), (list(shallow), len(shallow)))


@case
def lease(env):
    hour = datetime.timedelta(hours=1)
    assert NonBlockingLease(env.zk, env.path("l"), hour, identifier="one"), "free"
    assert not NonBlockingLease(env.client(), env.path("l"), hour, identifier="two"), "held"
    assert NonBlockingLease(env.zk, env.path("l"), hour, identifier="one"), "renewed"
    taken = [bool(MultiNonBlockingLease(env.zk, 2, env.path("m"), hour, identifier=str(i))) for i in range(3)]
    same("two of three", [True, True, False], taken)


@case
def set_partitioner(env):
    # The default identifier is host and process, which both members share here.
    parts = [client.SetPartitioner(env.path("p"), set=tuple(range(6)), identifier=name, time_boundary=0.3)
             for name, client in (("one", env.zk), ("two", env.client()))]

    def settled():
        for part in parts:
            if part.release:
                part.release_set()
            assert not part.failed, "partitioner failed"
        return all(part.acquired for part in parts) and all(len(list(part)) == 3 for part in parts)

    eventually("both hold half", settled, 40)
    same("all are held once", list(range(6)), sorted(x for part in parts for x in part))
    for part in parts:
        part.finish()
