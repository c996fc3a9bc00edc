"""Stock zkCli.sh, every command of it: how it is driven. What is typed and expected stands in zkcli_script.py."""

import os
import pty
import re
import secrets
import subprocess
import threading

from compat import fetch, procs

from . import zkcli_script

PROMPT = re.compile(r"\[zk: [^\]]*\((\w+)\) \d+\] ")
STEP_LIMIT = 20  # seconds for one command


class Shell:
    """One interactive zkCli.sh: a command goes in, what it prints before its next prompt comes out."""

    def __init__(self, address, tty=False):
        env = dict(os.environ, CLIENT_JVMFLAGS="-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1", TERM="dumb")
        argv = [fetch.zkcli(), "-waitforconnection", "-server", address]
        self.text, self.read, self.more = "", 0, threading.Condition()
        if tty:
            master, slave = pty.openpty()
            self.child = procs.spawn(argv, env=env, stdin=slave, stdout=slave, stderr=slave)
            os.close(slave)
            self.input = self.output = master
        else:
            self.child = procs.spawn(argv, env=env, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.input, self.output = self.child.stdin.fileno(), self.child.stdout.fileno()
        threading.Thread(target=self._gather, daemon=True).start()
        self.until(PROMPT.pattern)

    def _gather(self):
        while True:
            try:
                part = os.read(self.output, 65536)
            except OSError:
                part = b""
            with self.more:
                self.text += part.decode(errors="replace")
                self.more.notify_all()
            if not part:
                return

    def until(self, pattern) -> str:
        """Waits until `pattern` stands in what is unread, and hands out all up to its end."""
        with self.more:
            found = self.more.wait_for(lambda: re.search(pattern, self.text[self.read:], re.M), STEP_LIMIT)
            unread = self.text[self.read:]
            if not found:
                raise AssertionError(f"no {pattern!r} within {STEP_LIMIT} s in {unread!r}")
            self.read += found.end()
            return unread[:found.end()]

    def type(self, line):
        os.write(self.input, (line + "\n").encode())

    def run(self, line) -> str:
        self.type(line)
        return PROMPT.sub("", self.until(PROMPT.pattern))

    def ended(self) -> int:
        return self.child.wait(timeout=STEP_LIMIT)


def play(shell, steps, names):
    """Types each step's command and looks for each of its patterns, in order.

    `!x` must not be printed; `~x` may come after the prompt (a watch event does).
    """
    for line, *expected in steps:
        line = line.format(**names)
        seen, at = shell.run(line), 0
        for pattern in expected:
            pattern = pattern.replace("{r}", re.escape(names["r"]))
            if pattern.startswith("~"):
                if not re.search(pattern[1:], seen, re.M):
                    shell.until(pattern[1:])
            elif pattern.startswith("!"):
                assert not re.search(pattern[1:], seen, re.M), f"{line!r} printed {seen!r}"
            else:
                found = re.compile(pattern, re.M).search(seen, at)
                assert found, f"{line!r}: no {pattern!r} in {seen!r}"
                at = found.end()


def one_shot(address, *words):
    """Runs one command as `zkCli.sh -server … COMMAND`: (exit code, everything printed)."""
    env = dict(os.environ, CLIENT_JVMFLAGS="-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1")
    child = procs.spawn([fetch.zkcli(), "-timeout", "10000", "-server", address, *words], env=env,
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        out, _ = child.communicate(timeout=STEP_LIMIT * 2)
    finally:
        procs.kill(child)
    return child.returncode, out.decode(errors="replace")


def check_one_shot(address, root):
    for words, code, pattern in zkcli_script.ONE_SHOT:
        words = [word.format(r=root) for word in words]
        got, out = one_shot(address, *words)
        pattern = pattern.replace("{r}", re.escape(root))
        assert got == code and re.search(pattern, out, re.M), f"{words}: exit {got}, {out[-600:]!r}"


def check_chroot(address, root):
    code, out = one_shot(address + root, "ls", "/")
    assert code == 0 and "[" in out, f"exit {code}, {out[-600:]!r}"
    assert "zookeeper" not in out.rsplit("[", 1)[1], f"the chroot shows the real root: {out[-300:]!r}"


def check_terminal(address, root):
    shell = Shell(address, tty=True)
    try:
        assert re.search(r"\[.*zookeeper\]", shell.run("ls /")), "ls / through a terminal"
        assert "Created" in shell.run(f"create {root}/tty data")
        shell.type("quit")
        assert shell.ended() == 0, f"exit code {shell.child.returncode}"
    finally:
        procs.kill(shell.child)


def check_quit(shell):
    shell.type("quit")
    shell.until("state:Closed")
    assert shell.ended() == 0, f"exit code {shell.child.returncode}"


def run(context):
    server, results = context.server(), context.report
    names = {"r": f"/zkcli-{secrets.token_hex(4)}", "server": server.address}
    shell = None

    def start():
        nonlocal shell
        shell = Shell(server.address)

    if not results.case("zkcli.start", start, 60):
        return
    for name, steps in zkcli_script.CASES:
        if not results.case(f"zkcli.{name}", lambda s=steps: play(shell, s, names), 60):
            # A failed step leaves the shell anywhere; the next case gets a fresh one.
            procs.kill(shell.child)
            shell = Shell(server.address)
            play(shell, zkcli_script.AFTER_FAILURE, names)
    results.case("zkcli.quit", lambda: check_quit(shell), 30)
    results.case("zkcli.one_shot", lambda: check_one_shot(server.address, names["r"]), 120)
    results.case("zkcli.chroot", lambda: check_chroot(server.address, names["r"]), 60)
    results.case("zkcli.terminal", lambda: check_terminal(server.address, names["r"]), 60)
