// One-shot watches: what fires them, what does not, in which order, and over a reconnect.
package compat.client;

import static compat.Env.OPEN;
import static compat.Env.bytes;
import static compat.Env.refused;
import static org.apache.zookeeper.Watcher.Event.EventType.ChildWatchRemoved;
import static org.apache.zookeeper.Watcher.Event.EventType.DataWatchRemoved;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeChildrenChanged;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeCreated;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeDataChanged;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeDeleted;

import compat.Checks;
import compat.Env;
import compat.Events;
import compat.Proxy;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooKeeper;

final class Watches {
    private Watches() {
    }

    static void addTo(Checks checks) {
        checks.add("watch_data_fires_once", Watches::dataFiresOnce);
        checks.add("watch_exists", Watches::exists);
        checks.add("watch_children", Watches::children);
        checks.add("watch_deleted_once", Watches::deletedOnce);
        checks.add("watch_not_set_by_a_failed_read", Watches::notSetByFailedRead);
        checks.add("watch_registered_twice", Watches::registeredTwice);
        checks.add("watch_before_the_reply", Watches::beforeTheReply);
        checks.add("watch_of_a_multi", Watches::ofMulti);
        checks.add("watch_remove", Watches::remove);
        checks.add("watch_after_reconnect", Watches::afterReconnect);
        checks.add("watch_missed_while_away", Watches::missedWhileAway);
        checks.add("watch_many_over_a_reconnect", Watches::manyOverReconnect);
    }

    private static void dataFiresOnce(Env env) throws Exception {
        String n = env.node("n", "0");
        Env.Client watcher = env.another();
        watcher.zk.getData(n, true, null);
        env.zk().setACL(n, OPEN, -1);
        env.node("n/kid", null);
        watcher.events.quiet(watcher.zk);
        env.zk().setData(n, bytes("1"), -1);
        watcher.events.next(NodeDataChanged, n);
        env.zk().setData(n, bytes("2"), -1);
        watcher.events.quiet(watcher.zk);
    }

    private static void exists(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.path("n");
        watcher.zk.exists(n, true);
        env.node("n", null);
        watcher.events.next(NodeCreated, n);
        watcher.zk.exists(n, true);
        env.zk().setData(n, null, -1);
        watcher.events.next(NodeDataChanged, n);
        watcher.zk.exists(n, true);
        env.zk().delete(n, -1);
        watcher.events.next(NodeDeleted, n);
        watcher.events.quiet(watcher.zk);
    }

    private static void children(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.node("n", null);
        watcher.zk.getChildren(n, true);
        env.zk().setData(n, bytes("x"), -1);
        watcher.events.quiet(watcher.zk);
        env.node("n/a", null);
        watcher.events.next(NodeChildrenChanged, n);
        watcher.zk.getChildren(n, true, null);
        env.node("n/a/deep", null);
        env.zk().setData(n + "/a", bytes("x"), -1);
        watcher.events.quiet(watcher.zk);
        env.zk().delete(n + "/a/deep", -1);
        env.zk().delete(n + "/a", -1);
        watcher.events.next(NodeChildrenChanged, n);
    }

    private static void deletedOnce(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.node("n", null);
        watcher.zk.getData(n, true, null);
        watcher.zk.getChildren(n, true);
        watcher.zk.getChildren(env.root, true);
        env.zk().delete(n, -1);
        watcher.events.next(NodeDeleted, n);
        watcher.events.next(NodeChildrenChanged, env.root);
        watcher.events.quiet(watcher.zk);
    }

    private static void notSetByFailedRead(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.path("n");
        refused(Code.NONODE, () -> watcher.zk.getData(n, true, null));
        refused(Code.NONODE, () -> watcher.zk.getChildren(n, true));
        env.node("n", null);
        watcher.events.quiet(watcher.zk);
    }

    private static void registeredTwice(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.node("n", null);
        watcher.zk.getData(n, true, null);
        watcher.zk.getData(n, true, null);
        watcher.zk.exists(n, true);
        env.zk().setData(n, null, -1);
        watcher.events.next(NodeDataChanged, n);
        watcher.events.quiet(watcher.zk);
    }

    private static void beforeTheReply(Env env) throws Exception {
        String n = env.node("n", "0");
        LinkedBlockingQueue<String> order = new LinkedBlockingQueue<>();
        ZooKeeper zk = env.zk();
        for (int i = 1; i <= 50; i++) {
            zk.getData(n, event -> order.add("event"), null);
            zk.setData(n, bytes("" + i), -1, (rc, p, c, stat) -> order.add("reply"), null);
            Checks.same("first", "event", order.poll(20, TimeUnit.SECONDS));
            Checks.same("second", "reply", order.poll(20, TimeUnit.SECONDS));
        }
    }

    private static void ofMulti(Env env) throws Exception {
        Env.Client watcher = env.another();
        String a = env.node("a", null);
        String b = env.path("b");
        watcher.zk.getData(a, true, null);
        watcher.zk.exists(b, true);
        try {
            env.zk().multi(List.of(Op.setData(a, null, -1), Op.check(a, 77)));
            throw new AssertionError("it was done");
        } catch (KeeperException.BadVersionException wanted) {
            watcher.events.quiet(watcher.zk);
        }
        env.zk().multi(List.of(Op.create(b, null, OPEN, CreateMode.PERSISTENT), Op.setData(a, null, -1)));
        watcher.events.next(NodeCreated, b);
        watcher.events.next(NodeDataChanged, a);
    }

    private static void remove(Env env) throws Exception {
        Env.Client watcher = env.another();
        Events events = watcher.events;
        ZooKeeper zk = watcher.zk;
        String n = env.node("n", null);
        refused(Code.NOWATCHER, () -> zk.removeWatches(n, events, WatcherType.Data, false));
        zk.getData(n, true, null);
        zk.getChildren(n, true);
        refused(Code.NOWATCHER, () -> zk.removeWatches(env.root, events, WatcherType.Any, false));
        zk.removeWatches(n, events, WatcherType.Data, false);
        events.next(DataWatchRemoved, n);
        env.zk().setData(n, null, -1);
        events.quiet(zk);
        zk.removeAllWatches(n, WatcherType.Children, false);
        events.next(ChildWatchRemoved, n);
        env.node("n/kid", null);
        events.quiet(zk);
        refused(Code.NOWATCHER, () -> zk.removeAllWatches(n, WatcherType.Any, false));
    }

    private static void afterReconnect(Env env) throws Exception {
        Proxy proxy = env.keep(new Proxy(env.address));
        Env.Client watcher = env.open(proxy.address(), Env.TIMEOUT);
        String n = env.node("n", null);
        watcher.zk.getData(n, true, null);
        watcher.zk.getChildren(n, true);
        watcher.zk.exists(env.path("later"), true);
        proxy.cut();
        watcher.events.state(KeeperState.Disconnected);
        proxy.mend();
        watcher.events.state(KeeperState.SyncConnected);
        watcher.events.quiet(watcher.zk);
        env.zk().setData(n, bytes("x"), -1);
        watcher.events.next(NodeDataChanged, n);
        env.node("n/kid", null);
        watcher.events.next(NodeChildrenChanged, n);
        env.node("later", null);
        watcher.events.next(NodeCreated, env.path("later"));
    }

    private static void missedWhileAway(Env env) throws Exception {
        Proxy proxy = env.keep(new Proxy(env.address));
        Env.Client watcher = env.open(proxy.address(), Env.TIMEOUT);
        for (String name : List.of("set", "deleted", "parent", "untouched")) {
            watcher.zk.getData(env.node(name, null), name.equals("parent") ? null : watcher.events, null);
        }
        watcher.zk.getChildren(env.path("parent"), true);
        watcher.zk.exists(env.path("created"), true);
        proxy.cut();
        watcher.events.state(KeeperState.Disconnected);
        env.zk().setData(env.path("set"), bytes("x"), -1);
        env.zk().delete(env.path("deleted"), -1);
        env.node("parent/kid", null);
        env.node("created", null);
        proxy.mend();
        watcher.events.state(KeeperState.SyncConnected);
        java.util.Set<String> wanted = new java.util.TreeSet<>(List.of(
            NodeDataChanged + " " + env.path("set"), NodeDeleted + " " + env.path("deleted"),
            NodeChildrenChanged + " " + env.path("parent"), NodeCreated + " " + env.path("created")));
        Checks.same("missed events", wanted, watcher.events.take(4));
        watcher.events.quiet(watcher.zk);
    }

    private static void manyOverReconnect(Env env) throws Exception {
        int count = 3000; // their paths fill more than one SetWatches of 128 KiB
        Proxy proxy = env.keep(new Proxy(env.address));
        Env.Client watcher = env.open(proxy.address(), Env.TIMEOUT);
        String long60 = "x".repeat(60);
        for (int i = 0; i < count; i++) {
            watcher.zk.exists(env.path(long60 + i), true, (rc, p, c, stat) -> { }, null);
        }
        watcher.events.quiet(watcher.zk);
        proxy.cut();
        watcher.events.state(KeeperState.Disconnected);
        proxy.mend();
        watcher.events.state(KeeperState.SyncConnected);
        watcher.events.quiet(watcher.zk);
        for (int i : new int[] {0, count / 2, count - 1}) {
            env.node(long60 + i, null);
            watcher.events.next(NodeCreated, env.path(long60 + i));
        }
    }
}
