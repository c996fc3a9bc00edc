// Persistent and persistent-recursive watches.
package compat.client;

import static compat.Env.OPEN;
import static compat.Env.bytes;
import static compat.Env.refused;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeChildrenChanged;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeCreated;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeDataChanged;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeDeleted;
import static org.apache.zookeeper.Watcher.Event.EventType.PersistentWatchRemoved;

import compat.Checks;
import compat.Env;
import compat.Proxy;
import java.util.Arrays;
import java.util.List;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.Watcher.WatcherType;

final class PersistentWatches {
    private PersistentWatches() {
    }

    static void addTo(Checks checks) {
        checks.add("persistent_watch", PersistentWatches::persistent);
        checks.add("recursive_watch", PersistentWatches::recursive);
        checks.add("recursive_watch_and_a_multi", PersistentWatches::recursiveAndMulti);
        checks.add("recursive_beside_child_watch", PersistentWatches::besideChildWatch);
        checks.add("one_shot_beside_persistent", PersistentWatches::oneShotBesidePersistent);
        checks.add("persistent_watch_removed", PersistentWatches::removed);
        checks.add("persistent_watch_after_reconnect", PersistentWatches::afterReconnect);
    }

    private static void persistent(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.path("n");
        watcher.zk.addWatch(n, AddWatchMode.PERSISTENT);
        for (int round = 0; round < 2; round++) {
            env.node("n", null);
            watcher.events.next(NodeCreated, n);
            env.zk().setData(n, bytes("x"), -1);
            watcher.events.next(NodeDataChanged, n);
            env.node("n/kid", null);
            watcher.events.next(NodeChildrenChanged, n);
            env.zk().setData(n + "/kid", bytes("x"), -1);
            watcher.events.quiet(watcher.zk);
            env.zk().delete(n + "/kid", -1);
            watcher.events.next(NodeChildrenChanged, n);
            env.zk().delete(n, -1);
            watcher.events.next(NodeDeleted, n);
        }
        watcher.events.quiet(watcher.zk);
    }

    private static void recursive(Env env) throws Exception {
        Env.Client watcher = env.another();
        watcher.zk.addWatch(env.root, AddWatchMode.PERSISTENT_RECURSIVE);
        env.node("a", null);
        env.node("a/b", null);
        env.node("a/b/c", null);
        env.zk().setData(env.path("a/b/c"), bytes("x"), -1);
        env.zk().setData(env.root, bytes("x"), -1);
        env.zk().delete(env.path("a/b/c"), -1);
        watcher.events.next(NodeCreated, env.path("a"));
        watcher.events.next(NodeCreated, env.path("a/b"));
        watcher.events.next(NodeCreated, env.path("a/b/c"));
        watcher.events.next(NodeDataChanged, env.path("a/b/c"));
        watcher.events.next(NodeDataChanged, env.root);
        watcher.events.next(NodeDeleted, env.path("a/b/c"));
        watcher.events.quiet(watcher.zk);
    }

    private static void recursiveAndMulti(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.node("n", null);
        watcher.zk.addWatch(env.root, AddWatchMode.PERSISTENT_RECURSIVE);
        env.zk().multi(List.of(Op.delete(n, -1), Op.create(n, null, OPEN, CreateMode.PERSISTENT),
            Op.setData(n, bytes("x"), -1)));
        watcher.events.next(NodeDeleted, n);
        watcher.events.next(NodeCreated, n);
        watcher.events.next(NodeDataChanged, n);
        watcher.events.quiet(watcher.zk);
    }

    private static void besideChildWatch(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.node("n", null);
        watcher.zk.addWatch(env.root, AddWatchMode.PERSISTENT_RECURSIVE);
        watcher.zk.getChildren(n, true);
        env.node("n/kid", null);
        watcher.events.next(NodeCreated, n + "/kid");
        watcher.events.next(NodeChildrenChanged, n);
        watcher.events.quiet(watcher.zk);
    }

    private static void oneShotBesidePersistent(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.node("n", null);
        watcher.zk.addWatch(n, AddWatchMode.PERSISTENT);
        watcher.zk.getData(n, true, null);
        env.zk().setData(n, bytes("1"), -1);
        watcher.events.next(NodeDataChanged, n);
        env.zk().setData(n, bytes("2"), -1);
        if (!env.is38()) { // 3.8's server forgot the persistent watch when a one-shot was set beside it
            watcher.events.next(NodeDataChanged, n);
        }
        watcher.events.quiet(watcher.zk);
    }

    private static void removed(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.node("n", null);
        watcher.zk.addWatch(n, AddWatchMode.PERSISTENT);
        watcher.zk.removeWatches(n, watcher.events, WatcherType.Any, false);
        watcher.events.next(PersistentWatchRemoved, n);
        env.zk().setData(n, bytes("1"), -1);
        env.node("n/kid", null);
        watcher.events.quiet(watcher.zk);
        refused(Code.NOWATCHER, () -> watcher.zk.removeWatches(n, watcher.events, WatcherType.Any, false));
        if (!env.is38() && knowsRecursiveType()) {
            watcher.zk.addWatch(n, AddWatchMode.PERSISTENT_RECURSIVE);
            watcher.zk.removeWatches(n, watcher.events, WatcherType.valueOf("PersistentRecursive"), false);
            watcher.events.next(PersistentWatchRemoved, n);
            env.zk().setData(n, bytes("2"), -1);
            watcher.events.quiet(watcher.zk);
        }
    }

    /** The client library of the 3.8 line has no such type. */
    private static boolean knowsRecursiveType() {
        return Arrays.stream(WatcherType.values()).anyMatch(type -> type.name().equals("PersistentRecursive"));
    }

    private static void afterReconnect(Env env) throws Exception {
        Proxy proxy = env.keep(new Proxy(env.address));
        Env.Client watcher = env.open(proxy.address(), Env.TIMEOUT);
        String p = env.node("p", null);
        String r = env.node("r", null);
        watcher.zk.addWatch(p, AddWatchMode.PERSISTENT);
        watcher.zk.addWatch(r, AddWatchMode.PERSISTENT_RECURSIVE);
        proxy.cut();
        watcher.events.state(KeeperState.Disconnected);
        env.zk().setData(p, bytes("missed"), -1);
        proxy.mend();
        watcher.events.state(KeeperState.SyncConnected);
        watcher.events.quiet(watcher.zk); // persistent watches never tell what was missed
        env.zk().setData(p, bytes("seen"), -1);
        watcher.events.next(NodeDataChanged, p);
        env.node("r/kid", null);
        watcher.events.next(NodeCreated, r + "/kid");
        watcher.events.quiet(watcher.zk);
    }
}
