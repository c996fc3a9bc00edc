// The callback form of every operation, and the order in which callbacks come.
package compat.client;

import static compat.Checks.same;
import static compat.Env.OPEN;
import static compat.Env.bytes;

import compat.Checks;
import compat.Env;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooKeeper;

final class Async {
    private Async() {
    }

    static void addTo(Checks checks) {
        checks.add("async_every_operation", Async::everyOperation);
        checks.add("async_errors", Async::errors);
        checks.add("async_order_of_replies", Async::orderOfReplies);
        checks.add("async_reads_see_own_writes", Async::readsSeeOwnWrites);
    }

    private static void everyOperation(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        String n = env.path("n");
        LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
        zk.create(n, bytes("1"), OPEN, CreateMode.PERSISTENT, (rc, p, c, name) -> told.add("create " + rc), null);
        zk.create(n + "2", null, OPEN, CreateMode.CONTAINER,
            (rc, p, c, name, stat) -> told.add("create2 " + rc + " " + stat.getVersion()), null);
        zk.create(n + "3", null, OPEN, CreateMode.PERSISTENT_WITH_TTL,
            (rc, p, c, name, stat) -> told.add("createTTL " + rc), null, 600_000);
        zk.exists(n, false, (rc, p, c, stat) -> told.add("exists " + rc + " " + stat.getVersion()), null);
        zk.setData(n, bytes("22"), 0, (rc, p, c, stat) -> told.add("set " + rc + " " + stat.getVersion()), null);
        zk.getData(n, false, (rc, p, c, data, stat) -> told.add("get " + rc + " " + data.length), null);
        zk.getACL(n, null, (rc, p, c, acl, stat) -> told.add("getACL " + rc + " " + acl.size()), null);
        zk.setACL(n, OPEN, 0, (rc, p, c, stat) -> told.add("setACL " + rc + " " + stat.getAversion()), null);
        zk.getChildren(env.root, false, (rc, p, c, names) -> told.add("children " + rc + " " + names.size()), null);
        zk.getChildren(env.root, false,
            (rc, p, c, names, stat) -> told.add("children2 " + rc + " " + stat.getNumChildren()), null);
        zk.getAllChildrenNumber(env.root, (rc, p, c, number) -> told.add("number " + rc + " " + number), null);
        zk.getEphemerals("/none", (rc, c, paths) -> told.add("ephemerals " + rc + " " + paths.size()), null);
        zk.sync(n, (rc, p, c) -> told.add("sync " + rc + " " + p), null);
        zk.addWatch(n, env.client().events, AddWatchMode.PERSISTENT, (rc, p, c) -> told.add("addWatch " + rc), null);
        zk.removeWatches(n, env.client().events, WatcherType.Any, false,
            (rc, p, c) -> told.add("removeWatches " + rc), null);
        zk.multi(List.of(Op.check(n, 1)), (rc, p, c, results) -> told.add("multi " + rc + " " + results.size()), null);
        zk.delete(n, 1, (rc, p, c) -> told.add("delete " + rc), null);
        for (String wanted : List.of("create 0", "create2 0 0", "createTTL 0", "exists 0 0", "set 0 1", "get 0 2",
            "getACL 0 1", "setACL 0 1", "children 0 3", "children2 0 3", "number 0 3", "ephemerals 0 0",
            "sync 0 " + n, "addWatch 0", "removeWatches 0", "multi 0 1", "delete 0")) {
            same("callback", wanted, told.poll(20, TimeUnit.SECONDS));
        }
    }

    private static void errors(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        LinkedBlockingQueue<Integer> told = new LinkedBlockingQueue<>();
        zk.getData(env.path("none"), false, (rc, p, c, data, stat) -> told.add(rc), null);
        zk.create(env.root, null, OPEN, CreateMode.PERSISTENT, (rc, p, c, name) -> told.add(rc), null);
        zk.delete(env.root, 9, (rc, p, c) -> told.add(rc), null);
        for (int wanted : new int[] {-101, -110, -103}) {
            same("code", wanted, told.poll(20, TimeUnit.SECONDS));
        }
    }

    private static void orderOfReplies(Env env) throws Exception {
        int count = 2000;
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch all = new CountDownLatch(count);
        for (int i = 0; i < count; i++) {
            int mine = i;
            if (i % 2 == 0) {
                env.zk().create(env.path("n" + i), null, OPEN, CreateMode.PERSISTENT, (rc, p, c, name) -> {
                    order.add(rc == 0 ? mine : -1);
                    all.countDown();
                }, null);
            } else {
                env.zk().exists(env.path("n" + (i - 1)), false, (rc, p, c, stat) -> {
                    order.add(rc == 0 ? mine : -1);
                    all.countDown();
                }, null);
            }
        }
        Checks.isTrue("all came", all.await(30, TimeUnit.SECONDS));
        for (int i = 0; i < count; i++) {
            same("place in the order", i, order.get(i));
        }
    }

    private static void readsSeeOwnWrites(Env env) throws Exception {
        String path = env.node("n", "0");
        LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
        for (int i = 1; i <= 200; i++) {
            env.zk().setData(path, bytes("" + i), -1, (rc, p, c, stat) -> { }, null);
            env.zk().getData(path, false, (rc, p, c, data, stat) -> seen.add(Env.text(data)), null);
        }
        for (int i = 1; i <= 200; i++) {
            same("read " + i, "" + i, seen.poll(20, TimeUnit.SECONDS));
        }
    }
}
