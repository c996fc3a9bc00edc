// multi, multiRead and transactions: all or nothing, result layouts, one zxid.
package compat.client;

import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.OPEN;
import static compat.Env.bytes;
import static compat.Env.text;

import compat.Checks;
import compat.Env;
import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

final class Multis {
    private Multis() {
    }

    static void addTo(Checks checks) {
        checks.add("multi_every_kind", Multis::everyKind);
        checks.add("multi_sees_its_own_changes", Multis::seesItsOwnChanges);
        checks.add("multi_failure_changes_nothing", Multis::failureChangesNothing);
        checks.add("multi_failed_sequence_numbers", Multis::failedSequenceNumbers);
        checks.add("multi_one_zxid", Multis::oneZxid);
        checks.add("multi_sequential_and_ephemeral", Multis::sequentialAndEphemeral);
        checks.add("multi_container_and_ttl", Multis::containerAndTtl);
        checks.add("multi_read", Multis::multiRead);
        checks.add("transaction", Multis::transaction);
    }

    private static void everyKind(Env env) throws Exception {
        String kept = env.node("kept", "x");
        String gone = env.node("gone", "x");
        List<OpResult> results = env.zk().multi(List.of(
            Op.check(kept, 0), Op.create(env.path("new"), bytes("n"), OPEN, CreateMode.PERSISTENT),
            Op.setData(kept, bytes("yy"), 0), Op.delete(gone, 0)));
        same("results", 4, results.size());
        isTrue("check", results.get(0) instanceof OpResult.CheckResult);
        same("create", env.path("new"), ((OpResult.CreateResult) results.get(1)).getPath());
        same("set", 1, ((OpResult.SetDataResult) results.get(2)).getStat().getVersion());
        isTrue("delete", results.get(3) instanceof OpResult.DeleteResult);
        same("kept", "yy", text(env.zk().getData(kept, false, null)));
        same("gone", null, env.zk().exists(gone, false));
    }

    private static void seesItsOwnChanges(Env env) throws Exception {
        String n = env.path("n");
        env.zk().multi(List.of(Op.create(n, null, OPEN, CreateMode.PERSISTENT), Op.setData(n, bytes("x"), 0),
            Op.create(n + "/kid", null, OPEN, CreateMode.PERSISTENT), Op.delete(n + "/kid", 0),
            Op.check(n, 1), Op.delete(n, 1)));
        same("all gone again", List.of(), env.zk().getChildren(env.root, false));
    }

    private static void failureChangesNothing(Env env) throws Exception {
        String kept = env.node("kept", "x");
        try {
            env.zk().multi(List.of(Op.setData(kept, bytes("y"), 0),
                Op.create(env.path("new"), null, OPEN, CreateMode.PERSISTENT),
                Op.delete(env.path("none"), -1), Op.check(kept, 0)));
            throw new AssertionError("it was done");
        } catch (KeeperException failed) {
            same("code", Code.NONODE, failed.code());
            List<Integer> codes = new ArrayList<>();
            for (OpResult result : failed.getResults()) {
                codes.add(((OpResult.ErrorResult) result).getErr());
            }
            same("results", List.of(0, 0, -101, -2), codes);
        }
        same("data", "x", text(env.zk().getData(kept, false, null)));
        same("version", 0, env.zk().exists(kept, false).getVersion());
        same("children", List.of("kept"), env.zk().getChildren(env.root, false));
    }

    private static void failedSequenceNumbers(Env env) throws Exception {
        Op sequential = Op.create(env.path("s-"), null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL);
        try {
            env.zk().multi(List.of(sequential, Op.check(env.path("none"), 0)));
            throw new AssertionError("it was done");
        } catch (KeeperException.NoNodeException wanted) {
            same("the number was not used", env.path("s-0000000000"),
                ((OpResult.CreateResult) env.zk().multi(List.of(sequential)).get(0)).getPath());
        }
    }

    private static void oneZxid(Env env) throws Exception {
        env.zk().multi(List.of(Op.create(env.path("a"), null, OPEN, CreateMode.PERSISTENT),
            Op.create(env.path("b"), null, OPEN, CreateMode.PERSISTENT)));
        Stat a = env.zk().exists(env.path("a"), false);
        Stat b = env.zk().exists(env.path("b"), false);
        same("czxid", a.getCzxid(), b.getCzxid());
        same("ctime", a.getCtime(), b.getCtime());
        same("pzxid of the parent", a.getCzxid(), env.zk().exists(env.root, false).getPzxid());
    }

    private static void sequentialAndEphemeral(Env env) throws Exception {
        List<OpResult> results = env.zk().multi(List.of(
            Op.create(env.path("s-"), null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL),
            Op.create(env.path("s-"), null, OPEN, CreateMode.EPHEMERAL_SEQUENTIAL),
            Op.create(env.path("e"), null, OPEN, CreateMode.EPHEMERAL)));
        same("first", env.path("s-0000000000"), ((OpResult.CreateResult) results.get(0)).getPath());
        same("second", env.path("s-0000000001"), ((OpResult.CreateResult) results.get(1)).getPath());
        same("owner", env.zk().getSessionId(), env.zk().exists(env.path("e"), false).getEphemeralOwner());
    }

    private static void containerAndTtl(Env env) throws Exception {
        env.zk().multi(List.of(Op.create(env.path("c"), bytes("1"), OPEN, CreateMode.CONTAINER),
            Op.create(env.path("t"), bytes("22"), OPEN, CreateMode.PERSISTENT_WITH_TTL, 600_000)));
        same("container", 1, env.zk().exists(env.path("c"), false).getDataLength());
        same("owner of a TTL node", 0L, env.zk().exists(env.path("t"), false).getEphemeralOwner());
    }

    private static void multiRead(Env env) throws Exception {
        String n = env.node("n", "data");
        List<OpResult> results = env.zk().multi(List.of(
            Op.getData(n), Op.getData(env.path("none")), Op.getChildren(env.root)));
        same("data", "data", text(((OpResult.GetDataResult) results.get(0)).getData()));
        same("error beside it", -101, ((OpResult.ErrorResult) results.get(1)).getErr());
        same("children", List.of("n"), ((OpResult.GetChildrenResult) results.get(2)).getChildren());
    }

    private static void transaction(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        List<OpResult> results = zk.transaction().create(env.path("n"), bytes("x"), OPEN, CreateMode.PERSISTENT)
            .check(env.path("n"), 0).setData(env.path("n"), bytes("y"), 0).commit();
        same("results", 3, results.size());
        same("data", "y", text(zk.getData(env.path("n"), false, null)));
    }
}
