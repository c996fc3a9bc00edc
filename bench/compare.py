#!/usr/bin/env python3
"""Rookeeper beside Apache ZooKeeper: the same loads in turn on the same disk, one table with the bars marked.

    compare.py [--full] [--rounds N] [--ours SPEC] [--theirs SPEC] [--load BINARY] [--home DIR] [--markdown FILE]

SPEC is apache-VERSION or rookeeper[=BINARY]. Only one server runs at a time; who goes first changes every round.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from driver import cells, sides, table  # noqa: E402  (needs the path above)


def parse(argv):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or sides.ROOT / "target")
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--full", action="store_true", help="every load and a tree of a million nodes")
    options.add_argument("--rounds", type=int, help="default: 3, with --full 5")
    options.add_argument("--seconds", type=float, help="measured seconds of each load")
    options.add_argument("--ours", default="rookeeper")
    options.add_argument("--theirs", default="apache-3.9.5")
    options.add_argument("--stages", default="rates,tree,idle", help="which stages: rates, tree, idle")
    options.add_argument("--heap", type=int, help="MB of heap for Apache; default 1000 as zkServer.sh, with --full 4000")
    options.add_argument("--load", type=pathlib.Path, default=target / "release/rookeeper-bench")
    options.add_argument("--home", type=pathlib.Path, default=sides.ROOT / "target/bench", help="data, logs, results")
    options.add_argument("--markdown", type=pathlib.Path, help="also write the table there")
    chosen = options.parse_args(argv)
    chosen.rounds = chosen.rounds or (5 if chosen.full else 3)
    chosen.heap = chosen.heap or (4000 if chosen.full else 1000)
    chosen.stages = chosen.stages.split(",")
    if unknown := set(chosen.stages) - {"rates", "tree", "idle"}:
        options.error(f"unknown stages: {', '.join(sorted(unknown))}")
    if not chosen.load.exists():
        options.error(f"there is no load generator at {chosen.load}; cargo build --release -p rookeeper-bench")
    return chosen


class Comparison:
    def __init__(self, chosen):
        self.chosen, self.scale, self.rounds = chosen, cells.Scale(chosen.full, chosen.seconds), []

    def stage(self, spec, measure):
        """A fresh server of `spec` for as long as `measure(load, seconds it took to start)` runs."""
        home = self.chosen.home / "server"
        shutil.rmtree(home, ignore_errors=True)
        side = sides.make(spec, home, self.chosen.heap)
        began = sides.start(side)
        try:
            return measure(cells.Load(self.chosen.load, side), began)
        finally:
            side.stop()
            shutil.rmtree(home / "data", ignore_errors=True)

    def one_side(self, spec, last):
        figures, scale = {}, self.scale
        if "rates" in self.chosen.stages:
            figures |= self.stage(spec, lambda load, _: cells.rates(load, scale, last))
        if "tree" in self.chosen.stages:
            figures |= self.stage(spec, lambda load, began: cells.tree(load, scale, began))
        if "idle" in self.chosen.stages and scale.idle:
            figures |= self.stage(spec, lambda load, _: cells.idle(load, scale))
        return figures

    def run(self):
        order = [("ours", self.chosen.ours), ("theirs", self.chosen.theirs)]
        for at in range(self.chosen.rounds):
            seen, began = {}, time.monotonic()
            for name, spec in order if at % 2 == 0 else order[::-1]:
                seen[name] = self.one_side(spec, at == self.chosen.rounds - 1)
            self.rounds.append(seen)
            print(f"# round {at + 1} of {self.chosen.rounds}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)

    def notes(self):
        argv = [str(self.chosen.load), "limits", "--directory", str(self.chosen.home)]
        limits = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout)
        echo, sync = limits["echo_us"], limits["fdatasync_us"]
        return [f"{self.chosen.ours} beside {self.chosen.theirs} (heap {self.chosen.heap} MB), "
                f"{os.cpu_count()} cores, {time.strftime('%Y-%m-%d %H:%M')}, "
                f"load average {os.getloadavg()[0]:.1f}, closed loops, forceSync on.", "",
                f"The machine: loopback echo p50 {echo['p50']} µs, p99 {echo['p99']} µs; fdatasync of 215 bytes "
                f"p50 {sync['p50']} µs, p99 {sync['p99']} µs."]


def main(argv):
    chosen = parse(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sides.raise_file_limit()
    chosen.home.mkdir(parents=True, exist_ok=True)
    if sides.is_memory(chosen.home):
        print(f"# {chosen.home} is in memory: figures of writes say nothing about a disk", file=sys.stderr)
    comparison = Comparison(chosen)
    try:
        comparison.run()
    finally:
        sides.procs.stop_all()
    page = table.page(comparison.rounds, comparison.notes())
    (chosen.home / "last.json").write_text(json.dumps(comparison.rounds, indent=1))
    if chosen.markdown:
        chosen.markdown.write_text(page)
    print(page)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (sides.fetch.FetchError, RuntimeError, TimeoutError) as problem:
        sys.exit(f"bench: {problem}")
