// Quotas: statistics and hard limits (the driver starts servers with enforceQuota=true).
package compat.client;

import static compat.Checks.same;
import static compat.Env.OPEN;
import static compat.Env.bytes;
import static compat.Env.refused;
import static compat.Env.text;

import compat.Checks;
import compat.Env;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.StatsTrack;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.cli.DelQuotaCommand;
import org.apache.zookeeper.cli.SetQuotaCommand;

final class Quotas {
    private Quotas() {
    }

    static void addTo(Checks checks) {
        checks.add("quota_statistics", Quotas::statistics);
        checks.add("quota_hard_limits", Quotas::hardLimits);
        checks.add("quota_soft_limits_refuse_nothing", Quotas::softLimits);
    }

    private static StatsTrack limits(long count, long bytes, boolean hard) {
        StatsTrack track = new StatsTrack();
        track.setCount(hard ? -1 : count);
        track.setBytes(hard ? -1 : bytes);
        track.setCountHardLimit(hard ? count : -1);
        track.setByteHardLimit(hard ? bytes : -1);
        return track;
    }

    private static String stats(ZooKeeper zk, String path) throws Exception {
        StatsTrack track = new StatsTrack(text(zk.getData("/zookeeper/quota" + path + "/zookeeper_stats", false, null)));
        return track.getCount() + " nodes, " + track.getBytes() + " bytes";
    }

    private static void statistics(Env env) throws Exception {
        String q = env.node("q", "12345");
        env.node("q/a", "123");
        SetQuotaCommand.createQuota(env.zk(), q, limits(100, 1000, false));
        same("at first", "2 nodes, 8 bytes", stats(env.zk(), q));
        env.node("q/a/b", "1");
        env.zk().setData(q, bytes("1"), -1);
        same("grown", "3 nodes, 5 bytes", stats(env.zk(), q));
        env.zk().delete(q + "/a/b", -1);
        same("shrunk", "2 nodes, 4 bytes", stats(env.zk(), q));
        DelQuotaCommand.delQuota(env.zk(), q, null);
        refused(Code.NONODE, () -> stats(env.zk(), q));
    }

    private static void hardLimits(Env env) throws Exception {
        String q = env.node("q", "1");
        SetQuotaCommand.createQuota(env.zk(), q, limits(2, 10, true));
        env.node("q/a", "123456789");
        refused(Code.QUOTAEXCEEDED, () -> env.node("q/b", null));
        refused(Code.QUOTAEXCEEDED, () -> env.zk().setData(q, bytes("12"), 99));
        env.zk().setData(q + "/a", bytes("1"), -1);
        env.zk().setData(q, bytes("123456789"), -1);
        refused(Code.NODEEXISTS, () -> env.zk().create(q + "/a", bytes("x"), OPEN, CreateMode.PERSISTENT));
        env.zk().delete(q + "/a", -1);
        env.node("q/b", null);
    }

    private static void softLimits(Env env) throws Exception {
        String q = env.node("q", "1");
        SetQuotaCommand.createQuota(env.zk(), q, limits(1, 1, false));
        env.node("q/a", "123456789");
        same("counted", "2 nodes, 10 bytes", stats(env.zk(), q));
    }
}
