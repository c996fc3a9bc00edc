// The framework itself: creation options, transactions, background operations, namespaces, watches, ACLs.
package compat.curator;

import static compat.Checks.eventually;
import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.bytes;
import static compat.Env.refused;
import static compat.Env.text;

import compat.Checks;
import compat.Env;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.data.Stat;

final class Framework {
    private Framework() {
    }

    static void addTo(Checks checks) {
        checks.add("create_options", Framework::createOptions);
        checks.add("create_with_protection", Framework::protection);
        checks.add("delete_options", Framework::deleteOptions);
        checks.add("compression", Framework::compression);
        checks.add("transaction", Framework::transaction);
        checks.add("transaction_fails_whole", Framework::transactionFails);
        checks.add("background", Framework::background);
        checks.add("namespace", Framework::namespace);
        checks.add("watches", Framework::watches);
        checks.add("authorization", Framework::authorization);
        checks.add("session_lost_and_new", Framework::sessionLost);
    }

    private static void createOptions(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        client.create().creatingParentsIfNeeded().forPath(env.path("a/b/c"), bytes("x"));
        client.create().creatingParentContainersIfNeeded().forPath(env.path("box/n"), bytes("x"));
        client.create().orSetData().forPath(env.path("a"), bytes("set"));
        same("set instead", "set", text(client.getData().forPath(env.path("a"))));
        Stat stat = new Stat();
        client.create().storingStatIn(stat).forPath(env.path("s"), bytes("12"));
        same("stat", 2, stat.getDataLength());
        String ttl = client.create().withTtl(600_000).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(env.path("t"));
        same("ttl", env.path("t"), ttl);
        same("sequential", env.path("q0000000004"),
            client.create().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath(env.path("q")));
        client.delete().forPath(env.path("box/n"));
        eventually("the emptied container goes", 20, () -> client.checkExists().forPath(env.path("box")) == null);
    }

    private static void protection(Env env) throws Exception {
        String name = Clients.one(env).create().withProtection().withMode(CreateMode.EPHEMERAL_SEQUENTIAL)
            .forPath(env.path("n-"));
        isTrue(name, name.matches(env.root + "/_c_[0-9a-f-]{36}-n-0000000000"));
    }

    private static void deleteOptions(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        client.create().creatingParentsIfNeeded().forPath(env.path("a/b/c"));
        refused(Code.BADVERSION, () -> client.delete().withVersion(7).forPath(env.path("a/b/c")));
        client.delete().guaranteed().deletingChildrenIfNeeded().forPath(env.path("a"));
        client.delete().quietly().forPath(env.path("a"));
        same("gone", null, client.checkExists().forPath(env.path("a")));
    }

    private static void compression(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        client.create().compressed().forPath(env.path("n"), bytes("x".repeat(10_000)));
        isTrue("small", client.checkExists().forPath(env.path("n")).getDataLength() < 500);
        same("whole", 10_000, client.getData().decompressed().forPath(env.path("n")).length);
    }

    private static void transaction(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        env.node("a", "1");
        List<CuratorTransactionResult> results = client.transaction().forOperations(
            client.transactionOp().check().withVersion(0).forPath(env.path("a")),
            client.transactionOp().create().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath(env.path("s-")),
            client.transactionOp().setData().withVersion(0).forPath(env.path("a"), bytes("2")),
            client.transactionOp().create().forPath(env.path("b"), bytes("x")),
            client.transactionOp().delete().forPath(env.path("b")));
        same("results", 5, results.size());
        same("created", env.path("s-0000000001"), results.get(1).getResultPath());
        same("set", 1, results.get(2).getResultStat().getVersion());
        same("data", "2", text(client.getData().forPath(env.path("a"))));
    }

    private static void transactionFails(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        env.node("a", "1");
        refused(Code.BADVERSION, () -> client.transaction().forOperations(
            client.transactionOp().setData().forPath(env.path("a"), bytes("2")),
            client.transactionOp().check().withVersion(9).forPath(env.path("a"))));
        same("untouched", "1", text(client.getData().forPath(env.path("a"))));
    }

    private static void background(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
        client.create().inBackground((c, event) -> told.add(event.getType() + " " + event.getResultCode()))
            .forPath(env.path("n"), bytes("x"));
        same("create", "CREATE 0", told.poll(20, TimeUnit.SECONDS));
        client.getData().inBackground((c, event) -> told.add(text(event.getData()))).forPath(env.path("n"));
        same("get", "x", told.poll(20, TimeUnit.SECONDS));
        client.sync().inBackground((c, event) -> told.add(event.getType() + " " + event.getResultCode()))
            .forPath(env.root);
        same("sync", "SYNC 0", told.poll(20, TimeUnit.SECONDS));
        client.delete().inBackground((c, event) -> told.add(event.getType() + " " + event.getResultCode()))
            .forPath(env.path("none"));
        same("delete", "DELETE -101", told.poll(20, TimeUnit.SECONDS));
    }

    private static void namespace(Env env) throws Exception {
        CuratorFramework client = Clients.start(env,
            CuratorFrameworkFactory.builder().namespace(env.root.substring(1) + "/ns"));
        client.create().forPath("/n", bytes("x"));
        same("below it", List.of("n"), client.getChildren().forPath("/"));
        same("from outside", "x", text(env.zk().getData(env.path("ns/n"), false, null)));
    }

    private static void watches(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
        env.node("n", null);
        client.getData().usingWatcher((org.apache.zookeeper.Watcher) e -> seen.add("one-shot " + e.getType()))
            .forPath(env.path("n"));
        client.watchers().add().withMode(AddWatchMode.PERSISTENT).usingWatcher(
            (org.apache.zookeeper.Watcher) e -> seen.add("persistent " + e.getType())).forPath(env.root);
        env.zk().setData(env.path("n"), null, -1);
        same("event", "one-shot NodeDataChanged", seen.poll(20, TimeUnit.SECONDS));
        env.node("m", null);
        same("event", "persistent NodeChildrenChanged", seen.poll(20, TimeUnit.SECONDS));
        client.watchers().removeAll().forPath(env.root);
        eventually("told of the removal", 20, () -> "persistent PersistentWatchRemoved".equals(seen.poll()));
        env.node("o", null);
        client.sync().forPath(env.root);
        client.checkExists().forPath(env.root);
        same("and no more", null, seen.poll());
    }

    private static void authorization(Env env) throws Exception {
        CuratorFramework ann = Clients.start(env, CuratorFrameworkFactory.builder()
            .authorization("digest", bytes("ann:pw")));
        ann.create().withACL(Ids.CREATOR_ALL_ACL).forPath(env.path("n"), bytes("hers"));
        CuratorFramework other = Clients.one(env);
        refused(Code.NOAUTH, () -> other.getData().forPath(env.path("n")));
        ann.setACL().withACL(Ids.OPEN_ACL_UNSAFE).forPath(env.path("n"));
        same("open", "hers", text(other.getData().forPath(env.path("n"))));
    }

    private static void sessionLost(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        List<String> states = new CopyOnWriteArrayList<>();
        client.getConnectionStateListenable().addListener((c, state) -> states.add(state.name()));
        client.create().withMode(CreateMode.EPHEMERAL).forPath(env.path("e"));
        Clients.killSession(env, client);
        eventually("LOST is told, and a connection after it", 30, () -> states.contains("LOST")
            && states.lastIndexOf("RECONNECTED") > states.indexOf("LOST"));
        same("the ephemeral went", null, client.checkExists().forPath(env.path("e")));
    }
}
