// After the exchange: sessions are alive and own what they owned, and timed nodes still know their kind.
package compat.crossdisk;

import static compat.Checks.eventually;
import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.OPEN;

import compat.Env;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;

final class Verify {
    private static final int LONG = 120_000;

    private Verify() {
    }

    static void sessions(String address, String root, String file) throws Exception {
        ZooKeeper zk = Main.connect(address, LONG).zk;
        for (String line : Files.readAllLines(Path.of(file))) {
            String[] words = line.split(" ");
            long id = Long.parseUnsignedLong(words[0], 16);
            byte[] password = Base64.getDecoder().decode(words[1]);
            byte[] wrong = password.clone();
            wrong[7] ^= 1;
            Env.attach(address, LONG, id, wrong).events.state(KeeperState.Expired);
            Env.Client owner = Env.attach(address, LONG, id, password).connected();
            same("session id", id, owner.zk.getSessionId());
            same("its ephemerals", new TreeSet<>(List.of(words).subList(2, words.length)),
                new TreeSet<>(owner.zk.getEphemerals()));
        }
        same("a closed session's ephemeral", null, zk.exists(root + "/of-a-closed-session", false));
        eventually("a brief session ends and its ephemeral with it", 30,
            () -> zk.exists(root + "/brief/e", false) == null);
        kinds(zk, root + "/timed");
        same("the sequence goes on", root + "/seq/n-0000000020",
            zk.create(root + "/seq/n-", null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL));
        zk.close();
    }

    private static void kinds(ZooKeeper zk, String at) throws Exception {
        for (String kind : List.of("ttl", "container")) {
            isTrue(kind + " is there", zk.exists(at + "/" + kind, false) != null);
            zk.delete(at + "/" + kind + "/kid", -1);
        }
        for (String kind : List.of("ttl", "container")) {
            eventually(kind + " ends", 30, () -> zk.exists(at + "/" + kind, false) == null);
        }
        isTrue("a long TTL stays", zk.exists(at + "/long0000000002", false) != null);
    }

    static void finish(String address, String file) throws Exception {
        ZooKeeper zk = Main.connect(address, LONG).zk;
        for (String line : Files.readAllLines(Path.of(file))) {
            String[] words = line.split(" ");
            Env.Client owner = Env.attach(address, LONG, Long.parseUnsignedLong(words[0], 16),
                Base64.getDecoder().decode(words[1])).connected();
            owner.close();
            for (String path : List.of(words).subList(2, words.length)) {
                same("ephemeral of a closed session " + path, null, zk.exists(path, false));
            }
        }
        zk.close();
    }
}
