"""What is run on each side in each round, and what is read from it: a flat dictionary of figures by name.

A cell is one load of `rookeeper-bench`. A stage is a fresh server with the cells that may share it.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from . import sides
from .sides import procs

SHAPES_QUICK = ((1, 1), (8, 1), (8, 64))
SHAPES_FULL = SHAPES_QUICK + ((64, 1), (16, 32))
WORKLOADS_QUICK = ("get", "set", "create", "mix90")
WORKLOADS_FULL = WORKLOADS_QUICK + ("mix50",)
LOAD_LIMIT = 900  # seconds for one cell
STRACED_OPS = 5000


class Scale:
    """How much is run."""

    def __init__(self, full, seconds=None):
        self.full = full
        self.shapes = SHAPES_FULL if full else SHAPES_QUICK
        self.workloads = WORKLOADS_FULL if full else WORKLOADS_QUICK
        self.seconds = seconds or (4.0 if full else 1.5)
        self.warmup = 1.0 if full else 0.4
        self.jit = 10.0 if full else 4.0
        self.tree = 1_000_000 if full else 200_000
        self.idle = 10_000 if full else 0


class Load:
    """Runs the load generator against one started server."""

    def __init__(self, binary, side):
        self.binary, self.side = binary, side

    def run(self, workload, sessions, outstanding, **options):
        argv = [str(self.binary), "run", "--server", self.side.address, "--pid", str(self.side.child.pid),
                "--workload", workload, "--sessions", str(sessions), "--outstanding", str(outstanding)]
        for key, value in options.items():
            argv += [f"--{key}", str(value)]
        began = time.monotonic()
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LOAD_LIMIT)
        if done.returncode == 2 or not done.stdout:
            raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
        seen = json.loads(done.stdout)
        if seen["bad"]:
            raise RuntimeError(f"{self.side.spec} answered {seen['bad']} requests wrongly under {workload}: "
                               + "; ".join(seen["told"]))
        print(f"#   {self.side.spec} {workload} {sessions}x{outstanding}: {seen['rate']:.0f}/s "
              f"in {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
        return seen


def _figures(name, seen):
    figures = {f"{name} rate": seen["rate"]}
    figures |= {f"{name} {key}": seen["latency_us"][key] for key in ("p50", "p99", "p999", "max")}
    server = seen["server"] or {}
    figures |= {f"{name} {key}": server[field] for key, field in
                (("cpu", "cpu_us_per_op"), ("written", "written_per_op"), ("switches", "switches_per_op"))
                if field in server}
    figures[f"{name} client cpu"] = seen["client_cpu_us_per_op"]
    return figures


def rates(load, scale, last):
    """The stage of request rates: one server, warmed up, all shapes."""
    timed = {"seconds": scale.seconds, "warmup": scale.warmup}
    load.run("mix50", 8, 64, seconds=scale.jit)
    figures = {}
    for workload in scale.workloads:
        for sessions, outstanding in scale.shapes:
            seen = load.run(workload, sessions, outstanding, **timed)
            figures |= _figures(f"{workload} {sessions}x{outstanding}", seen)
    if scale.full:
        for workload in ("get", "set", "create"):
            figures |= _figures(f"{workload} 1K 8x64", load.run(workload, 8, 64, value=1024, **timed))
        for workload in ("multi", "children"):
            figures |= _figures(f"{workload} 8x16", load.run(workload, 8, 16, **timed))
        figures |= _figures("storm 64", load.run("storm", 1, 64, seconds=scale.seconds))
        figures |= _figures("fanout 1000", load.run("fanout", 1000, 1, seconds=scale.seconds))
    if last and shutil.which("strace"):
        for workload in ("get", "set"):
            figures[f"{workload} 8x64 syscalls"] = syscalls(load, workload)
    return figures


def syscalls(load, workload):
    """System calls per operation, counted by strace, which slows the server: only the count is used."""
    output = load.side.home / "strace"
    tracer = procs.spawn(["strace", "-c", "-f", "-p", load.side.child.pid, "-o", output],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    procs.wait_until("strace is attached", lambda: _traced(load.side.child.pid), 20)
    time.sleep(0.2)  # the other threads follow the first
    seen = load.run(workload, 8, 64, seconds=0, count=STRACED_OPS)
    os.kill(tracer.pid, signal.SIGINT)
    tracer.wait(timeout=30)
    total = re.search(r"^100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s+(?:\d+\s+)?total", output.read_text(), re.M)
    return int(total[1]) / seen["ops"] if total else None


def _traced(pid):
    with open(f"/proc/{pid}/status") as status:
        return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in status)


def tree(load, scale, began):
    """The stage of the big tree: empty start, fill, memory, watches, restart. `began`: seconds of the empty start."""
    side, nodes = load.side, scale.tree
    figures = {"start empty": began * 1000, "rss empty": sides.rss(side)}
    seen = load.run("fill", 8, 64, nodes=nodes, seconds=0)
    figures |= _figures("fill", seen)
    figures["rss filled"] = sides.rss(side)
    figures["rss per node"] = (figures["rss filled"] - figures["rss empty"]) / nodes
    if scale.full:
        before, each = sides.rss(side), 125_000
        seen = load.run("watches", 8, 64, nodes=each, seconds=0)
        figures["rss per watch"] = max(seen["server"]["rss"] - before, 0) / (8 * each)
    side.stop()
    figures["restart"] = sides.start(side) * 1000
    figures["rss restarted"] = sides.rss(side)
    figures["rss per node restarted"] = (figures["rss restarted"] - figures["rss empty"]) / nodes
    check = load.run("get", 1, 1, nodes=nodes, count=1000, seconds=0)
    figures["first gets p99"] = check["latency_us"]["p99"]
    return figures


def idle(load, scale):
    """The stage of idle sessions: a server that has seen nothing else."""
    seen = load.run("idle", scale.idle, 1, seconds=scale.seconds)
    return {"rss per idle session": seen["server"]["rss_added"] / scale.idle, "idle ping p99": seen["latency_us"]["p99"]}
