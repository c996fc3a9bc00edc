// Shared counters and atomic values.
package compat.curator;

import static compat.Checks.eventually;
import static compat.Checks.isTrue;
import static compat.Checks.same;
import static compat.Env.bytes;
import static compat.Env.text;

import compat.Checks;
import compat.Env;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.CachedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicValue;
import org.apache.curator.framework.recipes.atomic.PromotedToLock;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.retry.RetryNTimes;

final class Counters {
    private Counters() {
    }

    static void addTo(Checks checks) {
        checks.add("atomic_long", Counters::atomicLong);
        checks.add("atomic_long_contended", Counters::contended);
        checks.add("atomic_value_and_integer", Counters::valueAndInteger);
        checks.add("shared_count", Counters::sharedCount);
    }

    private static void atomicLong(Env env) throws Exception {
        DistributedAtomicLong n = new DistributedAtomicLong(Clients.one(env), env.path("n"), new RetryNTimes(10, 10));
        isTrue("first", n.initialize(40L));
        same("added", 42L, n.add(2L).postValue());
        same("not as expected", false, n.compareAndSet(1L, 2L).succeeded());
        same("as expected", true, n.compareAndSet(42L, 7L).succeeded());
        same("decremented", 6L, n.decrement().postValue());
        CachedAtomicLong cached = new CachedAtomicLong(n, 5);
        same("from a batch", 7L, cached.next().postValue());
        same("the batch is taken at once", 11L, n.get().postValue());
    }

    private static void contended(Env env) throws Exception {
        PromotedToLock.Builder lock = PromotedToLock.builder().lockPath(env.path("lock"))
            .retryPolicy(new RetryNTimes(100, 10));
        List<CompletableFuture<Void>> workers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            CuratorFramework client = Clients.one(env);
            workers.add(CompletableFuture.runAsync(() -> {
                DistributedAtomicLong n = new DistributedAtomicLong(client, env.path("n"),
                    new RetryNTimes(3, 5), lock.build());
                for (int k = 0; k < 20; k++) {
                    increment(n);
                }
            }, body -> new Thread(body).start()));
        }
        for (CompletableFuture<Void> worker : workers) {
            worker.get(50, TimeUnit.SECONDS);
        }
        same("nothing was lost", 60L, new DistributedAtomicLong(Clients.one(env), env.path("n"),
            new RetryNTimes(3, 5)).get().postValue());
    }

    private static void increment(DistributedAtomicLong n) {
        try {
            isTrue("incremented", n.increment().succeeded());
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static void valueAndInteger(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        DistributedAtomicValue v = new DistributedAtomicValue(client, env.path("v"), new RetryNTimes(3, 5));
        isTrue("set", v.trySet(bytes("x")).succeeded());
        same("value", "x", text(v.get().postValue()));
        DistributedAtomicInteger i = new DistributedAtomicInteger(client, env.path("i"), new RetryNTimes(3, 5));
        same("integer", 5, i.add(5).postValue());
    }

    private static void sharedCount(Env env) throws Exception {
        SharedCount one = env.keep(new SharedCount(Clients.one(env), env.path("n"), 3));
        SharedCount two = env.keep(new SharedCount(Clients.one(env), env.path("n"), 3));
        one.start();
        two.start();
        same("seed", 3, two.getCount());
        one.setCount(9);
        eventually("seen by the other", 20, () -> two.getCount() == 9);
        isTrue("by version", two.trySetCount(two.getVersionedValue(), 10));
        eventually("seen back", 20, () -> one.getCount() == 10);
    }
}
