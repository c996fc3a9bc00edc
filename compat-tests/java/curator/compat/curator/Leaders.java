// Leader election: LeaderLatch and LeaderSelector.
package compat.curator;

import static compat.Checks.eventually;
import static compat.Checks.isTrue;
import static compat.Checks.same;

import compat.Checks;
import compat.Env;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;

final class Leaders {
    private Leaders() {
    }

    static void addTo(Checks checks) {
        checks.add("leader_latch", Leaders::latch);
        checks.add("leader_latch_dead_session", Leaders::latchDeadSession);
        checks.add("leader_selector", Leaders::selector);
    }

    private static LeaderLatch latch(Env env, CuratorFramework client, String id) throws Exception {
        LeaderLatch made = new LeaderLatch(client, env.path("latch"), id);
        made.start();
        return made;
    }

    private static void latch(Env env) throws Exception {
        LeaderLatch one = latch(env, Clients.one(env), "one");
        isTrue("one leads", one.await(20, TimeUnit.SECONDS));
        LeaderLatch two = latch(env, Clients.one(env), "two");
        eventually("both stand", 20, () -> one.getParticipants().size() == 2);
        isTrue("one alone leads", one.hasLeadership() && !two.hasLeadership());
        same("two knows it", "one", two.getLeader().getId());
        one.close();
        isTrue("two follows", two.await(20, TimeUnit.SECONDS));
        two.close();
    }

    private static void latchDeadSession(Env env) throws Exception {
        CuratorFramework first = Clients.one(env);
        LeaderLatch one = latch(env, first, "one");
        isTrue("one leads", one.await(20, TimeUnit.SECONDS));
        LeaderLatch two = latch(env, Clients.one(env), "two");
        eventually("both stand", 20, () -> one.getParticipants().size() == 2);
        Clients.killSession(env, first);
        isTrue("two takes over", two.await(20, TimeUnit.SECONDS));
        eventually("one knows", 20, () -> !one.hasLeadership());
        two.close();
        eventually("one comes back", 20, one::hasLeadership);
        one.close();
    }

    private static void selector(Env env) throws Exception {
        LinkedBlockingQueue<String> led = new LinkedBlockingQueue<>();
        CountDownLatch hold = new CountDownLatch(1);
        for (String name : List.of("one", "two")) {
            LeaderSelector made = new LeaderSelector(Clients.one(env), env.path("sel"),
                new LeaderSelectorListenerAdapter() {
                    @Override
                    public void takeLeadership(CuratorFramework client) throws Exception {
                        led.add(name);
                        hold.await(20, TimeUnit.SECONDS);
                    }
                });
            made.setId(name);
            made.autoRequeue();
            made.start();
            env.keep(made::close);
        }
        String first = led.poll(20, TimeUnit.SECONDS);
        isTrue("somebody leads", first != null);
        same("alone", null, led.poll(300, TimeUnit.MILLISECONDS));
        hold.countDown();
        eventually("each has its turn", 20, () -> {
            String next = led.poll(1, TimeUnit.SECONDS);
            return next != null && !next.equals(first);
        });
    }
}
