// Curator's locks and semaphores between clients.
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
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;

final class Locks {
    private Locks() {
    }

    static void addTo(Checks checks) {
        checks.add("mutex", Locks::mutex);
        checks.add("mutex_excludes", Locks::mutexExcludes);
        checks.add("mutex_freed_by_a_dead_session", Locks::freedByDeadSession);
        checks.add("mutex_revocable", Locks::revocable);
        checks.add("semaphore_mutex", Locks::semaphoreMutex);
        checks.add("multi_lock", Locks::multiLock);
        checks.add("read_write_lock", Locks::readWriteLock);
        checks.add("semaphore", Locks::semaphore);
    }

    private static boolean get(InterProcessLock lock, int ms) throws Exception {
        return lock.acquire(ms, TimeUnit.MILLISECONDS);
    }

    private static void mutex(Env env) throws Exception {
        InterProcessMutex one = new InterProcessMutex(Clients.one(env), env.path("l"));
        InterProcessMutex two = new InterProcessMutex(Clients.one(env), env.path("l"));
        isTrue("free", get(one, 20_000));
        isTrue("again by its holder", get(one, 20_000));
        isTrue("held", !get(two, 300));
        one.release();
        isTrue("still held", one.isAcquiredInThisProcess() && !get(two, 300));
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> {
            try {
                boolean got = get(two, 20_000);
                two.release();
                return got;
            } catch (Exception failed) {
                throw new IllegalStateException(failed);
            }
        });
        eventually("two stand in line", 20, () -> one.getParticipantNodes().size() == 2);
        one.release();
        isTrue("handed over", waiting.get(20, TimeUnit.SECONDS));
    }

    private static void mutexExcludes(Env env) throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger rounds = new AtomicInteger();
        List<CompletableFuture<Void>> workers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            CuratorFramework client = Clients.one(env);
            workers.add(CompletableFuture.runAsync(() -> work(client, env.path("l"), inside, rounds), Locks::startWorker));
        }
        for (CompletableFuture<Void> worker : workers) {
            worker.get(50, TimeUnit.SECONDS);
        }
        same("rounds", 60, rounds.get());
    }

    /** An executor with one thread for each worker. */
    private static void startWorker(Runnable body) {
        Thread made = new Thread(body);
        made.setDaemon(true);
        made.start();
    }

    private static void work(CuratorFramework client, String path, AtomicInteger inside, AtomicInteger rounds) {
        InterProcessMutex lock = new InterProcessMutex(client, path);
        try {
            for (int i = 0; i < 15; i++) {
                lock.acquire();
                same("alone inside", 1, inside.incrementAndGet());
                client.checkExists().forPath(path);
                inside.decrementAndGet();
                rounds.incrementAndGet();
                lock.release();
            }
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static void freedByDeadSession(Env env) throws Exception {
        CuratorFramework holder = Clients.one(env);
        InterProcessMutex one = new InterProcessMutex(holder, env.path("l"));
        InterProcessMutex two = new InterProcessMutex(Clients.one(env), env.path("l"));
        isTrue("free", get(one, 20_000));
        isTrue("held", !get(two, 300));
        Clients.killSession(env, holder);
        isTrue("the dead session's lock is free", get(two, 20_000));
        two.release();
    }

    private static void revocable(Env env) throws Exception {
        InterProcessMutex one = new InterProcessMutex(Clients.one(env), env.path("l"));
        CompletableFuture<Boolean> asked = new CompletableFuture<>();
        one.makeRevocable(lock -> asked.complete(true));
        isTrue("free", get(one, 20_000));
        CuratorFramework other = Clients.one(env);
        String node = one.getParticipantNodes().iterator().next();
        org.apache.curator.framework.recipes.locks.Revoker.attemptRevoke(other, node);
        isTrue("the holder was asked", asked.get(20, TimeUnit.SECONDS));
        one.release();
    }

    private static void semaphoreMutex(Env env) throws Exception {
        InterProcessSemaphoreMutex one = new InterProcessSemaphoreMutex(Clients.one(env), env.path("l"));
        InterProcessSemaphoreMutex two = new InterProcessSemaphoreMutex(Clients.one(env), env.path("l"));
        isTrue("free", get(one, 20_000));
        isTrue("held", !get(two, 300) && !get(one, 300));
        one.release();
        isTrue("free again", get(two, 20_000));
        two.release();
    }

    private static void multiLock(Env env) throws Exception {
        CuratorFramework client = Clients.one(env);
        InterProcessMultiLock both = new InterProcessMultiLock(client, List.of(env.path("a"), env.path("b")));
        InterProcessMutex b = new InterProcessMutex(Clients.one(env), env.path("b"));
        isTrue("b is free", get(b, 20_000));
        isTrue("both is not", !get(both, 300));
        b.release();
        isTrue("both are free", get(both, 20_000));
        isTrue("b is held", !get(b, 300));
        both.release();
    }

    private static void readWriteLock(Env env) throws Exception {
        InterProcessReadWriteLock one = new InterProcessReadWriteLock(Clients.one(env), env.path("l"));
        InterProcessReadWriteLock two = new InterProcessReadWriteLock(Clients.one(env), env.path("l"));
        isTrue("two readers", get(one.readLock(), 20_000) && get(two.readLock(), 20_000));
        isTrue("no writer beside them", !get(one.writeLock(), 300));
        one.readLock().release();
        two.readLock().release();
        isTrue("a writer", get(one.writeLock(), 20_000));
        isTrue("no reader beside it", !get(two.readLock(), 300));
        isTrue("its own reader", get(one.readLock(), 20_000));
        one.writeLock().release();
        isTrue("downgraded", get(two.readLock(), 20_000));
        one.readLock().release();
        two.readLock().release();
    }

    private static void semaphore(Env env) throws Exception {
        CuratorFramework holder = Clients.one(env);
        InterProcessSemaphoreV2 one = new InterProcessSemaphoreV2(holder, env.path("s"), 2);
        InterProcessSemaphoreV2 two = new InterProcessSemaphoreV2(Clients.one(env), env.path("s"), 2);
        Lease a = one.acquire(20, TimeUnit.SECONDS);
        Lease b = two.acquire(20, TimeUnit.SECONDS);
        isTrue("two leases", a != null && b != null);
        same("no third", null, two.acquire(300, TimeUnit.MILLISECONDS));
        b.close();
        Lease c = two.acquire(20, TimeUnit.SECONDS);
        isTrue("given back and taken", c != null);
        Clients.killSession(env, holder);
        isTrue("a dead session's lease is free", two.acquire(20, TimeUnit.SECONDS) != null);
    }
}
