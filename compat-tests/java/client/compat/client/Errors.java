// The error code of each refusal, and which of two reasons wins.
package compat.client;

import static compat.Checks.same;
import static compat.Env.OPEN;
import static compat.Env.bytes;
import static compat.Env.refused;

import compat.Checks;
import compat.Env;
import java.util.Arrays;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;

final class Errors {
    private Errors() {
    }

    static void addTo(Checks checks) {
        checks.add("error_nonode", Errors::noNode);
        checks.add("error_nodeexists", Errors::nodeExists);
        checks.add("error_badversion", Errors::badVersion);
        checks.add("error_notempty", Errors::notEmpty);
        checks.add("error_ephemeral_parent", Errors::ephemeralParent);
        checks.add("error_invalid_acl", Errors::invalidAcl);
        checks.add("error_ttl", Errors::ttl);
        checks.add("error_precedence", Errors::precedence);
    }

    private static void noNode(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        String none = env.path("none");
        refused(Code.NONODE, () -> zk.getData(none, false, null));
        refused(Code.NONODE, () -> zk.setData(none, null, -1));
        refused(Code.NONODE, () -> zk.delete(none, -1));
        refused(Code.NONODE, () -> zk.getChildren(none, false));
        refused(Code.NONODE, () -> zk.getACL(none, null));
        refused(Code.NONODE, () -> zk.setACL(none, OPEN, -1));
        refused(Code.NONODE, () -> zk.create(none + "/kid", null, OPEN, CreateMode.PERSISTENT));
    }

    private static void nodeExists(Env env) throws Exception {
        for (CreateMode mode : List.of(CreateMode.PERSISTENT, CreateMode.EPHEMERAL, CreateMode.CONTAINER)) {
            refused(Code.NODEEXISTS, () -> env.zk().create(env.root, null, OPEN, mode));
        }
        refused(Code.NODEEXISTS, () -> env.zk().create("/", null, OPEN, CreateMode.PERSISTENT));
    }

    private static void badVersion(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        String path = env.node("n", "x");
        refused(Code.BADVERSION, () -> zk.setData(path, null, 1));
        refused(Code.BADVERSION, () -> zk.setACL(path, OPEN, 1));
        refused(Code.BADVERSION, () -> zk.delete(path, 1));
        zk.setData(path, null, 0);
        refused(Code.BADVERSION, () -> zk.setData(path, null, 0));
    }

    private static void notEmpty(Env env) throws Exception {
        env.node("a", null);
        env.node("a/b", null);
        refused(Code.NOTEMPTY, () -> env.zk().delete(env.path("a"), -1));
        refused(Code.BADVERSION, () -> env.zk().delete(env.path("a"), 5));
        env.zk().delete(env.path("a/b"), -1);
        env.zk().delete(env.path("a"), -1);
    }

    private static void ephemeralParent(Env env) throws Exception {
        env.zk().create(env.path("e"), null, OPEN, CreateMode.EPHEMERAL);
        refused(Code.NOCHILDRENFOREPHEMERALS,
            () -> env.zk().create(env.path("e/kid"), null, OPEN, CreateMode.PERSISTENT));
    }

    private static void invalidAcl(Env env) throws Exception {
        for (Id id : List.of(new Id("nonsense", "x"), new Id("world", "somebody"), new Id("digest", "nocolon"),
            new Id("ip", "1.2.3"), new Id("ip", "127.0.0.1/33"), new Id("auth", ""))) {
            refused(Code.INVALIDACL, () -> env.zk().create(env.path("n"), null,
                Arrays.asList(new ACL(Perms.ALL, id)), CreateMode.PERSISTENT));
        }
        refused(Code.INVALIDACL, () -> env.zk().setACL(env.root, Arrays.asList(new ACL(1, new Id("super", ""))), -1));
        same("nothing was made", null, env.zk().exists(env.path("n"), false));
    }

    private static void ttl(Env env) throws Exception {
        try {
            env.zk().create(env.path("n"), null, OPEN, CreateMode.PERSISTENT_WITH_TTL, null, 0);
            throw new AssertionError("a TTL of 0 was taken");
        } catch (IllegalArgumentException wanted) {
            same("nothing was made", null, env.zk().exists(env.path("n"), false));
        }
    }

    private static void precedence(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        List<ACL> bad = Arrays.asList(new ACL(Perms.ALL, new Id("nonsense", "x")));
        refused(Code.INVALIDACL, () -> zk.create(env.path("no/parent"), null, bad, CreateMode.PERSISTENT));
        refused(Code.INVALIDACL, () -> zk.setACL(env.path("none"), bad, 7));
        String sealed = zk.create(env.path("sealed"), null, Arrays.asList(new ACL(Perms.READ | Perms.ADMIN,
            new Id("world", "anyone"))), CreateMode.PERSISTENT);
        refused(Code.NOAUTH, () -> zk.setData(sealed, bytes("x"), 99));
        refused(Code.NOAUTH, () -> zk.delete(sealed + "/none", -1));
        refused(Code.NOAUTH, () -> zk.create(sealed + "/kid", null, OPEN, CreateMode.PERSISTENT));
    }
}
