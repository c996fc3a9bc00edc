// Caches: CuratorCache and the three older ones, also over the death of a session.
package compat.curator;

import static compat.Checks.eventually;
import static compat.Checks.same;
import static compat.Env.bytes;
import static compat.Env.text;

import compat.Checks;
import compat.Env;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;

@SuppressWarnings("deprecation") // the older caches are in wide use
final class Caches {
    private Caches() {
    }

    static void addTo(Checks checks) {
        checks.add("curator_cache", Caches::curatorCache);
        checks.add("curator_cache_single_node", Caches::singleNode);
        checks.add("curator_cache_dead_session", Caches::curatorCacheDeadSession);
        checks.add("path_children_cache", Caches::pathChildrenCache);
        checks.add("tree_cache", Caches::treeCache);
        checks.add("node_cache", Caches::nodeCache);
        checks.add("persistent_watcher", Caches::persistentWatcher);
    }

    private static void curatorCache(Env env) throws Exception {
        env.node("a", "1");
        LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
        CountDownLatch ready = new CountDownLatch(1);
        CuratorCache cache = env.keep(CuratorCache.build(Clients.one(env), env.root));
        cache.listenable().addListener(CuratorCacheListener.builder().forInitialized(ready::countDown)
            .forCreates(node -> seen.add("created " + node.getPath()))
            .forChanges((old, node) -> seen.add("changed " + text(old.getData()) + " " + text(node.getData())))
            .forDeletes(node -> seen.add("deleted " + node.getPath())).afterInitialized().build());
        cache.listenable().addListener(CuratorCacheListener.builder().forInitialized(ready::countDown).build());
        cache.start();
        Checks.isTrue("initialised", ready.await(20, TimeUnit.SECONDS));
        same("there from the start", "1", text(cache.get(env.path("a")).orElseThrow().getData()));
        env.node("a/b", "x");
        same("event", "created " + env.path("a/b"), seen.poll(20, TimeUnit.SECONDS));
        env.zk().setData(env.path("a/b"), bytes("y"), -1);
        same("event", "changed x y", seen.poll(20, TimeUnit.SECONDS));
        env.zk().delete(env.path("a/b"), -1);
        same("event", "deleted " + env.path("a/b"), seen.poll(20, TimeUnit.SECONDS));
        same("size", 2, cache.size());
    }

    private static void singleNode(Env env) throws Exception {
        CuratorCache cache = env.keep(CuratorCache.build(Clients.one(env), env.path("n"),
            CuratorCache.Options.SINGLE_NODE_CACHE));
        cache.start();
        env.node("n", "1");
        eventually("created", 20, () -> cache.get(env.path("n")).isPresent());
        env.node("n/kid", "1");
        env.zk().setData(env.path("n"), bytes("2"), -1);
        eventually("changed", 20, () -> "2".equals(text(cache.get(env.path("n")).orElseThrow().getData())));
        same("its child is no concern", 1, cache.size());
    }

    private static void curatorCacheDeadSession(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        CuratorCache cache = env.keep(CuratorCache.build(client, env.root));
        cache.start();
        env.node("before", null);
        eventually("seen before", 20, () -> cache.get(env.path("before")).isPresent());
        Clients.killSession(env, client);
        env.node("after", null);
        env.zk().delete(env.path("before"), -1);
        eventually("seen after", 20, () -> cache.get(env.path("after")).isPresent()
            && cache.get(env.path("before")).isEmpty());
    }

    private static void pathChildrenCache(Env env) throws Exception {
        env.node("a", "1");
        PathChildrenCache cache = env.keep(new PathChildrenCache(Clients.one(env), env.root, true));
        cache.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);
        same("from the start", 1, cache.getCurrentData().size());
        env.node("b", "x");
        eventually("added", 20, () -> cache.getCurrentData().size() == 2);
        env.zk().setData(env.path("b"), bytes("y"), -1);
        eventually("updated", 20, () -> "y".equals(text(cache.getCurrentData(env.path("b")).getData())));
        env.zk().delete(env.path("a"), -1);
        eventually("removed", 20, () -> cache.getCurrentData().size() == 1);
    }

    private static void treeCache(Env env) throws Exception {
        env.node("a", null);
        env.node("a/b", "1");
        TreeCache cache = env.keep(new TreeCache(Clients.one(env), env.root));
        cache.start();
        eventually("from the start", 20, () -> cache.getCurrentData(env.path("a/b")) != null);
        env.zk().setData(env.path("a/b"), bytes("2"), -1);
        eventually("updated", 20, () -> "2".equals(text(cache.getCurrentData(env.path("a/b")).getData())));
        env.node("a/b/c", null);
        eventually("added", 20, () -> cache.getCurrentData(env.path("a/b/c")) != null);
        env.zk().delete(env.path("a/b/c"), -1);
        eventually("removed", 20, () -> cache.getCurrentData(env.path("a/b/c")) == null);
    }

    private static void nodeCache(Env env) throws Exception {
        NodeCache cache = env.keep(new NodeCache(Clients.one(env), env.path("n")));
        cache.start(true);
        same("nothing", null, cache.getCurrentData());
        env.node("n", "1");
        eventually("created", 20, () -> cache.getCurrentData() != null);
        env.zk().setData(env.path("n"), bytes("2"), -1);
        eventually("changed", 20, () -> "2".equals(text(cache.getCurrentData().getData())));
        env.zk().delete(env.path("n"), -1);
        eventually("deleted", 20, () -> cache.getCurrentData() == null);
    }

    private static void persistentWatcher(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
        PersistentWatcher watcher = env.keep(new PersistentWatcher(client, env.root, true));
        CountDownLatch set = new CountDownLatch(2);
        watcher.getResetListenable().addListener(set::countDown);
        watcher.getListenable().addListener(event -> {
            if (event.getPath() != null) {
                seen.add(event.getType() + " " + event.getPath());
            }
        });
        watcher.start();
        eventually("set", 20, () -> set.getCount() == 1);
        env.node("a", null);
        same("event", "NodeCreated " + env.path("a"), seen.poll(20, TimeUnit.SECONDS));
        Clients.killSession(env, client);
        Checks.isTrue("set again", set.await(20, TimeUnit.SECONDS));
        // The client may first have come back to its dying session; what counts is that events come in the end.
        AtomicInteger made = new AtomicInteger();
        eventually("events come in the new session", 20, () -> {
            String name = "b" + made.incrementAndGet();
            env.node(name, null);
            return ("NodeCreated " + env.path(name)).equals(seen.poll(1, TimeUnit.SECONDS));
        });
    }
}
