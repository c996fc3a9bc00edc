// Sessions: negotiation, re-attachment, loss of the connection, expiry, closing.
package compat.client;

import static compat.Checks.eventually;
import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.OPEN;
import static compat.Env.refused;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeDeleted;

import compat.Checks;
import compat.Env;
import compat.Proxy;
import java.util.Arrays;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Watcher.Event.KeeperState;

final class Sessions {
    private static final int SHORT = 3000;

    private Sessions() {
    }

    static void addTo(Checks checks) {
        checks.add("session_expires_while_away", Sessions::expiresWhileAway);
        checks.add("session_expiry_removes_ephemerals", Sessions::expiryRemovesEphemerals);
        checks.add("session_survives_a_cut", Sessions::survivesCut);
        checks.add("session_timeouts", Sessions::timeouts);
        checks.add("session_ids", Sessions::ids);
        checks.add("session_reattach", Sessions::reattach);
        checks.add("session_reattach_wrong_password", Sessions::wrongPassword);
        checks.add("session_reattach_unknown", Sessions::unknownSession);
        checks.add("session_closed_elsewhere", Sessions::closedElsewhere);
        checks.add("session_close_removes_ephemerals", Sessions::closeRemovesEphemerals);
        checks.add("session_identities_are_not_carried_over", Sessions::identities);
    }

    private static void expiresWhileAway(Env env) throws Exception {
        Proxy proxy = env.keep(new Proxy(env.address));
        Env.Client client = env.open(proxy.address(), SHORT);
        String e = client.zk.create(env.path("e"), null, OPEN, CreateMode.EPHEMERAL);
        proxy.cut();
        client.events.state(KeeperState.Disconnected);
        eventually("the ephemeral goes with its session", 20, () -> env.zk().exists(e, false) == null);
        proxy.mend();
        client.events.state(KeeperState.Expired);
        refused(Code.SESSIONEXPIRED, () -> client.zk.exists("/", false));
    }

    private static void expiryRemovesEphemerals(Env env) throws Exception {
        Proxy proxy = env.keep(new Proxy(env.address));
        Env.Client client = env.open(proxy.address(), SHORT);
        int granted = client.zk.getSessionTimeout();
        String e = client.zk.create(env.path("e"), null, OPEN, CreateMode.EPHEMERAL);
        env.zk().exists(e, true);
        long parent = env.zk().exists(env.root, false).getPzxid();
        long since = System.nanoTime();
        proxy.cut();
        env.client().events.next(NodeDeleted, e);
        long took = (System.nanoTime() - since) / 1_000_000;
        // The last touch may lie a ping interval (a third of the timeout) before the cut.
        isTrue("not before its time: " + took + " ms of " + granted, took >= granted * 2L / 3 - 200);
        isTrue("the parent's pzxid moves", env.zk().exists(env.root, false).getPzxid() > parent);
    }

    private static void survivesCut(Env env) throws Exception {
        Proxy proxy = env.keep(new Proxy(env.address));
        Env.Client client = env.open(proxy.address(), Env.TIMEOUT);
        long id = client.zk.getSessionId();
        String e = client.zk.create(env.path("e"), null, OPEN, CreateMode.EPHEMERAL);
        for (int round = 0; round < 3; round++) {
            proxy.cut();
            client.events.state(KeeperState.Disconnected);
            proxy.mend();
            client.events.state(KeeperState.SyncConnected);
        }
        same("id", id, client.zk.getSessionId());
        same("owner", id, env.zk().exists(e, false).getEphemeralOwner());
    }

    private static void timeouts(Env env) throws Exception {
        same("too long", 40_000, env.open(env.address, 10_000_000).zk.getSessionTimeout());
        same("too short", 1000, env.open(env.address, 10).zk.getSessionTimeout());
        same("within", 12_345, env.open(env.address, 12_345).zk.getSessionTimeout());
    }

    private static void ids(Env env) throws Exception {
        long one = env.zk().getSessionId();
        long two = env.another().zk.getSessionId();
        isTrue("ids differ and are not 0", one != two && one != 0 && two != 0);
        same("length of the password", 16, env.zk().getSessionPasswd().length);
    }

    private static void reattach(Env env) throws Exception {
        Env.Client first = env.another();
        String e = first.zk.create(env.path("e"), null, OPEN, CreateMode.EPHEMERAL);
        Env.Client second = env.reattach(env.address, 10_000, first.zk.getSessionId(), first.zk.getSessionPasswd());
        second.connected();
        same("id", first.zk.getSessionId(), second.zk.getSessionId());
        same("timeout is negotiated anew", 10_000, second.zk.getSessionTimeout());
        same("owner", second.zk.getSessionId(), second.zk.exists(e, false).getEphemeralOwner());
        same("its ephemerals", 1, second.zk.getEphemerals().size());
    }

    private static void wrongPassword(Env env) throws Exception {
        Env.Client first = env.another();
        String e = first.zk.create(env.path("e"), null, OPEN, CreateMode.EPHEMERAL);
        byte[] wrong = Arrays.copyOf(first.zk.getSessionPasswd(), 16);
        wrong[3] ^= 1;
        Env.Client thief = env.reattach(env.address, 10_000, first.zk.getSessionId(), wrong);
        thief.events.state(KeeperState.Expired);
        same("the session lives on", first.zk.getSessionId(), env.zk().exists(e, false).getEphemeralOwner());
    }

    private static void unknownSession(Env env) throws Exception {
        Env.Client gone = env.another();
        long id = gone.zk.getSessionId();
        byte[] password = gone.zk.getSessionPasswd();
        gone.close();
        env.reattach(env.address, 10_000, id, password).events.state(KeeperState.Expired);
        env.reattach(env.address, 10_000, 0x7777, new byte[16]).events.state(KeeperState.Expired);
    }

    private static void closedElsewhere(Env env) throws Exception {
        Env.Client first = env.another();
        Env.Client second = env.reattach(env.address, Env.TIMEOUT, first.zk.getSessionId(),
            first.zk.getSessionPasswd());
        second.connected();
        second.close();
        first.events.state(KeeperState.Expired);
    }

    private static void closeRemovesEphemerals(Env env) throws Exception {
        Env.Client client = env.another();
        for (String name : new String[] {"a", "b"}) {
            String e = client.zk.create(env.path(name), null, OPEN, CreateMode.EPHEMERAL);
            env.zk().exists(e, true);
        }
        client.close();
        same("events", new java.util.TreeSet<>(java.util.List.of("NodeDeleted " + env.path("a"),
            "NodeDeleted " + env.path("b"))), env.client().events.take(2));
        same("gone", 0, env.zk().getChildren(env.root, false).size());
    }

    private static void identities(Env env) throws Exception {
        Env.Client first = env.another();
        first.zk.addAuthInfo("digest", Env.bytes("ann:pw"));
        String n = first.zk.create(env.path("n"), null, org.apache.zookeeper.ZooDefs.Ids.CREATOR_ALL_ACL,
            CreateMode.PERSISTENT);
        Env.Client second = env.reattach(env.address, Env.TIMEOUT, first.zk.getSessionId(),
            first.zk.getSessionPasswd());
        second.connected();
        refused(Code.NOAUTH, () -> second.zk.getData(n, false, null));
        second.zk.addAuthInfo("digest", Env.bytes("ann:pw"));
        second.zk.getData(n, false, null);
    }
}
