// Kinds of nodes: ephemeral, sequential, container, with a time to live.
package compat.client;

import static compat.Checks.eventually;
import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.OPEN;
import static compat.Env.bytes;
import static compat.Env.refused;

import compat.Checks;
import compat.Env;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.data.Stat;

final class Kinds {
    private Kinds() {
    }

    static void addTo(Checks checks) {
        checks.add("kind_ttl_ends", Kinds::ttlEnds);
        checks.add("kind_ttl_is_refreshed", Kinds::ttlIsRefreshed);
        checks.add("kind_container_ends", Kinds::containerEnds);
        checks.add("kind_ephemeral", Kinds::ephemeral);
        checks.add("kind_sequential", Kinds::sequential);
        checks.add("kind_sequential_counts_creations", Kinds::sequentialCountsCreations);
        checks.add("kind_sequential_from_many_clients", Kinds::sequentialFromMany);
    }

    private static void ttlEnds(Env env) throws Exception {
        Stat stat = new Stat();
        String t = env.zk().create(env.path("t"), bytes("x"), OPEN, CreateMode.PERSISTENT_WITH_TTL, stat, 1500);
        same("owner", 0L, stat.getEphemeralOwner());
        String s = env.zk().create(env.path("s-"), null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, stat, 1500);
        same("sequential", env.path("s-0000000001"), s);
        String parent = env.zk().create(env.path("p"), null, OPEN, CreateMode.PERSISTENT_WITH_TTL, stat, 1500);
        String kid = env.zk().create(parent + "/kid", null, OPEN, CreateMode.PERSISTENT);
        isTrue("there at first", env.zk().exists(t, false) != null);
        eventually("t goes", 20, () -> env.zk().exists(t, false) == null);
        eventually("s goes", 20, () -> env.zk().exists(s, false) == null);
        isTrue("a parent with a child stays", env.zk().exists(parent, false) != null);
        env.zk().delete(kid, -1);
        eventually("the emptied parent goes", 20, () -> env.zk().exists(parent, false) == null);
    }

    private static void ttlIsRefreshed(Env env) throws Exception {
        Stat stat = new Stat();
        String kept = env.zk().create(env.path("kept"), null, OPEN, CreateMode.PERSISTENT_WITH_TTL, stat, 3000);
        String gone = env.zk().create(env.path("gone"), null, OPEN, CreateMode.PERSISTENT_WITH_TTL, stat, 3000);
        // The kept one is set again and again until its twin, made after it, has gone.
        eventually("the untouched twin goes", 20, () -> {
            env.zk().setData(kept, bytes("again"), -1);
            return env.zk().exists(gone, false) == null;
        });
        isTrue("the refreshed one stays", env.zk().exists(kept, false) != null);
    }

    private static void containerEnds(Env env) throws Exception {
        String used = env.zk().create(env.path("used"), bytes("x"), OPEN, CreateMode.CONTAINER);
        String fresh = env.zk().create(env.path("fresh"), null, OPEN, CreateMode.CONTAINER);
        String full = env.zk().create(env.path("full"), null, OPEN, CreateMode.CONTAINER);
        env.zk().create(full + "/kid", null, OPEN, CreateMode.PERSISTENT);
        env.zk().create(used + "/kid", null, OPEN, CreateMode.PERSISTENT);
        env.zk().delete(used + "/kid", -1);
        eventually("the emptied container goes", 20, () -> env.zk().exists(used, false) == null);
        isTrue("one that never had a child stays", env.zk().exists(fresh, false) != null);
        isTrue("one with a child stays", env.zk().exists(full, false) != null);
    }

    private static void ephemeral(Env env) throws Exception {
        Stat stat = new Stat();
        String e = env.zk().create(env.path("e"), bytes("x"), OPEN, CreateMode.EPHEMERAL, stat);
        same("owner", env.zk().getSessionId(), stat.getEphemeralOwner());
        Env.Client other = env.another();
        refused(Code.NODEEXISTS, () -> other.zk.create(e, null, OPEN, CreateMode.EPHEMERAL));
        refused(Code.NOCHILDRENFOREPHEMERALS, () -> other.zk.create(e + "/k", null, OPEN, CreateMode.PERSISTENT));
        other.zk.setData(e, bytes("by another"), 0);
        other.zk.delete(e, 1);
        same("anybody may delete it", null, env.zk().exists(e, false));
    }

    private static void sequential(Env env) throws Exception {
        for (int i = 0; i < 12; i++) {
            CreateMode mode = i % 2 == 0 ? CreateMode.PERSISTENT_SEQUENTIAL : CreateMode.EPHEMERAL_SEQUENTIAL;
            same("name", String.format("%s%010d", env.path("s-"), i),
                env.zk().create(env.path("s-"), null, OPEN, mode));
        }
        same("a name of digits alone", env.root + "/0000000012",
            env.zk().create(env.root + "/", null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL));
    }

    private static void sequentialCountsCreations(Env env) throws Exception {
        env.node("plain", null);
        same("counts a plain one", env.path("s0000000001"),
            env.zk().create(env.path("s"), null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL));
        env.zk().delete(env.path("s0000000001"), -1);
        env.zk().delete(env.path("plain"), -1);
        same("deletions give nothing back", env.path("s0000000002"),
            env.zk().create(env.path("s"), null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL));
    }

    private static void sequentialFromMany(Env env) throws Exception {
        List<Env.Client> clients = List.of(env.another(), env.another(), env.another());
        Set<String> names = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(300);
        for (int i = 0; i < 300; i++) {
            clients.get(i % 3).zk.create(env.path("s-"), null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL,
                (rc, p, c, name) -> {
                    names.add(String.valueOf(name));
                    all.countDown();
                }, null);
        }
        isTrue("all came", all.await(30, TimeUnit.SECONDS));
        same("no number twice", 300, names.size());
        isTrue("no gap", names.contains(env.path("s-0000000299")));
    }
}
