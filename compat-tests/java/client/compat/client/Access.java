// Access control: schemes, permissions, masking, who one is.
package compat.client;

import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.OPEN;
import static compat.Env.bytes;
import static compat.Env.refused;
import static compat.Env.text;

import compat.Checks;
import compat.Env;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;

final class Access {
    /** The password that the driver gives to the server as its superDigest. */
    private static final String SUPER = "super:compat";

    private Access() {
    }

    static void addTo(Checks checks) {
        checks.add("acl_each_permission", Access::eachPermission);
        checks.add("acl_digest", Access::digest);
        checks.add("acl_auth_expansion", Access::authExpansion);
        checks.add("acl_masking", Access::masking);
        checks.add("acl_ip", Access::ip);
        checks.add("acl_exists_needs_read", Access::existsNeedsRead);
        checks.add("acl_delete_needs_the_parent", Access::deleteNeedsParent);
        checks.add("acl_duplicates_collapse", Access::duplicates);
        checks.add("acl_super", Access::superUser);
        checks.add("acl_events_need_read", Access::eventsNeedRead);
        checks.add("auth_unknown_scheme", Access::unknownScheme);
        checks.add("who_am_i", Access::whoAmI);
    }

    private static List<ACL> anyone(int perms) {
        return Arrays.asList(new ACL(perms, Ids.ANYONE_ID_UNSAFE));
    }

    private static void eachPermission(Env env) throws Exception {
        ZooKeeper zk = env.zk();
        for (int allowed : new int[] {Perms.READ, Perms.WRITE, Perms.CREATE, Perms.DELETE, Perms.ADMIN}) {
            String n = env.node("n" + allowed, "x");
            env.node("n" + allowed + "/kid", "x");
            zk.setACL(n, anyone(allowed), -1);
            allowedIf(allowed == Perms.READ, () -> zk.getData(n, false, null));
            allowedIf(allowed == Perms.READ, () -> zk.getChildren(n, false));
            allowedIf(allowed == Perms.WRITE, () -> zk.setData(n, bytes("y"), -1));
            allowedIf(allowed == Perms.CREATE, () -> zk.create(n + "/new", null, OPEN, CreateMode.PERSISTENT));
            allowedIf(allowed == Perms.DELETE, () -> zk.delete(n + "/kid", -1));
            allowedIf(allowed == Perms.READ || allowed == Perms.ADMIN, () -> zk.getACL(n, new Stat()));
            allowedIf(allowed == Perms.ADMIN, () -> zk.setACL(n, OPEN, -1));
        }
    }

    private static void allowedIf(boolean allowed, Env.Refused body) throws Exception {
        if (allowed) {
            body.run();
        } else {
            refused(Code.NOAUTH, body);
        }
    }

    private static void digest(Env env) throws Exception {
        String id = DigestAuthenticationProvider.generateDigest("bob:secret");
        same("digest", "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=", id);
        String n = env.zk().create(env.path("n"), bytes("x"),
            Arrays.asList(new ACL(Perms.ALL, new Id("digest", id))), CreateMode.PERSISTENT);
        refused(Code.NOAUTH, () -> env.zk().getData(n, false, null));
        Env.Client wrong = env.another();
        wrong.zk.addAuthInfo("digest", bytes("bob:guess"));
        refused(Code.NOAUTH, () -> wrong.zk.getData(n, false, null));
        Env.Client right = env.another();
        right.zk.addAuthInfo("digest", bytes("other:one"));
        right.zk.addAuthInfo("digest", bytes("bob:secret"));
        same("data", "x", text(right.zk.getData(n, false, null)));
    }

    private static void authExpansion(Env env) throws Exception {
        ZooKeeper zk = env.another().zk;
        zk.addAuthInfo("digest", bytes("ann:1"));
        zk.addAuthInfo("digest", bytes("bob:2"));
        String n = zk.create(env.path("n"), null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        TreeSet<String> ids = new TreeSet<>();
        for (ACL acl : zk.getACL(n, null)) {
            same("perms", Perms.ALL, acl.getPerms());
            ids.add(acl.getId().getScheme() + " " + acl.getId().getId());
        }
        same("one entry for each identity", new TreeSet<>(List.of(
            "digest " + DigestAuthenticationProvider.generateDigest("ann:1"),
            "digest " + DigestAuthenticationProvider.generateDigest("bob:2"))), ids);
    }

    private static void masking(Env env) throws Exception {
        String id = DigestAuthenticationProvider.generateDigest("bob:secret");
        List<ACL> acl = new ArrayList<>(anyone(Perms.READ));
        acl.add(new ACL(Perms.ALL, new Id("digest", id)));
        String n = env.zk().create(env.path("n"), null, acl, CreateMode.PERSISTENT);
        same("masked", "bob:x", env.zk().getACL(n, null).get(1).getId().getId());
        Env.Client bob = env.another();
        bob.zk.addAuthInfo("digest", bytes("bob:secret"));
        same("whole", id, bob.zk.getACL(n, null).get(1).getId().getId());
    }

    private static void ip(Env env) throws Exception {
        String near = env.zk().create(env.path("near"), null,
            Arrays.asList(new ACL(Perms.ALL, new Id("ip", "127.0.0.0/8"))), CreateMode.PERSISTENT);
        String exact = env.zk().create(env.path("exact"), null,
            Arrays.asList(new ACL(Perms.ALL, new Id("ip", "127.0.0.1"))), CreateMode.PERSISTENT);
        String far = env.zk().create(env.path("far"), null,
            Arrays.asList(new ACL(Perms.ALL, new Id("ip", "10.0.0.0/8"))), CreateMode.PERSISTENT);
        env.zk().getData(near, false, null);
        env.zk().getData(exact, false, null);
        refused(Code.NOAUTH, () -> env.zk().getData(far, false, null));
    }

    private static void existsNeedsRead(Env env) throws Exception {
        String n = env.zk().create(env.path("n"), null, anyone(Perms.WRITE), CreateMode.PERSISTENT);
        refused(Code.NOAUTH, () -> env.zk().exists(n, false));
    }

    private static void deleteNeedsParent(Env env) throws Exception {
        String open = env.node("open", null);
        String n = env.zk().create(open + "/n", null, anyone(Perms.READ), CreateMode.PERSISTENT);
        env.zk().delete(n, -1);
        String shut = env.node("shut", null);
        env.node("shut/n", null);
        env.zk().setACL(shut, anyone(Perms.ALL & ~Perms.DELETE), -1);
        refused(Code.NOAUTH, () -> env.zk().delete(shut + "/n", -1));
    }

    private static void duplicates(Env env) throws Exception {
        List<ACL> twice = Arrays.asList(OPEN.get(0), OPEN.get(0), new ACL(Perms.READ, new Id("ip", "127.0.0.1")));
        String n = env.zk().create(env.path("n"), null, twice, CreateMode.PERSISTENT);
        same("kept", List.of(twice.get(0), twice.get(2)), env.zk().getACL(n, null));
    }

    private static void superUser(Env env) throws Exception {
        String n = env.zk().create(env.path("n"), bytes("x"),
            Arrays.asList(new ACL(Perms.ALL, new Id("ip", "10.9.8.7"))), CreateMode.PERSISTENT);
        Env.Client root = env.another();
        refused(Code.NOAUTH, () -> root.zk.setACL(n, OPEN, -1));
        root.zk.addAuthInfo("digest", bytes(SUPER));
        root.zk.setACL(n, OPEN, -1);
        same("data", "x", text(env.zk().getData(n, false, null)));
    }

    private static void eventsNeedRead(Env env) throws Exception {
        Env.Client watcher = env.another();
        String n = env.node("n", null);
        watcher.zk.getData(n, true, null);
        env.zk().setACL(n, anyone(Perms.WRITE | Perms.ADMIN), -1);
        env.zk().setData(n, bytes("secret"), -1);
        watcher.events.quiet(watcher.zk);
    }

    private static void unknownScheme(Env env) throws Exception {
        Env.Client client = env.another();
        client.zk.addAuthInfo("nonsense", bytes("x"));
        client.events.state(KeeperState.AuthFailed);
    }

    private static void whoAmI(Env env) throws Exception {
        Env.Client client = env.another();
        client.zk.addAuthInfo("digest", bytes("ann:pw"));
        TreeSet<String> who = new TreeSet<>();
        client.zk.whoAmI().forEach(info -> who.add(info.getAuthScheme() + " " + info.getUser()));
        isTrue("digest among " + who, who.contains("digest ann"));
        isTrue("ip among " + who, who.stream().anyMatch(line -> line.startsWith("ip ")));
    }
}
