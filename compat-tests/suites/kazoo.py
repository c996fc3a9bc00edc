"""kazoo's operations and recipes: one Python process from the cached virtual environment."""

from compat import fetch

LIMIT = 240  # seconds for the whole program; each case has its own limit of 60


def run(context):
    server = context.server()
    argv = [fetch.kazoo_python(), "-B", fetch.HERE / "kazoo_checks" / "main.py", server.address]
    context.report.program("kazoo", argv, context.file("kazoo.log"), LIMIT)
