"""The plain Java client API: one JVM that runs every case of java/client."""

from compat import fetch, pins

LIMIT = 240  # seconds for the whole program; each case has its own limit of 60


def run(context):
    server = context.server()
    argv = fetch.java("client", f"zookeeper-{pins.ZOOKEEPER}", "compat.client.Main")
    context.report.program("java", [*argv, server.address, server.line], context.file("java.log"), LIMIT)
