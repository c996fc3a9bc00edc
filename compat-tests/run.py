#!/usr/bin/env python3
"""The command line of the client checks: fetches components, starts a server, runs suites, tells the result.

    run.py fetch
    run.py [--server SPEC] [--keep] SUITE...      (suites, or `quick`, or `all`)
"""

import argparse
import importlib
import pathlib
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from compat import fetch, procs, report, servers  # noqa: E402  (needs the path above)

SUITES = ("zkcli", "java", "kazoo", "java38", "curator", "cclient", "restart", "kafka", "crossdisk")
GROUPS = {"quick": SUITES[:3], "all": SUITES}


class Context:
    """What a suite gets: where to report, where to put files, and how to have a server of the wanted kind."""

    def __init__(self, spec, home, results, other):
        self.spec, self.home, self.report, self.other = spec, pathlib.Path(home), results, other
        self.shared = None
        self.count = 0

    def server(self) -> servers.Server:
        """The server that the plain suites share; started at the first call."""
        if self.shared is None:
            self.shared = servers.server(self.spec, self.home / "server").start()
        return self.shared

    def own_server(self, spec=None, **kwargs) -> servers.Server:
        """A server for one suite alone, not yet started."""
        self.count += 1
        return servers.server(spec or self.spec, self.home / f"own-{self.count}", **kwargs)

    def file(self, name) -> pathlib.Path:
        return self.home / name


def parse(argv):
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--server", default="rookeeper",
                         help="apache-VERSION | rookeeper[=BINARY] | HOST:PORT (default: rookeeper)")
    options.add_argument("--other", default="apache-3.9.5",
                         help="the server that `crossdisk` exchanges data directories with")
    options.add_argument("--keep", action="store_true", help="keep logs and data directories")
    options.add_argument("what", nargs="+", metavar="SUITE",
                         help="fetch | quick | all | " + " | ".join(SUITES))
    chosen = options.parse_args(argv)
    wanted = []
    for name in chosen.what:
        if name != "fetch" and name not in GROUPS and name not in SUITES:
            options.error(f"there is no suite {name!r}")
        wanted += GROUPS.get(name, (name,))
    chosen.what = list(dict.fromkeys(wanted))
    return chosen


def run_suites(chosen, results, home):
    context = Context(chosen.server, home, results, chosen.other)
    for name in chosen.what:
        started = time.monotonic()
        try:
            importlib.import_module(f"suites.{name}").run(context)
        except Exception as problem:  # a suite that cannot even start is one failed case
            results.fail(f"{name}.start", f"{type(problem).__name__}: {problem}")
        print(f"# {name}: {time.monotonic() - started:.1f} s", flush=True)
    if context.shared is not None:
        context.shared.stop()


def main(argv):
    chosen = parse(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if "fetch" in chosen.what:
        fetch.everything()
        chosen.what.remove("fetch")
        if not chosen.what:
            return 0
    results = report.Report()
    home = tempfile.mkdtemp(prefix="rookeeper-compat-")
    try:
        run_suites(chosen, results, home)
    finally:
        procs.stop_all()
        if results.failed or chosen.keep:
            print(f"# logs and data: {home}", flush=True)
        else:
            shutil.rmtree(home, ignore_errors=True)
    return results.close()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except fetch.FetchError as problem:
        sys.exit(f"compat-tests: {problem}")
