// Reads one number from a node that holds flat JSON, as Kafka writes it.
package compat.kafka;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;

final class Reading {
    private Reading() {
    }

    /** The number of `field`, or "none" when the node or the field is not there. */
    static String number(ZooKeeper zk, String path, String field) throws KeeperException, InterruptedException {
        try {
            String json = new String(zk.getData(path, false, null), StandardCharsets.UTF_8);
            Matcher found = Pattern.compile("\"" + field + "\":(-?\\d+)").matcher(json);
            return found.find() ? found.group(1) : "none";
        } catch (KeeperException.NoNodeException gone) {
            return "none";
        }
    }
}
