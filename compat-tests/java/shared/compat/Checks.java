// Runs named cases and prints the driver's lines (plan, ok, FAILED). What is checked stands elsewhere.
package compat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

public final class Checks {
    /** One case; anything thrown is the reason of its failure. */
    public interface Body {
        void run(Env env) throws Exception;
    }

    private static final int LIMIT_SECONDS = 60;

    private final String address;
    private final String line;
    private final String root;
    private final Map<String, Body> cases = new LinkedHashMap<>();

    /** `line` is the behaviour that the server is held to: "3.9" or "3.8". */
    public Checks(String prefix, String address, String line) {
        this.address = address;
        this.line = line;
        this.root = "/" + prefix + "-" + Long.toHexString(System.nanoTime() & 0xffffffffL);
    }

    public void add(String name, Body body) {
        if (cases.put(name, body) != null) {
            throw new IllegalStateException("two cases are called " + name);
        }
    }

    /** Runs all cases, `width` at a time (most of their time is waiting), and ends the process. */
    public void runAndExit(int width) throws Exception {
        System.out.println("plan " + cases.size());
        try (Env env = new Env(address, root, line)) {
            env.zk().create(root, null, Env.OPEN, org.apache.zookeeper.CreateMode.PERSISTENT);
        }
        ExecutorService runners = Executors.newFixedThreadPool(width);
        List<Future<?>> done = new ArrayList<>();
        cases.forEach((name, body) -> done.add(runners.submit(() -> runOne(name, body))));
        for (Future<?> one : done) {
            one.get();
        }
        System.out.flush();
        System.exit(0);
    }

    private void runOne(String name, Body body) {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        String reason = null;
        try (Env env = new Env(address, root + "/" + name, line)) {
            Future<?> running = thread.submit(() -> {
                env.begin();
                body.run(env);
                return null;
            });
            running.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            reason = "not done within " + LIMIT_SECONDS + " s";
        } catch (ExecutionException failed) {
            reason = describe(failed.getCause());
        } catch (Exception other) {
            reason = describe(other);
        } finally {
            thread.shutdownNow();
        }
        tell(name, reason);
    }

    private static String describe(Throwable problem) {
        StringBuilder text = new StringBuilder(problem.toString().replace('\n', ' '));
        for (StackTraceElement at : problem.getStackTrace()) {
            if (at.getClassName().startsWith("compat.") && !at.getClassName().startsWith("compat.Checks")) {
                text.append(" (").append(at.getFileName()).append(':').append(at.getLineNumber()).append(')');
                break;
            }
        }
        return text.toString();
    }

    private static synchronized void tell(String name, String reason) {
        System.out.println(reason == null ? "ok " + name : "FAILED " + name + ": " + reason);
        System.out.flush();
    }

    public static void isTrue(String what, boolean value) {
        if (!value) {
            throw new AssertionError(what);
        }
    }

    public static void same(String what, Object wanted, Object got) {
        if (!java.util.Objects.equals(wanted, got)) {
            throw new AssertionError(what + ": wanted " + wanted + ", got " + got);
        }
    }

    /** Waits for a level, at most `seconds`. */
    public static void eventually(String what, int seconds, Callable<Boolean> test) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!test.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(what + ": not within " + seconds + " s");
            }
            Thread.sleep(20);
        }
    }
}
