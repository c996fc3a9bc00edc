// Makes one tree with everything that a data directory can hold.
package compat.crossdisk;

import static compat.Env.OPEN;
import static compat.Env.bytes;

import compat.Checks;
import compat.Env;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.StatsTrack;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.cli.SetQuotaCommand;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;

final class Fill {
    private static final int LONG = 120_000;
    private static final int BRIEF = 4_000;

    private Fill() {
    }

    static void run(String address, String root, String file) throws Exception {
        Env.Client main = Main.connect(address, LONG);
        ZooKeeper zk = main.zk;
        zk.create(root, bytes("root of " + root), OPEN, CreateMode.PERSISTENT);
        acls(address, zk, root + "/acl");
        plain(zk, root + "/plain");
        sequences(zk, root + "/seq");
        multis(zk, root + "/multi");
        quotas(zk, root + "/quota");
        timed(zk, root + "/timed");
        List<String> sessions = sessions(address, zk, root);
        many(zk, root + "/many");
        zk.create(root + "/load", null, OPEN, CreateMode.PERSISTENT);
        Files.write(Path.of(file), sessions);
    }

    private static void acls(String address, ZooKeeper zk, String at) throws Exception {
        zk.create(at, null, OPEN, CreateMode.PERSISTENT);
        Id bob = new Id("digest", DigestAuthenticationProvider.generateDigest("bob:secret"));
        List<List<ACL>> lists = List.of(
            Arrays.asList(new ACL(Perms.ALL, bob)),
            Arrays.asList(new ACL(Perms.READ, Ids.ANYONE_ID_UNSAFE), new ACL(Perms.ALL, bob)),
            Arrays.asList(new ACL(Perms.ALL, new Id("ip", "127.0.0.1"))),
            Arrays.asList(new ACL(Perms.READ | Perms.WRITE, new Id("ip", "10.0.0.0/8")), new ACL(Perms.ADMIN, bob)),
            Ids.READ_ACL_UNSAFE);
        for (int i = 0; i < lists.size(); i++) {
            zk.create(at + "/n" + i, bytes("secret " + i), lists.get(i), CreateMode.PERSISTENT);
        }
        ZooKeeper ann = Env.standalone(address, LONG).zk;
        ann.addAuthInfo("digest", bytes("ann:pw"));
        ann.addAuthInfo("digest", bytes("carl:pw"));
        ann.create(at + "/auth", null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        ann.close();
        zk.setACL(at + "/n0", lists.get(1), 0);
        zk.setACL(at + "/n1", OPEN, -1);
        zk.setACL(at + "/n1", lists.get(3), 1);
    }

    private static void plain(ZooKeeper zk, String at) throws Exception {
        zk.create(at, bytes(""), OPEN, CreateMode.PERSISTENT);
        zk.create(at + "/null", null, OPEN, CreateMode.PERSISTENT);
        zk.create(at + "/empty", bytes(""), OPEN, CreateMode.PERSISTENT);
        zk.create(at + "/big", new byte[200_000], OPEN, CreateMode.PERSISTENT);
        zk.create(at + "/ünïcode 中文", bytes("данные"), OPEN, CreateMode.PERSISTENT);
        StringBuilder deep = new StringBuilder(at + "/deep");
        for (int i = 0; i < 30; i++) {
            zk.create(deep.toString(), bytes("" + i), OPEN, CreateMode.PERSISTENT);
            deep.append("/level").append(i);
        }
        for (int i = 0; i < 5; i++) {
            zk.setData(at + "/empty", bytes("version " + i), i);
            zk.create(at + "/gone" + i, null, OPEN, CreateMode.PERSISTENT);
        }
        zk.setData(at + "/empty", null, 5);
        for (int i = 0; i < 5; i++) {
            zk.delete(at + "/gone" + i, 0);
        }
    }

    private static void sequences(ZooKeeper zk, String at) throws Exception {
        zk.create(at, null, OPEN, CreateMode.PERSISTENT);
        for (int i = 0; i < 20; i++) {
            String made = zk.create(at + "/n-", bytes("" + i), OPEN, CreateMode.PERSISTENT_SEQUENTIAL);
            if (i % 3 == 0) {
                zk.delete(made, -1);
            }
        }
    }

    private static void multis(ZooKeeper zk, String at) throws Exception {
        zk.create(at, null, OPEN, CreateMode.PERSISTENT);
        zk.multi(List.of(Op.create(at + "/a", bytes("1"), OPEN, CreateMode.PERSISTENT),
            Op.create(at + "/a/b", bytes("2"), OPEN, CreateMode.PERSISTENT), Op.setData(at + "/a", bytes("3"), 0),
            Op.create(at + "/x", null, OPEN, CreateMode.PERSISTENT), Op.delete(at + "/x", 0),
            Op.create(at + "/c", null, OPEN, CreateMode.CONTAINER),
            Op.create(at + "/t", null, OPEN, CreateMode.PERSISTENT_WITH_TTL, 86_400_000),
            Op.create(at + "/s-", null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL), Op.check(at + "/a", 1)));
        try {
            zk.multi(List.of(Op.setData(at + "/a", bytes("never"), -1), Op.check(at + "/a", 99)));
            throw new AssertionError("a failing multi was done");
        } catch (KeeperException.BadVersionException wanted) {
            Checks.same("untouched", 1, zk.exists(at + "/a", false).getVersion());
        }
    }

    private static void quotas(ZooKeeper zk, String at) throws Exception {
        zk.create(at, bytes("12345"), OPEN, CreateMode.PERSISTENT);
        StatsTrack soft = new StatsTrack();
        soft.setCount(1000);
        soft.setBytes(100_000);
        soft.setCountHardLimit(2000);
        soft.setByteHardLimit(200_000);
        SetQuotaCommand.createQuota(zk, at, soft);
        for (int i = 0; i < 10; i++) {
            zk.create(at + "/n" + i, bytes("xyz"), OPEN, CreateMode.PERSISTENT);
        }
        zk.delete(at + "/n3", -1);
        zk.setData(at + "/n4", bytes("longer data"), -1);
    }

    /** Nodes that would end by themselves, each held by a child until verify takes it away. */
    private static void timed(ZooKeeper zk, String at) throws Exception {
        Stat stat = new Stat();
        zk.create(at, null, OPEN, CreateMode.PERSISTENT);
        zk.create(at + "/ttl", bytes("t"), OPEN, CreateMode.PERSISTENT_WITH_TTL, stat, 500);
        zk.create(at + "/ttl/kid", null, OPEN, CreateMode.PERSISTENT);
        zk.create(at + "/container", bytes("c"), OPEN, CreateMode.CONTAINER);
        zk.create(at + "/container/kid", null, OPEN, CreateMode.PERSISTENT);
        zk.create(at + "/long", null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, stat, 86_400_000L * 300);
    }

    private static List<String> sessions(String address, ZooKeeper main, String root) throws Exception {
        List<String> told = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            ZooKeeper zk = Env.standalone(address, LONG).zk;
            for (int k = 0; k <= i; k++) {
                zk.create(root + "/e" + i + "-" + k, bytes("of " + i), OPEN, CreateMode.EPHEMERAL);
            }
            zk.create(root + "/es-", null, OPEN, CreateMode.EPHEMERAL_SEQUENTIAL);
            told.add(Long.toHexString(zk.getSessionId()) + " " + Base64.getEncoder().encodeToString(
                zk.getSessionPasswd()) + " " + String.join(" ", new java.util.TreeSet<>(zk.getEphemerals())));
        }
        ZooKeeper closed = Env.standalone(address, LONG).zk;
        closed.create(root + "/of-a-closed-session", null, OPEN, CreateMode.EPHEMERAL);
        closed.close();
        main.create(root + "/brief", null, OPEN, CreateMode.PERSISTENT);
        Env.standalone(address, BRIEF).zk.create(root + "/brief/e", null, OPEN, CreateMode.EPHEMERAL);
        return told;
    }

    /** Enough writes for several log files at the driver's snapCount. */
    private static void many(ZooKeeper zk, String at) throws Exception {
        int count = 600;
        zk.create(at, null, OPEN, CreateMode.PERSISTENT);
        CountDownLatch all = new CountDownLatch(2 * count);
        for (int i = 0; i < count; i++) {
            String n = at + "/n" + i;
            zk.create(n, bytes("data " + i), OPEN, CreateMode.PERSISTENT, (rc, p, c, name) -> all.countDown(), null);
            if (i % 4 == 3) {
                zk.delete(n, 0, (rc, p, c) -> all.countDown(), null);
            } else {
                zk.setData(n, bytes("changed " + i), 0, (rc, p, c, stat) -> all.countDown(), null);
            }
        }
        Checks.isTrue("all writes came back", all.await(60, TimeUnit.SECONDS));
        Checks.same("children", count * 3 / 4, zk.getChildren(at, false).size());
    }
}
