// What a case works with: its own root node, and clients that are closed when it ends. No check lives here.
package compat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;

public final class Env implements AutoCloseable {
    public static final List<ACL> OPEN = ZooDefs.Ids.OPEN_ACL_UNSAFE;
    /** Long enough that no pause of a busy machine expires it. */
    public static final int TIMEOUT = 30_000;

    public final String address;
    public final String root;
    public final String line;
    private final ConcurrentLinkedDeque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();
    private Client main;

    Env(String address, String root, String line) {
        this.address = address;
        this.root = root;
        this.line = line;
    }

    void begin() throws Exception {
        zk().create(root, null, OPEN, CreateMode.PERSISTENT);
    }

    public boolean is38() {
        return line.equals("3.8");
    }

    /** The case's main client. */
    public Client client() throws Exception {
        if (main == null) {
            main = open(address, TIMEOUT);
        }
        return main;
    }

    public ZooKeeper zk() throws Exception {
        return client().zk;
    }

    /** Another connected client. */
    public Client another() throws Exception {
        return open(address, TIMEOUT);
    }

    public Client open(String where, int timeout) throws Exception {
        Client made = new Client(where, timeout);
        opened.push(made);
        made.connected();
        return made;
    }

    /** A client that takes an existing session over; it may be told that the session is gone. */
    public Client reattach(String where, int timeout, long id, byte[] password) throws IOException {
        Client made = new Client(where, timeout, id, password);
        opened.push(made);
        return made;
    }

    /** A connected client outside any case; nobody closes it. */
    public static Client standalone(String where, int timeout) throws Exception {
        return new Client(where, timeout).connected();
    }

    /** As standalone, on an existing session; it may be told that the session is gone. */
    public static Client attach(String where, int timeout, long id, byte[] password) throws IOException {
        return new Client(where, timeout, id, password);
    }

    public <T extends AutoCloseable> T keep(T thing) {
        opened.push(thing);
        return thing;
    }

    public String path(String name) {
        return root + "/" + name;
    }

    /** Makes a persistent node below the case's root. */
    public String node(String name, String data) throws Exception {
        return zk().create(path(name), bytes(data), OPEN, CreateMode.PERSISTENT);
    }

    public static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    public static String text(byte[] data) {
        return data == null ? null : new String(data, java.nio.charset.StandardCharsets.UTF_8);
    }

    /** An operation that has to be refused. */
    public interface Refused {
        void run() throws Exception;
    }

    public static void refused(KeeperException.Code code, Refused body) throws Exception {
        try {
            body.run();
        } catch (KeeperException told) {
            Checks.same("error code", code, told.code());
            return;
        }
        throw new AssertionError("wanted " + code + ", and it was done");
    }

    @Override
    public void close() {
        for (AutoCloseable thing : opened) {
            try {
                thing.close();
            } catch (Exception ignored) {
                // A case may have killed its own session; closing it again is no failure.
            }
        }
    }

    /** One ZooKeeper handle and the session events that it saw. */
    public static final class Client implements AutoCloseable {
        public final ZooKeeper zk;
        public final Events events = new Events();

        Client(String where, int timeout) throws IOException {
            zk = new ZooKeeper(where, timeout, events);
        }

        Client(String where, int timeout, long id, byte[] password) throws IOException {
            zk = new ZooKeeper(where, timeout, events, id, password);
        }

        public Client connected() throws Exception {
            events.state(KeeperState.SyncConnected);
            return this;
        }

        @Override
        public void close() throws InterruptedException {
            zk.close((int) TimeUnit.SECONDS.toMillis(5));
        }
    }
}
