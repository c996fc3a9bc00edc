"""The two servers of a comparison, set up alike and started as their users start them.

How servers and their components are had is compat-tests' subject; here stands only what a fair race needs:
Apache's own JVM settings, the same zoo.cfg for both, and a start that is timed to the millisecond.
"""

import os
import pathlib
import socket
import struct
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "compat-tests"))

from compat import fetch, procs, servers  # noqa: E402  (needs the path above)

START_LIMIT = 300  # seconds
POLL = 0.0005
# Apache lets a handshake that comes while it starts wait for ever, so a probe gives up soon and asks again.
PROBE_LIMIT = 0.2

# What compat-tests turns on for its checks and stock servers have off.
SETTINGS = {"extendedTypesEnabled": "false", "enforceQuota": "false", "forceSync": "yes",
            "minSessionTimeout": 4000}
PROPERTIES = {"znode.container.checkIntervalMs": 60000}


class StockApache(servers.Apache):
    """Apache as zkServer.sh starts it: 1000 MB of heap unless told otherwise, the JVM's own choice of the rest."""

    heap_mb = 1000

    def command(self, config):
        return ["java", f"-Xmx{self.heap_mb}m", *self.flags(), "-cp", f"{fetch.HERE}/conf:{self.jars}/*",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", str(config)]


def make(spec, home, heap_mb) -> servers.Server:
    """A server from its spec (apache-VERSION or rookeeper[=BINARY]), not yet started."""
    options = {"settings": dict(SETTINGS), "properties": dict(PROPERTIES)}
    if spec.startswith("apache-"):
        side = StockApache(spec, home, **options)
        side.heap_mb = heap_mb
        return side
    return servers.server(spec, home, **options)


def start(side) -> float:
    """Starts a server; the seconds from its exec to the first session that it grants."""
    side.home.mkdir(parents=True, exist_ok=True)
    argv = side.command(side.config())
    with open(side.home / "server.log", "ab") as log:
        began = time.monotonic()
        side.child = procs.spawn(argv, env=side.environment(), cwd=side.home, stdout=log, stderr=log)
    while not _grants_session(side):
        if side.child.poll() is not None:
            tail = (side.home / "server.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{side.spec} ended with {side.child.returncode} at its start:\n{tail}")
        if time.monotonic() - began > START_LIMIT:
            raise TimeoutError(f"{side.spec} serves nobody after {START_LIMIT} s")
        time.sleep(POLL)
    return time.monotonic() - began


def _grants_session(side) -> bool:
    hello = struct.pack(">iiqiqi16sb", 45, 0, 0, 10000, 0, 16, b"", 0)
    try:
        with socket.create_connection((side.host, side.port), timeout=PROBE_LIMIT) as link:
            link.sendall(hello)
            answer = link.recv(64)
            link.sendall(struct.pack(">iii", 8, 1, -11))
            return len(answer) >= 12 and struct.unpack(">i", answer[8:12])[0] > 0
    except OSError:
        return False


def rss(side) -> int:
    """Resident bytes."""
    for line in pathlib.Path(f"/proc/{side.child.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def raise_file_limit():
    """Ten thousand sessions are ten thousand descriptors, here and in the servers that inherit the limit."""
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def is_memory(path) -> bool:
    """Whether a directory lies on tmpfs, where a sync costs nothing and shows nothing."""
    best, kind = "", ""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, point, fs = line.split()[:3]
        if os.path.realpath(path).startswith(point) and len(point) > len(best):
            best, kind = point, fs
    return kind in ("tmpfs", "ramfs")
