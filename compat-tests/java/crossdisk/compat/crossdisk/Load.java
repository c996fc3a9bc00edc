// Writes until the server dies, and later proves that nothing acknowledged is missing.
package compat.crossdisk;

import static compat.Env.OPEN;
import static compat.Env.bytes;

import compat.Checks;
import compat.Env;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooKeeper;

final class Load {
    private static final int DEPTH = 50;
    /** More than the server can have done by the time that the driver kills it. */
    private static final int MOST = 2_000_000;

    private Load() {
    }

    static void run(String address, String root, String file) throws Exception {
        ZooKeeper zk = Env.standalone(address, Env.TIMEOUT).zk;
        AtomicInteger acknowledged = new AtomicInteger();
        AtomicBoolean lost = new AtomicBoolean();
        Semaphore room = new Semaphore(DEPTH);
        for (int i = 0; i < MOST && !lost.get(); i++) {
            room.acquire();
            int mine = i;
            zk.create(root + "/load/n" + i, bytes("load " + i), OPEN, CreateMode.PERSISTENT, (rc, p, c, name) -> {
                if (rc == 0 && !lost.get()) {
                    Checks.same("in order", mine, acknowledged.getAndIncrement());
                } else {
                    lost.set(true);
                }
                if (mine == 200) {
                    System.out.println("loading");
                    System.out.flush();
                }
                room.release();
            }, null);
        }
        Checks.isTrue("the server went away under load", lost.get());
        Files.writeString(Path.of(file), "" + acknowledged.get());
    }

    static void check(String address, String root, String file) throws Exception {
        int acknowledged = Integer.parseInt(Files.readString(Path.of(file)).trim());
        ZooKeeper zk = Main.connect(address, Env.TIMEOUT).zk;
        TreeSet<String> names = new TreeSet<>(zk.getChildren(root + "/load", false));
        for (int i = 0; i < acknowledged; i++) {
            Checks.isTrue("acknowledged, and gone: " + root + "/load/n" + i, names.contains("n" + i));
        }
        // What was in flight may be there, but only as an unbroken continuation.
        Checks.isTrue("acknowledged " + acknowledged + ", found " + names.size(),
            names.size() - acknowledged <= DEPTH);
        for (int i = 0; i < names.size(); i++) {
            Checks.isTrue("a gap at n" + i, names.contains("n" + i));
        }
        Checks.same("data", "load 100", Env.text(zk.getData(root + "/load/n100", false, null)));
        zk.close();
    }
}
