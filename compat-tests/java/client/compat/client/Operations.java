// Every single operation in its blocking form, and the Stat that it leaves behind.
package compat.client;

import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.OPEN;
import static compat.Env.bytes;
import static compat.Env.refused;
import static compat.Env.text;

import compat.Checks;
import compat.Env;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.Stat;

final class Operations {
    private Operations() {
    }

    static void addTo(Checks checks) {
        checks.add("create_get_set_delete", Operations::createGetSetDelete);
        checks.add("create_with_stat", Operations::createWithStat);
        checks.add("stat_after_each_change", Operations::statAfterEachChange);
        checks.add("child_counters", Operations::childCounters);
        checks.add("null_and_empty_data", Operations::nullAndEmptyData);
        checks.add("large_data", Operations::largeData);
        checks.add("children", Operations::children);
        checks.add("many_children", Operations::manyChildren);
        checks.add("all_children_number", Operations::allChildrenNumber);
        checks.add("get_ephemerals", Operations::getEphemerals);
        checks.add("unicode_names", Operations::unicodeNames);
        checks.add("chroot", Operations::chroot);
        checks.add("built_in_nodes", Operations::builtInNodes);
        checks.add("config_and_reconfig", Operations::configAndReconfig);
    }

    private static void createGetSetDelete(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        String path = env.path("n");
        same("exists before", null, zk.exists(path, false));
        same("name", path, zk.create(path, bytes("one"), OPEN, CreateMode.PERSISTENT));
        same("data", "one", text(zk.getData(path, false, null)));
        same("version", 1, zk.setData(path, bytes("two"), 0).getVersion());
        same("data", "two", text(zk.getData(path, false, null)));
        zk.delete(path, 1);
        same("exists after", null, zk.exists(path, false));
    }

    private static void createWithStat(Env env) throws Exception {
        Stat told = new Stat();
        String path = env.path("n");
        env.zk().create(path, bytes("12345"), OPEN, CreateMode.PERSISTENT, told);
        same("stat from create", env.zk().exists(path, false), told);
        same("length", 5, told.getDataLength());
        isTrue("zxids", told.getCzxid() == told.getMzxid() && told.getCzxid() == told.getPzxid());
        same("times", told.getCtime(), told.getMtime());
        isTrue("clock", Math.abs(System.currentTimeMillis() - told.getCtime()) < 60_000);
    }

    private static void statAfterEachChange(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        String path = env.node("n", "x");
        Stat born = zk.exists(path, false);
        Stat set = zk.setData(path, bytes("longer"), -1);
        same("version", 1, set.getVersion());
        isTrue("mzxid grows", set.getMzxid() > born.getMzxid());
        same("czxid stays", born.getCzxid(), set.getCzxid());
        same("pzxid stays", born.getPzxid(), set.getPzxid());
        Stat acl = zk.setACL(path, OPEN, 0);
        same("aversion", 1, acl.getAversion());
        same("mzxid stays", set.getMzxid(), acl.getMzxid());
        same("version stays", 1, acl.getVersion());
        zk.create(path + "/kid", null, OPEN, CreateMode.PERSISTENT);
        Stat kid = zk.exists(path + "/kid", false);
        Stat after = zk.exists(path, false);
        same("pzxid of the parent", kid.getCzxid(), after.getPzxid());
        same("cversion", 1, after.getCversion());
        same("numChildren", 1, after.getNumChildren());
        same("mzxid of the parent", set.getMzxid(), after.getMzxid());
    }

    private static void childCounters(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        String path = env.node("n", null);
        for (String name : List.of("a", "b", "c")) {
            zk.create(path + "/" + name, null, OPEN, CreateMode.PERSISTENT);
        }
        long before = zk.exists(path, false).getPzxid();
        zk.delete(path + "/b", -1);
        Stat stat = zk.exists(path, false);
        same("cversion counts creations and deletions", 4, stat.getCversion());
        same("numChildren", 2, stat.getNumChildren());
        isTrue("a deletion moves pzxid", stat.getPzxid() > before);
        zk.setData(path + "/a", bytes("x"), -1);
        zk.create(path + "/a/deep", null, OPEN, CreateMode.PERSISTENT);
        same("only direct children count", 4, zk.exists(path, false).getCversion());
    }

    private static void nullAndEmptyData(Env env) throws Exception {
        String none = env.node("none", null);
        String empty = env.node("empty", "");
        same("null stays null", null, env.zk().getData(none, false, null));
        same("empty stays empty", "", text(env.zk().getData(empty, false, null)));
        same("length of null", 0, env.zk().exists(none, false).getDataLength());
        env.zk().setData(empty, null, -1);
        same("set to null", null, env.zk().getData(empty, false, null));
    }

    private static void largeData(Env env) throws Exception {
        byte[] data = new byte[1_000_000];
        Arrays.fill(data, (byte) 'x');
        env.zk().create(env.path("big"), data, OPEN, CreateMode.PERSISTENT);
        isTrue("1,000,000 bytes come back", Arrays.equals(data, env.zk().getData(env.path("big"), false, null)));
    }

    private static void children(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        same("none", List.of(), zk.getChildren(env.root, false));
        env.node("b", null);
        env.node("a", null);
        Stat stat = new Stat();
        same("names", new TreeSet<>(List.of("a", "b")), new TreeSet<>(zk.getChildren(env.root, false, stat)));
        same("stat beside the names", zk.exists(env.root, false), stat);
    }

    private static void manyChildren(Env env) throws Exception {
        List<String> wanted = new ArrayList<>();
        for (int batch = 0; batch < 5; batch++) {
            List<Op> ops = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                String name = String.format("child-%06d", batch * 1000 + i);
                wanted.add(name);
                ops.add(Op.create(env.path(name), null, OPEN, CreateMode.PERSISTENT));
            }
            env.zk().multi(ops);
        }
        List<String> got = env.zk().getChildren(env.root, false);
        Collections.sort(got);
        same("5000 names", wanted, got);
    }

    private static void allChildrenNumber(Env env) throws Exception {
        same("none", 0, env.zk().getAllChildrenNumber(env.root));
        env.node("a", null);
        env.node("a/b", null);
        env.node("a/b/c", null);
        same("descendants", 3, env.zk().getAllChildrenNumber(env.root));
        refused(Code.NONODE, () -> env.zk().getAllChildrenNumber(env.path("none")));
    }

    private static void getEphemerals(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        for (String name : List.of("x1", "x2", "y")) {
            zk.create(env.path(name), null, OPEN, CreateMode.EPHEMERAL);
        }
        env.another().zk.create(env.path("other"), null, OPEN, CreateMode.EPHEMERAL);
        same("all of this session", 3, zk.getEphemerals().size());
        same("by prefix", new TreeSet<>(List.of(env.path("x1"), env.path("x2"))),
            new TreeSet<>(zk.getEphemerals(env.path("x"))));
        same("nothing there", List.of(), zk.getEphemerals("/nowhere"));
    }

    private static void unicodeNames(Env env) throws Exception {
        for (String name : List.of("中文", "ünïcode", "with space", "a.b", "...", ".hidden", "日本語のノード")) {
            env.node(name, name);
            same(name, name, text(env.zk().getData(env.path(name), false, null)));
        }
        same("all are listed", 7, env.zk().getChildren(env.root, false).size());
    }

    private static void chroot(Env env) throws Exception {
        Env.Client below = env.open(env.address + env.root, Env.TIMEOUT);
        same("name", "/n", below.zk.create("/n", bytes("x"), OPEN, CreateMode.PERSISTENT));
        same("seen from above", "x", text(env.zk().getData(env.path("n"), false, null)));
        same("its root", List.of("n"), below.zk.getChildren("/", false));
        below.zk.exists("/m", true);
        env.node("m", null);
        below.events.next(org.apache.zookeeper.Watcher.Event.EventType.NodeCreated, "/m");
    }

    private static void builtInNodes(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        isTrue("/zookeeper", zk.getChildren("/", false).contains("zookeeper"));
        same("below it", new TreeSet<>(List.of("config", "quota")),
            new TreeSet<>(zk.getChildren("/zookeeper", false)));
        same("quota's czxid", 0L, zk.exists("/zookeeper/quota", false).getCzxid());
        refused(Code.BADARGUMENTS, () -> zk.delete("/zookeeper/quota", -1));
        refused(Code.NOAUTH, () -> zk.setData("/zookeeper/config", bytes("x"), -1));
    }

    private static void configAndReconfig(Env env) throws Exception {
        Stat stat = new Stat();
        env.zk().getConfig(false, stat);
        same("config's aversion", -1, stat.getAversion());
        ZooKeeperAdmin admin = env.keep(new ZooKeeperAdmin(env.address, Env.TIMEOUT, new compat.Events()));
        refused(Code.RECONFIGDISABLED, () -> admin.reconfigure("server.9=127.0.0.1:1:2;3", null, null, -1, null));
        same("and it still serves", 0, admin.getChildren(env.root, false).size());
    }
}
