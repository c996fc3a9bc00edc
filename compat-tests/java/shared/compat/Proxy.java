// A TCP relay that can be cut and mended, so that a client loses its connection exactly when a case wants it to.
package compat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

public final class Proxy implements AutoCloseable {
    private final String host;
    private final int port;
    private final ServerSocket door;
    private final Set<Socket> links = ConcurrentHashMap.newKeySet();
    private boolean cut;

    public Proxy(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        host = address.substring(0, colon);
        port = Integer.parseInt(address.substring(colon + 1));
        door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start(this::accept);
    }

    public String address() {
        return "127.0.0.1:" + door.getLocalPort();
    }

    /** Drops every connection and refuses new ones until mend(). */
    public synchronized void cut() {
        cut = true;
        links.forEach(Proxy::shut);
        links.clear();
    }

    public synchronized void mend() {
        cut = false;
    }

    private static void start(Runnable body) {
        Thread thread = new Thread(body, "proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!door.isClosed()) {
            try {
                admit(door.accept());
            } catch (IOException refused) {
                // The server may be away for a moment, or the door was closed; the loop's head decides.
            }
        }
    }

    private synchronized void admit(Socket client) throws IOException {
        if (cut) {
            shut(client);
            return;
        }
        Socket server = new Socket(host, port);
        server.setTcpNoDelay(true);
        client.setTcpNoDelay(true);
        links.add(client);
        links.add(server);
        start(() -> pump(client, server));
        start(() -> pump(server, client));
    }

    private static void pump(Socket from, Socket to) {
        byte[] part = new byte[65536];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(part); n >= 0; n = in.read(part)) {
                out.write(part, 0, n);
            }
        } catch (IOException ended) {
            // Either side may go at any time; both are shut below.
        }
        shut(from);
        shut(to);
    }

    private static void shut(Socket link) {
        try {
            link.close();
        } catch (IOException ignored) {
            // It is gone, which is what was wanted.
        }
    }

    @Override
    public void close() throws IOException {
        door.close();
        cut();
    }
}
