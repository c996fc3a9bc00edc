// A watcher that keeps what it saw, in order, for a case to look at.
package compat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;

public final class Events implements Watcher {
    private static final int PATIENCE_SECONDS = 20;

    private final LinkedBlockingQueue<WatchedEvent> nodes = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<Event.KeeperState> states = new LinkedBlockingQueue<>();

    @Override
    public void process(WatchedEvent event) {
        if (event.getType() == Event.EventType.None) {
            states.add(event.getState());
        } else {
            nodes.add(event);
        }
    }

    /** The next node event has to be this one. */
    public WatchedEvent next(Event.EventType type, String path) throws Exception {
        WatchedEvent got = nodes.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        String wanted = type + " " + path;
        Checks.same("event", wanted, got == null ? "nothing" : got.getType() + " " + got.getPath());
        return got;
    }

    /** The next `count` node events, each as "TYPE PATH", whatever their order. */
    public java.util.Set<String> take(int count) throws Exception {
        java.util.Set<String> got = new java.util.TreeSet<>();
        for (int i = 0; i < count; i++) {
            WatchedEvent event = nodes.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            got.add(event == null ? "nothing" : event.getType() + " " + event.getPath());
        }
        return got;
    }

    /** Waits until the session reaches this state, passing over others. */
    public void state(Event.KeeperState wanted) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            Event.KeeperState got = states.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (got == wanted) {
                return;
            }
            Checks.isTrue("session state " + wanted + " was not reached", got != null);
        }
    }

    /** No node event is waiting or on its way: whatever was sent before this call has been delivered. */
    public void quiet(ZooKeeper zk) throws Exception {
        CountDownLatch passed = new CountDownLatch(1);
        zk.sync("/", (rc, path, ctx) -> passed.countDown(), null);
        Checks.isTrue("sync came back", passed.await(PATIENCE_SECONDS, TimeUnit.SECONDS));
        Checks.same("events that should not be", null, nodes.peek());
    }
}
