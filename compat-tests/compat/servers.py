"""Servers under test: Apache of any pinned version, Rookeeper, or one that runs already (host:port).

This is the only file that knows how they differ: everything above it sees a host, a port and a data directory.
"""

import base64
import hashlib
import os
import pathlib
import signal
import socket

from . import fetch, procs

SUPER = "super:compat"
READY_LIMIT = 60  # seconds; a JVM on a busy machine with a full recovery before it


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def four_letter(host, port, word, limit=5) -> str:
    """The answer to a four-letter word; empty when nobody answers."""
    try:
        with socket.create_connection((host, port), timeout=limit) as link:
            link.sendall(word.encode())
            parts = []
            while part := link.recv(65536):
                parts.append(part)
            return b"".join(parts).decode(errors="replace")
    except OSError:
        return ""


def digest_of(user_password: str) -> str:
    sha = base64.b64encode(hashlib.sha1(user_password.encode()).digest()).decode()
    return f"{user_password.split(':')[0]}:{sha}"


class Server:
    """One server: `line` is the behaviour it is held to ("3.9" or "3.8")."""

    managed = True
    line = "3.9"

    def __init__(self, spec, home, data=None, settings=None, properties=None):
        self.spec, self.home = spec, pathlib.Path(home)
        self.host, self.port = "127.0.0.1", free_port()
        self.data = pathlib.Path(data) if data else self.home / "data"
        self.settings, self.properties = settings or {}, properties or {}
        self.child = None

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def config(self) -> pathlib.Path:
        """A stock zoo.cfg plus the few lines that the checks need."""
        lines = {
            "tickTime": 2000, "initLimit": 10, "syncLimit": 5, "dataDir": self.data,
            "clientPort": self.port, "clientPortAddress": self.host,
            "4lw.commands.whitelist": "*", "admin.enableServer": "false", "maxClientCnxns": 0,
            "minSessionTimeout": 1000, "extendedTypesEnabled": "true", "enforceQuota": "true",
        }
        lines.update(self.settings)
        self.data.mkdir(parents=True, exist_ok=True)
        path = self.home / "zoo.cfg"
        path.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        return path

    def flags(self):
        """System properties: what zoo.cfg cannot say, in Apache's own spelling."""
        named = {
            "znode.container.checkIntervalMs": 500,
            "zookeeper.DigestAuthenticationProvider.superDigest": digest_of(SUPER),
        }
        named.update(self.properties)
        return [f"-D{key}={value}" for key, value in named.items()]

    def command(self, config):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def start(self):
        self.home.mkdir(parents=True, exist_ok=True)
        with open(self.home / "server.log", "ab") as log:
            self.child = procs.spawn(self.command(self.config()), env=self.environment(),
                                     cwd=self.home, stdout=log, stderr=log)
        procs.wait_until(f"{self.spec} on {self.address} serves", self._serves, READY_LIMIT)
        return self

    def _serves(self):
        if self.child.poll() is not None:
            tail = (self.home / "server.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self.spec} ended with {self.child.returncode} at its start:\n{tail}")
        return "Mode:" in four_letter(self.host, self.port, "srvr", 2)

    def kill9(self):
        procs.kill(self.child, signal.SIGKILL)

    def stop(self):
        procs.stop(self.child)


class Apache(Server):
    """Apache ZooKeeper from its Maven artifacts, started as its zkServer.sh starts it."""

    def __init__(self, spec, home, **kwargs):
        super().__init__(spec, home, **kwargs)
        version = spec.removeprefix("apache-")
        self.line = ".".join(version.split(".")[:2])
        self.jars = fetch.jars(f"zookeeper-{version}")

    def command(self, config):
        return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *self.flags(),
                "-cp", f"{fetch.HERE}/conf:{self.jars}/*",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", str(config)]


class Rookeeper(Server):
    """Our binary; the system properties reach it through SERVER_JVMFLAGS, as they would reach Apache's script."""

    def __init__(self, spec, home, **kwargs):
        super().__init__(spec, home, **kwargs)
        named = spec.partition("=")[2]
        self.binary = pathlib.Path(named) if named else fetch.HERE.parent / "target/release/rookeeper"
        if not self.binary.exists():
            raise fetch.FetchError(f"there is no server binary at {self.binary}; build it "
                                   "(cargo build --release) or name one: --server rookeeper=PATH")

    def command(self, config):
        return [str(self.binary.resolve()), "server", str(config)]

    def environment(self):
        return dict(os.environ, SERVER_JVMFLAGS=" ".join(self.flags()))


class Running(Server):
    """A server that somebody else started; it is neither stopped nor killed here."""

    managed = False

    def __init__(self, spec, home, **_):
        super().__init__(spec, home)
        host, _, port = spec.rpartition(":")
        self.host, self.port = host, int(port)

    def start(self):
        procs.wait_until(f"a server on {self.address} answers ruok or srvr", self._serves, 10)
        return self

    def _serves(self):
        return (four_letter(self.host, self.port, "srvr", 2)
                or four_letter(self.host, self.port, "ruok", 2))

    def stop(self):
        pass


def server(spec, home, **kwargs) -> Server:
    """A server from its spec: apache-VERSION, rookeeper[=BINARY] or HOST:PORT. Not started yet."""
    if spec.startswith("apache-"):
        return Apache(spec, home, **kwargs)
    if spec == "rookeeper" or spec.startswith("rookeeper="):
        return Rookeeper(spec, home, **kwargs)
    if ":" in spec and spec.rpartition(":")[2].isdigit():
        return Running(spec, home)
    raise fetch.FetchError(f"unknown server {spec!r}; one of apache-VERSION, rookeeper[=BINARY], HOST:PORT")
