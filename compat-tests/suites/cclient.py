"""The C client: the program of c/, and the shell that Debian packages with the library (cli_mt)."""

import os
import re
import secrets
import subprocess

from compat import fetch, procs

LIMIT = 180  # seconds for the whole program


def check_shell(address):
    root = f"/cli-{secrets.token_hex(4)}"
    env = dict(os.environ, LD_LIBRARY_PATH=str(fetch.c_library()))
    child = procs.spawn([fetch.debian() / "usr/lib/zookeeper/bin/cli_mt", address], env=env,
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until(child, "state = CONNECTED_STATE")
        for command, told in ((f"create {root}", rf"{root}\]?: rc = 0"), (f"create2 {root}/a", "rc = 0"),
                              (f"set {root}/a hello", "version=1"), (f"get {root}/a", "^hello"),
                              (f"ls {root}", "^\ta$"), (f"delete {root}/a", "rc = 0"),
                              (f"get {root}/a", "rc = -101")):
            child.stdin.write(command.encode() + b"\n")
            child.stdin.flush()
            until(child, told + r"[\s\S]*\n")
        child.stdin.write(b"quit\n")
        child.stdin.flush()
        assert child.wait(timeout=10) == 0, f"exit code {child.returncode}"
    finally:
        procs.kill(child)


def until(child, pattern):
    """Reads what cli_mt prints until `pattern` is in it; the case's own limit bounds the wait."""
    seen = ""
    while not re.search(pattern, seen, re.M):
        part = os.read(child.stdout.fileno(), 65536).decode(errors="replace")
        assert part, f"cli_mt ended; no {pattern!r} in {seen!r}"
        seen += part


def run(context):
    server = context.server()
    context.report.program("cclient", [fetch.c_program(), server.address], context.file("cclient.log"), LIMIT)
    context.report.case("cclient.cli_mt", lambda: check_shell(server.address), 40)
