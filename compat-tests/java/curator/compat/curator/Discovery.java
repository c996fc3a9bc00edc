// Service discovery (curator-x-discovery).
package compat.curator;

import static compat.Checks.eventually;
import static compat.Checks.isTrue;
import static compat.Checks.same;

import compat.Checks;
import compat.Env;
import java.util.Set;
import java.util.TreeSet;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceProvider;
import org.apache.curator.x.discovery.strategies.RoundRobinStrategy;

final class Discovery {
    private Discovery() {
    }

    static void addTo(Checks checks) {
        checks.add("discovery", Discovery::registerAndQuery);
        checks.add("discovery_provider_and_cache", Discovery::providerAndCache);
        checks.add("discovery_dead_session", Discovery::deadSession);
    }

    private static ServiceInstance<Void> instance(String id, int port) throws Exception {
        return ServiceInstance.<Void>builder().name("web").id(id).address("10.0.0.1").port(port).build();
    }

    private static ServiceDiscovery<Void> join(Env env, CuratorFramework client, ServiceInstance<Void> self)
            throws Exception {
        ServiceDiscovery<Void> made = env.keep(ServiceDiscoveryBuilder.builder(Void.class).client(client)
            .basePath(env.path("services")).watchInstances(true).thisInstance(self).build());
        made.start();
        return made;
    }

    private static void registerAndQuery(Env env) throws Exception {
        ServiceDiscovery<Void> one = join(env, Clients.one(env), instance("one", 1));
        ServiceDiscovery<Void> two = join(env, Clients.one(env), instance("two", 2));
        same("names", Set.of("web"), new TreeSet<>(one.queryForNames()));
        same("instances", 2, one.queryForInstances("web").size());
        same("by id", 2, one.queryForInstance("web", "two").getPort());
        two.unregisterService(instance("two", 2));
        same("after one left", 1, one.queryForInstances("web").size());
    }

    private static void providerAndCache(Env env) throws Exception {
        ServiceDiscovery<Void> one = join(env, Clients.one(env), instance("one", 1));
        ServiceProvider<Void> provider = env.keep(one.serviceProviderBuilder().serviceName("web")
            .providerStrategy(new RoundRobinStrategy<>()).build());
        provider.start();
        ServiceCache<Void> cache = env.keep(one.serviceCacheBuilder().name("web").build());
        cache.start();
        same("at first", 1, cache.getInstances().size());
        ServiceDiscovery<Void> two = join(env, Clients.one(env), instance("two", 2));
        eventually("the cache sees the second", 20, () -> cache.getInstances().size() == 2);
        eventually("the provider gives both", 20, () -> {
            Set<String> given = new TreeSet<>();
            for (int i = 0; i < 4; i++) {
                given.add(provider.getInstance().getId());
            }
            return given.size() == 2;
        });
        two.close();
        eventually("the cache sees it leave", 20, () -> cache.getInstances().size() == 1);
    }

    private static void deadSession(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        ServiceDiscovery<Void> one = join(env, client, instance("one", 1));
        long owner = env.zk().exists(env.path("services/web/one"), false).getEphemeralOwner();
        Clients.killSession(env, client);
        eventually("registered again by the next session", 30, () -> {
            org.apache.zookeeper.data.Stat stat = env.zk().exists(env.path("services/web/one"), false);
            return stat != null && stat.getEphemeralOwner() != owner;
        });
        isTrue("and found", one.queryForInstances("web").size() == 1);
    }
}
