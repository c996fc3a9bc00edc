// Nodes that Curator keeps alive: PersistentNode, PersistentTtlNode, group membership.
package compat.curator;

import static compat.Checks.eventually;
import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.bytes;
import static compat.Env.text;

import compat.Checks;
import compat.Env;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.zookeeper.CreateMode;

final class Nodes {
    private Nodes() {
    }

    static void addTo(Checks checks) {
        checks.add("persistent_ttl_node", Nodes::persistentTtlNode);
        checks.add("persistent_node", Nodes::persistentNode);
        checks.add("persistent_node_dead_session", Nodes::deadSession);
        checks.add("group_member", Nodes::groupMember);
    }

    private static void persistentNode(Env env) throws Exception {
        PersistentNode node = env.keep(new PersistentNode(Clients.one(env), CreateMode.EPHEMERAL, false,
            env.path("n"), bytes("x")));
        node.start();
        isTrue("made", node.waitForInitialCreate(20, TimeUnit.SECONDS));
        env.zk().delete(env.path("n"), -1);
        eventually("made again", 20, () -> env.zk().exists(env.path("n"), false) != null);
        node.setData(bytes("y"));
        eventually("set", 20, () -> "y".equals(text(env.zk().getData(env.path("n"), false, null))));
        node.close();
        eventually("gone with it", 20, () -> env.zk().exists(env.path("n"), false) == null);
    }

    private static void deadSession(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        PersistentNode node = env.keep(new PersistentNode(client, CreateMode.EPHEMERAL, false, env.path("n"),
            bytes("x")));
        node.start();
        isTrue("made", node.waitForInitialCreate(20, TimeUnit.SECONDS));
        long owner = env.zk().exists(env.path("n"), false).getEphemeralOwner();
        Clients.killSession(env, client);
        eventually("made again by the next session", 20, () -> {
            org.apache.zookeeper.data.Stat stat = env.zk().exists(env.path("n"), false);
            return stat != null && stat.getEphemeralOwner() != owner;
        });
    }

    private static void persistentTtlNode(Env env) throws Exception {
        PersistentTtlNode node = new PersistentTtlNode(Clients.one(env), env.path("n"), 2000, bytes("x"));
        node.start();
        isTrue("made", node.waitForInitialCreate(20, TimeUnit.SECONDS));
        eventually("it is touched", 20, () -> env.zk().exists(env.path("n") + "/touch", false) != null);
        String twin = env.zk().create(env.path("twin"), null, Env.OPEN, CreateMode.PERSISTENT_WITH_TTL,
            new org.apache.zookeeper.data.Stat(), 2000);
        eventually("an untouched twin goes", 20, () -> env.zk().exists(twin, false) == null);
        isTrue("the kept one stays", env.zk().exists(env.path("n"), false) != null);
        node.close();
        eventually("and goes when nobody touches it", 20, () -> env.zk().exists(env.path("n"), false) == null);
    }

    private static void groupMember(Env env) throws Exception {
        GroupMember one = env.keep(new GroupMember(Clients.one(env), env.path("g"), "one", bytes("1")));
        GroupMember two = new GroupMember(Clients.one(env), env.path("g"), "two");
        one.start();
        two.start();
        eventually("both", 20, () -> one.getCurrentMembers().keySet().equals(Set.of("one", "two")));
        same("data", "1", text(two.getCurrentMembers().getOrDefault("one", bytes("1"))));
        two.close();
        eventually("one is left", 20, () -> one.getCurrentMembers().keySet().equals(Set.of("one")));
    }
}
