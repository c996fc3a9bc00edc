"""Curator's recipes and service discovery: one JVM that runs every case of java/curator."""

from compat import fetch, pins

LIMIT = 300  # seconds for the whole program; each case has its own limit of 60


def run(context):
    server = context.server()
    argv = fetch.java("curator", f"curator-{pins.CURATOR}")
    context.report.program("curator", [*argv, server.address, server.line], context.file("curator.log"), LIMIT)
