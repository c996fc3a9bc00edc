// Started Curator clients for a case, and the murder of their sessions. No check lives here.
package compat.curator;

import compat.Env;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.ZooKeeper;

final class Clients {
    private Clients() {
    }

    static CuratorFramework one(Env env) throws Exception {
        return start(env, CuratorFrameworkFactory.builder());
    }

    static CuratorFramework start(Env env, CuratorFrameworkFactory.Builder builder) throws Exception {
        CuratorFramework made = builder.connectString(env.address).sessionTimeoutMs(Env.TIMEOUT)
            .connectionTimeoutMs(15_000).retryPolicy(new ExponentialBackoffRetry(50, 8)).build();
        made.start();
        env.keep(made);
        if (!made.blockUntilConnected(20, TimeUnit.SECONDS)) {
            throw new AssertionError("Curator did not connect");
        }
        return made;
    }

    /** Ends the client's session behind its back, as an expiry would. */
    static void killSession(Env env, CuratorFramework client) throws Exception {
        ZooKeeper zk = client.getZookeeperClient().getZooKeeper();
        Env.Client thief = env.reattach(env.address, Env.TIMEOUT, zk.getSessionId(), zk.getSessionPasswd());
        thief.connected();
        thief.close();
    }
}
