// Writes numbered messages, remembers which were acknowledged, and finds them again.
package compat.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

final class Traffic {
    private static final int LIMIT_SECONDS = 60;
    private static final int DEPTH = 100;

    private final String bootstrap;
    private final KafkaProducer<String, String> producer;
    private final Map<String, Set<String>> acknowledged = new ConcurrentHashMap<>();
    private int next;
    private Thread loader;
    private volatile boolean loading;
    private volatile String lastFailure = "none";

    Traffic(String bootstrap) {
        this.bootstrap = bootstrap;
        // One request in flight: with more, a broker that becomes a partition's leader between two batches takes
        // the second and refuses the first for ever (OUT_OF_ORDER_SEQUENCE_NUMBER), whatever ZooKeeper does.
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "acks", "all", "linger.ms", "5",
            "max.in.flight.requests.per.connection", "1", "max.block.ms", "60000", "delivery.timeout.ms", "60000", "request.timeout.ms", "10000"),
            new StringSerializer(), new StringSerializer());
    }

    String obey(String[] words) throws Exception {
        switch (words[0]) {
            case "produce":
                return produce(words[1], Integer.parseInt(words[2]));
            case "load":
                return load(words[1]);
            case "progress":
                return String.valueOf(acknowledged.values().stream().mapToInt(Set::size).sum());
            case "rest":
                return rest();
            case "consume":
                return consume(words[1]);
            case "group":
                return group(words[1], words[2]);
            default:
                throw new IllegalArgumentException("no command " + words[0]);
        }
    }

    private void send(String topic, Semaphore room) throws InterruptedException {
        Set<String> mine = acknowledged.computeIfAbsent(topic, name -> ConcurrentHashMap.newKeySet());
        String value = "message-" + next++;
        room.acquire();
        producer.send(new ProducerRecord<>(topic, value, value), (meta, failed) -> {
            if (failed == null) {
                mine.add(value);
            } else {
                lastFailure = failed.toString();
            }
            room.release();
        });
    }

    private String produce(String topic, int count) throws Exception {
        Semaphore room = new Semaphore(DEPTH);
        for (int i = 0; i < count; i++) {
            send(topic, room);
        }
        if (!room.tryAcquire(DEPTH, LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("writes are still on their way; last failure: " + lastFailure);
        }
        return String.valueOf(acknowledged.get(topic).size());
    }

    private String load(String topic) {
        loading = true;
        loader = new Thread(() -> {
            Semaphore room = new Semaphore(DEPTH);
            try {
                while (loading) {
                    send(topic, room);
                    Thread.sleep(1);
                }
                room.tryAcquire(DEPTH, LIMIT_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
        loader.start();
        return "";
    }

    private String rest() throws InterruptedException {
        loading = false;
        loader.join(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));
        return "last failure: " + lastFailure;
    }

    private KafkaConsumer<String, String> consumer(Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(more);
        settings.put("bootstrap.servers", bootstrap);
        settings.put("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    /** Reads the topic from its beginning to its present end; every acknowledged message has to be there. */
    private String consume(String topic) {
        try (KafkaConsumer<String, String> consumer = consumer(Map.of("enable.auto.commit", "false"))) {
            List<TopicPartition> all = consumer.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition())).toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            Set<String> missing = new HashSet<>(acknowledged.getOrDefault(topic, Set.of()));
            int wanted = missing.size();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (all.stream().anyMatch(part -> consumer.position(part) < ends.get(part))) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("not read to the end in time");
                }
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(500))) {
                    missing.remove(record.value());
                }
            }
            if (!missing.isEmpty()) {
                throw new IllegalStateException(missing.size() + " of " + wanted + " acknowledged messages are gone");
            }
            return String.valueOf(wanted);
        }
    }

    /** Reads as a consumer group and commits; answers how many messages were new to the group. */
    private String group(String topic, String name) {
        try (KafkaConsumer<String, String> consumer = consumer(Map.of("group.id", name, "enable.auto.commit", "false"))) {
            consumer.subscribe(List.of(topic));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            int seen = 0;
            while (System.nanoTime() < deadline && (consumer.assignment().isEmpty() || behind(consumer))) {
                seen += consumer.poll(Duration.ofMillis(500)).count();
            }
            consumer.commitSync();
            return String.valueOf(seen);
        }
    }

    private static boolean behind(KafkaConsumer<String, String> consumer) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
        return ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue());
    }
}
