"""The plain Java client API: one JVM that runs every case of java/client."""

from compat import fetch, pins

LIMIT = 240  # seconds for the whole program; each case has its own limit of 60
BUILT_ON = f"zookeeper-{pins.ZOOKEEPER}"


def run(context, suite="java", run_on=BUILT_ON):
    server = context.server()
    argv = fetch.java("client", BUILT_ON, run_on)
    context.report.program(suite, [*argv, server.address, server.line], context.file(f"{suite}.log"), LIMIT)
