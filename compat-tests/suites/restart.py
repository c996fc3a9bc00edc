"""Clients that live through the end of their server: killed with -9 once, stopped in order once."""

from compat import fetch, pins

LIMIT = 120  # seconds for the whole program


def run(context):
    if ":" in context.spec:
        raise fetch.FetchError("this suite stops and starts its server; it cannot use one that runs already")
    server = context.own_server().start()
    ways = iter((server.kill9, server.stop))

    def again():
        next(ways)()
        server.start()

    argv = fetch.java("restart", f"zookeeper-{pins.ZOOKEEPER}")
    context.report.program("restart", [*argv, server.address], context.file("restart.log"), LIMIT, ready=again)
    server.stop()
