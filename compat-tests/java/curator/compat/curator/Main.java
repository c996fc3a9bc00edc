// Curator's recipes against one server: which groups of cases there are.
package compat.curator;

import compat.Checks;

public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws Exception {
        Checks checks = new Checks("curator", args[0], args[1]);
        Locks.addTo(checks);
        Leaders.addTo(checks);
        Caches.addTo(checks);
        Framework.addTo(checks);
        Nodes.addTo(checks);
        Counters.addTo(checks);
        Barriers.addTo(checks);
        Queues.addTo(checks);
        Discovery.addTo(checks);
        checks.runAndExit(4);
    }
}
