"""Data directories change hands: filled by one server, killed with -9, opened by another, and back.

One chain is: the server under test fills and dies under load, the other one opens the directory, is compared
with it node by node, fills a second tree and dies too, and the first opens it again.
"""

import difflib
import subprocess

from compat import fetch, pins, procs

STEP_LIMIT = 150  # seconds for one client run

# name -> (settings of both servers, suffix of their snapshots)
CHAINS = {
    "plain": ({}, ""),
    "gz": ({"snapshot.compression.method": "gz"}, ".gz"),
    "snappy": ({"snapshot.compression.method": "snappy"}, ".snappy"),
}
BASE = {"snapCount": 100, "maxSessionTimeout": 120_000, "autopurge.purgeInterval": 0}


class Chain:
    def __init__(self, context, name):
        self.context, self.name = context, name
        settings, self.suffix = CHAINS[name]
        self.home = context.file(f"crossdisk-{name}")
        self.home.mkdir()
        self.data = self.home / "data"
        self.settings = {**BASE, **settings}
        if name == "snappy":  # one chain with the log apart from the snapshots
            self.settings["dataLogDir"] = self.home / "log"
            (self.home / "log").mkdir()

    def file(self, name):
        return self.home / name

    def start(self, spec):
        return self.context.own_server(spec, data=self.data, settings=self.settings).start()

    def client(self, server, *steps, kill=False):
        """Runs the steps against the server; with `kill` the server dies as soon as the load runs."""
        argv = fetch.java("crossdisk", f"zookeeper-{pins.ZOOKEEPER}")
        with open(self.file("client.log"), "ab") as err:
            child = procs.spawn([*argv, server.address, *steps], stdout=subprocess.PIPE, stderr=err, text=True)
        try:
            for line in child.stdout:
                assert not line.startswith("failed "), line.strip()
                if kill and line.strip() == "loading":
                    server.kill9()
            code = child.wait(timeout=10)
            assert code == 0, f"the client ended with {code}; its log is {self.file('client.log')}"
        finally:
            procs.kill(child)

    def compare(self, before, after):
        """Both dumps, line by line."""
        old, new = (self.file(name).read_text().splitlines() for name in (before, after))
        changes = [line for line in difflib.unified_diff(old, new, before, after, n=0, lineterm="")
                   if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        assert old, "an empty tree was compared"
        assert not changes, f"{len(changes)} lines differ: " + " | ".join(changes[:6])

    def files(self):
        """The directory holds what the chain is about: several logs, snapshots of the wanted kind."""
        logs = self.file("log") if self.name == "snappy" else self.data
        count = len(list((logs / "version-2").glob("log.*")))
        assert count > 1, f"only {count} log file"
        snapshots = [p.name for p in (self.data / "version-2").glob("snapshot.*")]
        kind = [name for name in snapshots if name != "snapshot.0" and name.endswith(self.suffix)
                and name.count(".") == (2 if self.suffix else 1)]
        assert kind, f"no snapshot ends with {self.suffix!r}: {snapshots}"

    @staticmethod
    def log_is_clean(server):
        log = (server.home / "server.log").read_text(errors="replace")
        assert "Digests are not matching" not in log, f"{server.spec} found wrong digests; see {server.home}"

    def step(self, name, check, seconds=STEP_LIMIT):
        assert self.context.report.case(f"crossdisk.{self.name}.{name}", check, seconds), "stop"

    def run(self, first, second):
        step, file = self.step, self.file
        box = {}

        def begin(spec):
            box["server"] = self.start(spec)

        def client(*steps, kill=False):
            self.client(box["server"], *steps, kill=kill)

        step("fill", lambda: (begin(first), client(
            f"fill:/x1:{file('s1')}", f"dump:{file('d1')}", f"load:/x1:{file('l1')}", kill=True)))
        step("files", self.files)
        step("other_opens_it", lambda: begin(second))
        step("tree_is_the_same", lambda: (client(f"dump:{file('d1b')}"), self.compare("d1", "d1b")))
        step("acknowledged_is_there", lambda: client(f"loaded:/x1:{file('l1')}"))
        step("sessions_and_kinds", lambda: client(f"verify:/x1:{file('s1')}"))
        step("fill_back", lambda: client(
            f"fill:/x2:{file('s2')}", f"dump:{file('d2')}", f"load:/x2:{file('l2')}", kill=True))
        step("log_is_clean", lambda: self.log_is_clean(box["server"]))
        step("first_opens_it", lambda: begin(first))
        step("tree_is_the_same_back", lambda: (client(f"dump:{file('d2b')}"), self.compare("d2", "d2b")))
        step("all_else_back", lambda: client(
            f"loaded:/x2:{file('l2')}", f"loaded:/x1:{file('l1')}", f"verify:/x2:{file('s2')}",
            f"finish:{file('s1')}", f"finish:{file('s2')}"))
        step("log_is_clean_back", lambda: self.log_is_clean(box["server"]))
        box["server"].stop()


def run(context):
    if ":" in context.spec:
        raise fetch.FetchError("this suite starts and kills its servers; it cannot use one that runs already")
    for name in CHAINS:
        chain = Chain(context, name)
        try:
            chain.run(context.spec, context.other)
        except AssertionError:
            procs.stop_all(keep=context.shared and context.shared.child)  # the failed step is reported; what follows it is moot
