// Barriers.
package compat.curator;

import static compat.Checks.eventually;
import static compat.Checks.isTrue;
import static compat.Checks.same;

import compat.Checks;
import compat.Env;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;

final class Barriers {
    private Barriers() {
    }

    static void addTo(Checks checks) {
        checks.add("barrier", Barriers::barrier);
        checks.add("double_barrier", Barriers::doubleBarrier);
    }

    private static void barrier(Env env) throws Exception {
        DistributedBarrier gate = new DistributedBarrier(Clients.one(env), env.path("b"));
        gate.setBarrier();
        DistributedBarrier other = new DistributedBarrier(Clients.one(env), env.path("b"));
        isTrue("closed", !other.waitOnBarrier(300, TimeUnit.MILLISECONDS));
        gate.removeBarrier();
        isTrue("open", other.waitOnBarrier(20, TimeUnit.SECONDS));
    }

    private static void doubleBarrier(Env env) throws Exception {
        AtomicInteger inside = new AtomicInteger();
        List<CompletableFuture<Void>> members = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            members.add(enter(Clients.one(env), env, inside));
        }
        eventually("two wait", 20, () -> env.zk().exists(env.path("b"), false) != null
            && env.zk().getChildren(env.path("b"), false).size() == 2);
        same("nobody is in", 0, inside.get());
        members.add(enter(Clients.one(env), env, inside));
        for (CompletableFuture<Void> member : members) {
            member.get(20, TimeUnit.SECONDS);
        }
        same("all were in", 3, inside.get());
    }

    private static CompletableFuture<Void> enter(CuratorFramework client, Env env, AtomicInteger inside) {
        return CompletableFuture.runAsync(() -> {
            DistributedDoubleBarrier gate = new DistributedDoubleBarrier(client, env.path("b"), 3);
            try {
                isTrue("entered", gate.enter(20, TimeUnit.SECONDS));
                inside.incrementAndGet();
                isTrue("left", gate.leave(20, TimeUnit.SECONDS));
            } catch (Exception failed) {
                throw new IllegalStateException(failed);
            }
        }, body -> new Thread(body).start());
    }
}
