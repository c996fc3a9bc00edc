// Clients that live through the end and the return of their server. Each round prints "ready", waits for a line
// on standard input (the driver has ended and started the server by then), and prints its result lines.
package compat.restart;

import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.OPEN;
import static compat.Env.bytes;
import static compat.Env.text;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeChildrenChanged;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeCreated;
import static org.apache.zookeeper.Watcher.Event.EventType.NodeDataChanged;

import compat.Env;
import compat.Events;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

public final class Main {
    private static final String[] ROUNDS = {"after_kill", "after_orderly_stop"};

    private final Env.Client watcher;
    private final Env.Client writer;
    private final String root;
    private final Events recursive = new Events();
    private long highest;

    private Main(String address, String root) throws Exception {
        this.root = root;
        watcher = Env.standalone(address, Env.TIMEOUT);
        writer = Env.standalone(address, Env.TIMEOUT);
        writer.zk.create(root, null, OPEN, CreateMode.PERSISTENT);
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        System.out.println("plan " + ROUNDS.length);
        for (String round : ROUNDS) {
            String reason = null;
            try {
                new Main(args[0], "/restart-" + round).round(in);
            } catch (Throwable failed) {
                reason = failed.toString().replace('\n', ' ');
                failed.printStackTrace();
            }
            System.out.println(reason == null ? "ok " + round : "FAILED " + round + ": " + reason);
            System.out.flush();
        }
        Runtime.getRuntime().halt(0);
    }

    private void round(BufferedReader in) throws Exception {
        before();
        System.out.println("ready");
        System.out.flush();
        in.readLine();
        watcher.events.state(KeeperState.Disconnected);
        watcher.connected();
        writer.connected();
        after();
        watcher.close();
        writer.close();
    }

    private void before() throws Exception {
        ZooKeeper zk = watcher.zk;
        for (String name : new String[] {"data", "parent", "tree"}) {
            writer.zk.create(root + "/" + name, bytes("before"), OPEN, CreateMode.PERSISTENT);
        }
        for (int i = 0; i < 300; i++) {
            writer.zk.create(root + "/tree/n-", bytes("" + i), OPEN, CreateMode.PERSISTENT_SEQUENTIAL);
        }
        zk.create(root + "/ephemeral", null, OPEN, CreateMode.EPHEMERAL);
        zk.getData(root + "/data", true, null);
        zk.getChildren(root + "/parent", true);
        zk.exists(root + "/later", true);
        zk.addWatch(root + "/tree", recursive, AddWatchMode.PERSISTENT_RECURSIVE);
        highest = writer.zk.setData(root, null, -1).getMzxid();
    }

    private void after() throws Exception {
        Stat ephemeral = writer.zk.exists(root + "/ephemeral", false);
        isTrue("the ephemeral is there", ephemeral != null);
        same("and owned by the same session", watcher.zk.getSessionId(), ephemeral.getEphemeralOwner());
        same("every acknowledged write is there", 300, writer.zk.getChildren(root + "/tree", false).size());
        same("data", "before", text(writer.zk.getData(root + "/data", false, null)));
        watcher.events.quiet(watcher.zk);
        Stat set = writer.zk.setData(root + "/data", bytes("after"), 0);
        isTrue("zxids go on", set.getMzxid() > highest);
        watcher.events.next(NodeDataChanged, root + "/data");
        writer.zk.create(root + "/parent/kid", null, OPEN, CreateMode.PERSISTENT);
        watcher.events.next(NodeChildrenChanged, root + "/parent");
        writer.zk.create(root + "/later", null, OPEN, CreateMode.PERSISTENT);
        watcher.events.next(NodeCreated, root + "/later");
        same("numbers go on", root + "/tree/n-0000000300",
            writer.zk.create(root + "/tree/n-", null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL));
        recursive.next(NodeCreated, root + "/tree/n-0000000300");
        recursive.quiet(watcher.zk);
    }
}
