// One client run of the data directory exchange: `Main ADDRESS STEP…`, each step told as a line "done STEP".
//
//   fill:ROOT:FILE    makes a tree of every kind under ROOT; writes its live sessions to FILE
//   dump:FILE         writes the whole tree, node by node, to FILE
//   verify:ROOT:FILE  the sessions of FILE still live and own their ephemerals; timed nodes still end
//   load:ROOT:FILE    writes until the server is gone; keeps the number of acknowledged writes in FILE
//   loaded:ROOT:FILE  what FILE says was acknowledged is there
//   finish:FILE       closes the sessions of FILE; their ephemerals go
package compat.crossdisk;

import compat.Checks;
import compat.Env;

public final class Main {
    private Main() {
    }

    public static void main(String[] args) {
        int code = 1;
        try {
            for (int i = 1; i < args.length; i++) {
                step(args[0], args[i].split(":"));
                System.out.println("done " + args[i]);
                System.out.flush();
            }
            code = 0;
        } catch (Throwable failed) {
            System.out.println("failed " + failed);
            failed.printStackTrace();
        }
        System.out.flush();
        // No handle is closed: the sessions have to outlive this process.
        Runtime.getRuntime().halt(code);
    }

    private static void step(String address, String[] words) throws Exception {
        switch (words[0]) {
            case "fill" -> Fill.run(address, words[1], words[2]);
            case "dump" -> Dump.run(address, words[1]);
            case "verify" -> Verify.sessions(address, words[1], words[2]);
            case "load" -> Load.run(address, words[1], words[2]);
            case "loaded" -> Load.check(address, words[1], words[2]);
            case "finish" -> Verify.finish(address, words[1]);
            default -> throw new IllegalArgumentException("no step " + words[0]);
        }
    }

    static Env.Client connect(String address, int timeout) throws Exception {
        Env.Client client = Env.standalone(address, timeout);
        client.zk.addAuthInfo("digest", Env.bytes("super:compat"));
        Checks.isTrue("super sees /", client.zk.exists("/", false) != null);
        return client;
    }
}
