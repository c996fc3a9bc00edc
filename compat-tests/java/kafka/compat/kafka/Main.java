// A Kafka client that the driver leads by its standard input: one command a line, one answer a line.
//
//   create TOPIC PARTITIONS REPLICAS | grow TOPIC PARTITIONS | config TOPIC KEY VALUE | drop TOPIC | topics
//   produce TOPIC COUNT | load TOPIC | progress | rest | consume TOPIC | insync TOPIC REPLICAS
//   group TOPIC NAME | controller | brokers | cluster
//
// The answer is "ok TEXT" or "failed REASON". Every write counts as acknowledged only when all replicas in sync
// have it; `consume` proves that every acknowledged write of this process is in the topic.
package compat.kafka;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.zookeeper.ZooKeeper;

public final class Main {
    private static final int LIMIT_SECONDS = 60;

    private final Admin admin;
    private final Traffic traffic;
    private final ZooKeeper zk;

    private Main(String bootstrap, String zookeeper) throws Exception {
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap, "request.timeout.ms", "15000",
            "default.api.timeout.ms", "60000"));
        traffic = new Traffic(bootstrap);
        zk = new ZooKeeper(zookeeper, 30_000, event -> { });
    }

    public static void main(String[] args) throws Exception {
        Main client = new Main(args[0], args[1]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                answer = "ok " + client.obey(line.trim().split(" "));
            } catch (Exception failed) {
                answer = ("failed " + failed).replace('\n', ' ');
            }
            System.out.println(answer);
            System.out.flush();
        }
        Runtime.getRuntime().halt(0);
    }

    private String obey(String[] words) throws Exception {
        String topic = words.length > 1 ? words[1] : "";
        switch (words[0]) {
            case "create":
                return told(admin.createTopics(List.of(new NewTopic(topic, Integer.parseInt(words[2]),
                    Short.parseShort(words[3])))).all());
            case "grow":
                return told(admin.createPartitions(Map.of(topic,
                    NewPartitions.increaseTo(Integer.parseInt(words[2])))).all());
            case "config":
                return told(admin.incrementalAlterConfigs(Map.of(
                    new ConfigResource(ConfigResource.Type.TOPIC, topic), List.of(new AlterConfigOp(
                        new ConfigEntry(words[2], words[3]), AlterConfigOp.OpType.SET)))).all());
            case "drop":
                return told(admin.deleteTopics(List.of(topic)).all());
            case "topics":
                return told(admin.listTopics().names());
            case "insync":
                return inSync(topic, Integer.parseInt(words[2]));
            case "cluster":
                return cluster();
            case "controller":
                return Reading.number(zk, "/kafka/controller", "brokerid");
            case "brokers":
                return String.valueOf(zk.getChildren("/kafka/brokers/ids", false).size());
            default:
                return traffic.obey(words);
        }
    }

    private static <T> String told(KafkaFuture<T> future) throws Exception {
        T value = future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        return value instanceof Set ? new java.util.TreeSet<Object>((Set<?>) value).toString() : "";
    }

    /** What the brokers themselves hold: how many are alive, and who leads them. */
    private String cluster() throws Exception {
        DescribeClusterResult told = admin.describeCluster();
        return told.nodes().get(LIMIT_SECONDS, TimeUnit.SECONDS).size() + " "
            + told.controller().get(LIMIT_SECONDS, TimeUnit.SECONDS).idString();
    }

    /** Answers "yes" when every partition has this many replicas in sync. */
    private String inSync(String topic, int replicas) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get(LIMIT_SECONDS, TimeUnit.SECONDS).get(topic)
            .partitions().stream().allMatch(partition -> partition.isr().size() == replicas) ? "yes" : "no";
    }
}
