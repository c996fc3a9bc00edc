// Queues.
package compat.curator;

import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.bytes;
import static compat.Env.text;

import compat.Checks;
import compat.Env;
import java.util.TreeSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedDelayQueue;
import org.apache.curator.framework.recipes.queue.DistributedIdQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;

@SuppressWarnings("deprecation") // queues are discouraged by Curator and used nevertheless
final class Queues {
    private static final QueueSerializer<String> TEXT = new QueueSerializer<>() {
        @Override
        public byte[] serialize(String item) {
            return bytes(item);
        }

        @Override
        public String deserialize(byte[] data) {
            return text(data);
        }
    };

    private Queues() {
    }

    static void addTo(Checks checks) {
        checks.add("queue", Queues::queue);
        checks.add("queue_with_lock", Queues::queueWithLock);
        checks.add("id_queue", Queues::idQueue);
        checks.add("priority_queue", Queues::priorityQueue);
        checks.add("delay_queue", Queues::delayQueue);
        checks.add("simple_queue", Queues::simpleQueue);
    }

    /** A consumer that keeps what it was given. */
    private static final class Basket implements QueueConsumer<String> {
        final LinkedBlockingQueue<String> got = new LinkedBlockingQueue<>();

        @Override
        public void consumeMessage(String message) {
            got.add(message);
        }

        @Override
        public void stateChanged(CuratorFramework client, ConnectionState state) {
            // Only what arrives is of interest.
        }

        String next() throws InterruptedException {
            return got.poll(20, TimeUnit.SECONDS);
        }
    }

    private static void queue(Env env) throws Exception {
        Basket basket = new Basket();
        DistributedQueue<String> in = env.keep(QueueBuilder.builder(Clients.one(env), basket, TEXT, env.path("q"))
            .buildQueue());
        DistributedQueue<String> out = env.keep(QueueBuilder.builder(Clients.one(env), null, TEXT, env.path("q"))
            .buildQueue());
        out.start();
        for (String item : new String[] {"a", "b", "c"}) {
            out.put(item);
        }
        in.start();
        same("in order", "a b c", basket.next() + " " + basket.next() + " " + basket.next());
    }

    private static void queueWithLock(Env env) throws Exception {
        Basket basket = new Basket();
        for (int i = 0; i < 2; i++) {
            env.keep(start(QueueBuilder.builder(Clients.one(env), basket, TEXT, env.path("q"))
                .lockPath(env.path("locks")).buildQueue()));
        }
        DistributedQueue<String> out = env.keep(start(QueueBuilder.builder(Clients.one(env), null, TEXT, env.path("q"))
            .lockPath(env.path("locks")).buildQueue()));
        for (int i = 0; i < 20; i++) {
            out.put("item" + i);
        }
        TreeSet<String> got = new TreeSet<>();
        for (int i = 0; i < 20; i++) {
            got.add(String.valueOf(basket.next()));
        }
        same("each once", 20, got.size());
    }

    private static DistributedQueue<String> start(DistributedQueue<String> queue) throws Exception {
        queue.start();
        return queue;
    }

    private static void idQueue(Env env) throws Exception {
        Basket basket = new Basket();
        DistributedIdQueue<String> out = env.keep(QueueBuilder.builder(Clients.one(env), null, TEXT, env.path("q"))
            .buildIdQueue());
        out.start();
        out.put("a", "one");
        out.put("b", "two");
        same("removed by its id", 1, out.remove("one"));
        DistributedIdQueue<String> in = env.keep(QueueBuilder.builder(Clients.one(env), basket, TEXT, env.path("q"))
            .buildIdQueue());
        in.start();
        same("what is left", "b", basket.next());
    }

    private static void priorityQueue(Env env) throws Exception {
        Basket basket = new Basket();
        CuratorFramework client = Clients.one(env);
        DistributedPriorityQueue<String> out = env.keep(QueueBuilder.builder(client, null, TEXT, env.path("q"))
            .buildPriorityQueue(0));
        out.start();
        out.put("late", 9);
        out.put("first", 1);
        isTrue("both are there", out.flushPuts(20, TimeUnit.SECONDS));
        DistributedPriorityQueue<String> in = env.keep(QueueBuilder.builder(client, basket, TEXT, env.path("q"))
            .buildPriorityQueue(0));
        in.start();
        same("by priority", "first late", basket.next() + " " + basket.next());
    }

    private static void delayQueue(Env env) throws Exception {
        Basket basket = new Basket();
        DistributedDelayQueue<String> q = env.keep(QueueBuilder.builder(Clients.one(env), basket, TEXT, env.path("q"))
            .buildDelayQueue());
        q.start();
        long now = System.currentTimeMillis();
        q.put("later", now + 1000);
        q.put("now", now);
        same("first", "now", basket.next());
        same("then", "later", basket.next());
        isTrue("not before its time", System.currentTimeMillis() >= now + 1000);
    }

    private static void simpleQueue(Env env) throws Exception {
        SimpleDistributedQueue one = new SimpleDistributedQueue(Clients.one(env), env.path("q"));
        SimpleDistributedQueue two = new SimpleDistributedQueue(Clients.one(env), env.path("q"));
        one.offer(bytes("a"));
        one.offer(bytes("b"));
        same("peek", "a", text(two.peek()));
        same("take", "a", text(two.take()));
        same("poll", "b", text(two.poll(20, TimeUnit.SECONDS)));
        same("empty", null, two.poll());
    }
}
