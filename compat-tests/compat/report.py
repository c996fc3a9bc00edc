"""Results: one line for each case, the closing line, and the time limit of a case. No check lives here."""

import contextlib
import signal
import subprocess
import threading
import time
import traceback

from . import procs


class CaseTimeout(Exception):
    """A case outlived its limit."""


@contextlib.contextmanager
def limit(seconds):
    """Raises CaseTimeout in the main thread after `seconds`, whatever it waits for."""
    def ring(*_):
        raise CaseTimeout(f"not done within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Report:
    def __init__(self):
        self.passed, self.failed = 0, []

    def ok(self, name):
        self.passed += 1
        print(f"ok {name}", flush=True)

    def fail(self, name, reason):
        self.failed.append(name)
        first = " / ".join(line.strip() for line in str(reason).splitlines() if line.strip())
        print(f"FAILED {name}: {first[:1500]}", flush=True)

    def case(self, name, check, seconds=60) -> bool:
        """Runs check() within `seconds`; any exception is the reason of a failure."""
        try:
            with limit(seconds):
                check()
        except Exception as problem:  # the whole point is to report it and go on
            where = traceback.extract_tb(problem.__traceback__)[-1]
            self.fail(name, f"{type(problem).__name__}: {problem} ({where.name}:{where.lineno})")
            return False
        self.ok(name)
        return True

    def program(self, suite, argv, log, seconds, ready=None, **kwargs):
        """Runs a program that prints `plan N` and then N lines `ok NAME` or `FAILED NAME: REASON`.

        With `ready`, the program may also print `ready`: then ready() is called, and a line goes to its input.
        """
        if ready:
            kwargs["stdin"] = subprocess.PIPE
        with open(log, "ab") as err:
            child = procs.spawn(argv, stdout=subprocess.PIPE, stderr=err, text=True,
                                errors="replace", **kwargs)
        watchdog = threading.Timer(seconds, procs.kill, (child,))
        watchdog.start()
        started, seen, planned = time.monotonic(), 0, None
        try:
            for line in child.stdout:
                word, _, rest = line.rstrip("\n").partition(" ")
                if word == "plan" and rest.isdigit():
                    planned = int(rest)
                elif word == "ready" and ready:
                    ready()
                    child.stdin.write("go on\n")
                    child.stdin.flush()
                elif word == "ok":
                    seen += 1
                    self.ok(f"{suite}.{rest}")
                elif word == "FAILED":
                    seen += 1
                    name, _, reason = rest.partition(": ")
                    self.fail(f"{suite}.{name}", reason)
            child.wait(timeout=10)
        finally:
            watchdog.cancel()
            procs.kill(child)
        if planned != seen:
            took = round(time.monotonic() - started)
            self.fail(f"{suite}.complete", f"{seen} of {planned} cases told after {took} s (limit {seconds} s), "
                      f"exit code {child.returncode}; its log is {log}")

    def close(self) -> int:
        """The closing line; the exit code."""
        print(f"{self.passed} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed or not self.passed else 0
