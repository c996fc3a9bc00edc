// The plain Java client against one server: which groups of cases there are.
package compat.client;

import compat.Checks;

public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws Exception {
        Checks checks = new Checks("java", args[0], args[1]);
        Sessions.addTo(checks);
        Kinds.addTo(checks);
        Operations.addTo(checks);
        Async.addTo(checks);
        Errors.addTo(checks);
        Multis.addTo(checks);
        Watches.addTo(checks);
        PersistentWatches.addTo(checks);
        Access.addTo(checks);
        Quotas.addTo(checks);
        checks.runAndExit(4);
    }
}
