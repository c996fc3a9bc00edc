"""Every operation that kazoo offers, blocking and asynchronous, its commands and its session handling."""

from harness import case, eventually, refused, same
from kazoo import exceptions
from kazoo.client import KazooState
from kazoo.security import OPEN_ACL_UNSAFE, make_acl, make_digest_acl


@case
def create_get_set_delete(env):
    zk, n = env.zk, env.path("n")
    same("create", n, zk.create(n, b"one"))
    data, stat = zk.get(n)
    same("data", (b"one", 0, 3), (data, stat.version, stat.data_length))
    same("set", 1, zk.set(n, b"two", version=0).version)
    refused(exceptions.BadVersionError, zk.set, n, b"x", version=0)
    refused(exceptions.BadVersionError, zk.delete, n, version=0)
    zk.delete(n, version=1)
    same("exists", None, zk.exists(n))


@case
def create_kinds(env):
    zk = env.zk
    same("sequence", env.path("s0000000000"), zk.create(env.path("s"), sequence=True))
    same("both", env.path("s0000000001"), zk.create(env.path("s"), sequence=True, ephemeral=True))
    zk.create(env.path("e"), ephemeral=True)
    same("owner", zk.client_id[0], zk.exists(env.path("e")).ephemeralOwner)
    zk.create(env.path("a/b/c"), b"deep", makepath=True)
    same("makepath", b"deep", zk.get(env.path("a/b/c"))[0])
    path, stat = zk.create(env.path("with-stat"), b"xy", include_data=True)
    same("create2", (env.path("with-stat"), 2), (path, stat.data_length))


@case
def errors(env):
    zk = env.zk
    refused(exceptions.NoNodeError, zk.get, env.path("none"))
    refused(exceptions.NoNodeError, zk.set, env.path("none"), b"")
    refused(exceptions.NoNodeError, zk.delete, env.path("none"))
    refused(exceptions.NoNodeError, zk.get_children, env.path("none"))
    refused(exceptions.NoNodeError, zk.create, env.path("no/parent"))
    refused(exceptions.NodeExistsError, zk.create, env.root)
    zk.create(env.path("a/b"), makepath=True)
    refused(exceptions.NotEmptyError, zk.delete, env.path("a"))
    zk.create(env.path("e"), ephemeral=True)
    refused(exceptions.NoChildrenForEphemeralsError, zk.create, env.path("e/k"))
    refused(exceptions.InvalidACLError, zk.create, env.path("x"), acl=[make_acl("nonsense", "x", read=True)])


@case
def children(env):
    zk = env.zk
    for name in "bac":
        zk.create(env.path(name))
    same("names", ["a", "b", "c"], sorted(zk.get_children(env.root)))
    names, stat = zk.get_children(env.root, include_data=True)
    same("with stat", (3, 3), (len(names), stat.numChildren))


@case
def delete_recursive(env):
    env.zk.create(env.path("a/b/c/d"), makepath=True)
    env.zk.create(env.path("a/x"))
    env.zk.delete(env.path("a"), recursive=True)
    same("gone", None, env.zk.exists(env.path("a")))


@case
def acls(env):
    zk = env.zk
    sealed = make_digest_acl("bob", "secret", all=True)
    zk.create(env.path("n"), b"x", acl=[sealed])
    refused(exceptions.NoAuthError, zk.get, env.path("n"))
    bob = env.client()
    bob.add_auth("digest", "bob:secret")
    same("data", b"x", bob.get(env.path("n"))[0])
    got, stat = bob.get_acls(env.path("n"))
    same("acl", [sealed], got)
    same("aversion", 1, bob.set_acls(env.path("n"), OPEN_ACL_UNSAFE, version=0).aversion)
    same("open", b"x", zk.get(env.path("n"))[0])


@case
def auth_data_at_the_start(env):
    ann = env.client(auth_data=[("digest", "ann:pw")], default_acl=[make_digest_acl("ann", "pw", all=True)])
    ann.create(env.path("n"), b"hers")
    refused(exceptions.NoAuthError, env.zk.get, env.path("n"))
    same("data", b"hers", ann.get(env.path("n"))[0])


@case
def auth_failure(env):
    client = env.client()
    refused(exceptions.AuthFailedError, client.add_auth, "nonsense", "x:y")


@case
def sync_and_retry(env):
    same("sync", env.root, env.zk.sync(env.root))
    env.zk.retry(env.zk.create, env.path("n"), b"x")
    same("data", b"x", env.zk.retry(env.zk.get, env.path("n"))[0])


@case
def asynchronous(env):
    zk = env.zk
    made = [zk.create_async(env.path(f"n{i}"), b"%d" % i) for i in range(200)]
    read = [zk.get_async(env.path(f"n{i}")) for i in range(200)]
    for i in range(200):
        same("made", env.path(f"n{i}"), made[i].get(timeout=20))
        same("read", b"%d" % i, read[i].get(timeout=20)[0])
    same("exists", 0, zk.exists_async(env.path("n1")).get(timeout=20).version)
    same("set", 1, zk.set_async(env.path("n1"), b"x").get(timeout=20).version)
    same("children", 200, len(zk.get_children_async(env.root).get(timeout=20)))
    same("acls", OPEN_ACL_UNSAFE, zk.get_acls_async(env.root).get(timeout=20)[0])
    same("set acls", 1, zk.set_acls_async(env.root, OPEN_ACL_UNSAFE).get(timeout=20).aversion)
    same("sync", env.root, zk.sync_async(env.root).get(timeout=20))
    zk.delete_async(env.path("n1")).get(timeout=20)
    refused(exceptions.NoNodeError, zk.get_async(env.path("n1")).get, timeout=20)


@case
def transactions(env):
    zk = env.zk
    zk.create(env.path("a"), b"1")
    done = zk.transaction()
    done.create(env.path("b"), b"x")
    done.check(env.path("a"), version=0)
    done.set_data(env.path("a"), b"2", version=0)
    done.create(env.path("s"), sequence=True)
    done.delete(env.path("b"))
    results = done.commit()
    same("results", [env.path("b"), True, 1, env.path("s0000000002"), True],
         [getattr(one, "version", one) for one in results])
    failed = zk.transaction()
    failed.set_data(env.path("a"), b"3")
    failed.check(env.path("a"), version=99)
    failed.create(env.path("c"))
    results = failed.commit()
    same("failed", [exceptions.RolledBackError, exceptions.BadVersionError, exceptions.RuntimeInconsistency],
         [type(one) for one in results])
    same("untouched", b"2", zk.get(env.path("a"))[0])


@case
def reconfig_is_refused(env):
    refused(exceptions.KazooException, env.zk.reconfig,
            joining="server.9=127.0.0.1:1:2;3", leaving=None, new_members=None)
    same("still serves", [], env.zk.get_children(env.root))


@case
def commands(env):
    zk = env.zk
    same("ruok", "imok", zk.command(b"ruok"))
    same("isro", "rw", zk.command(b"isro").strip())
    stat = zk.command(b"stat")
    assert "Zookeeper version:" in stat and "Mode: standalone" in stat, stat
    assert "zk_server_state\tstandalone" in zk.command(b"mntr"), "mntr"
    assert "clientPort=" in zk.command(b"conf"), "conf"
    assert f"sid=0x{zk.client_id[0]:x}" in zk.command(b"cons"), "cons"
    assert zk.command(b"envi").startswith("Environment:\nzookeeper.version="), "envi"
    same("version by envi", 3, zk.server_version()[0])


@case
def chroot(env):
    below = env.client()
    below.chroot = env.root
    below.create("/n", b"x")
    same("above", b"x", env.zk.get(env.path("n"))[0])
    same("below", ["n"], below.get_children("/"))


@case
def unicode_names(env):
    env.zk.create(env.path("中文 ünï"), "данные".encode())
    same("names", ["中文 ünï"], env.zk.get_children(env.root))


@case
def large_data(env):
    env.zk.create(env.path("n"), b"x" * 1_000_000)
    same("length", 1_000_000, len(env.zk.get(env.path("n"))[0]))


@case
def session_reattach(env):
    first = env.client()
    first.create(env.path("e"), ephemeral=True)
    session = first.client_id
    second = env.client(client_id=session)
    same("id", session, second.client_id)
    same("owner", session[0], second.exists(env.path("e")).ephemeralOwner)


@case
def session_lost_and_new(env):
    first, states = env.client(), []
    first.add_listener(states.append)
    first.create(env.path("e"), ephemeral=True)
    thief = env.client(client_id=first.client_id)
    thief.stop()  # closes the session that both share
    eventually("first is told LOST", lambda: KazooState.LOST in states)
    eventually("and gets a new session", lambda: first.state == KazooState.CONNECTED)
    same("its ephemeral went", None, env.zk.exists(env.path("e")))


@case
def restart_and_stop(env):
    client = env.client()
    client.create(env.path("e"), ephemeral=True)
    before = client.client_id[0]
    client.restart()
    eventually("connected", lambda: client.connected)
    assert client.client_id[0] != before, "a restart makes a new session"
    same("the old one's ephemeral went", None, env.zk.exists(env.path("e")))


@case
def read_only_client(env):
    client = env.client(read_only=True)
    client.create(env.path("n"), b"x")
    same("a writable server serves it", b"x", client.get(env.path("n"))[0])
