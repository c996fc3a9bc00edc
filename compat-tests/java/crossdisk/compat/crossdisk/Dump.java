// Writes the whole tree as text, one node a line: path, data, ACL, every field of its Stat.
package compat.crossdisk;

import compat.Env;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

final class Dump {
    private Dump() {
    }

    static void run(String address, String file) throws Exception {
        ZooKeeper zk = Main.connect(address, Env.TIMEOUT).zk;
        List<String> lines = new ArrayList<>();
        walk(zk, "/", lines);
        Files.write(Path.of(file), lines);
        zk.close();
    }

    /** Nodes that change by themselves are left out: a brief session's, and what the load writes. */
    private static boolean moving(String path) {
        return path.endsWith("/brief") || path.endsWith("/load");
    }

    private static void walk(ZooKeeper zk, String path, List<String> lines) throws Exception {
        if (moving(path)) {
            return;
        }
        Stat stat = new Stat();
        byte[] data = zk.getData(path, false, stat);
        lines.add(path + "\tdata=" + (data == null ? "null" : Base64.getEncoder().encodeToString(data))
            + "\tacl=" + acl(zk, path) + "\t" + text(stat));
        for (String child : new TreeSet<>(zk.getChildren(path, false))) {
            walk(zk, (path.equals("/") ? "" : path) + "/" + child, lines);
        }
    }

    private static String acl(ZooKeeper zk, String path) throws KeeperException, InterruptedException {
        StringBuilder text = new StringBuilder();
        for (ACL acl : zk.getACL(path, null)) {
            text.append(acl.getId().getScheme()).append(':').append(acl.getId().getId()).append(':')
                .append(acl.getPerms()).append(' ');
        }
        return text.toString().trim();
    }

    private static String text(Stat s) {
        return String.format("czxid=%x mzxid=%x pzxid=%x ctime=%d mtime=%d version=%d cversion=%d aversion=%d "
            + "owner=%x length=%d children=%d", s.getCzxid(), s.getMzxid(), s.getPzxid(), s.getCtime(), s.getMtime(),
            s.getVersion(), s.getCversion(), s.getAversion(), s.getEphemeralOwner(), s.getDataLength(),
            s.getNumChildren());
    }
}
