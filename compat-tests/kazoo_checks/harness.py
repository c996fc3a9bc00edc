"""Runs named cases with kazoo clients of their own and prints the driver's lines. No check lives here."""

import concurrent.futures
import logging
import secrets
import threading
import time
import traceback

from kazoo.client import KazooClient

CASES = []
LIMIT = 60  # seconds for one case


def case(check):
    """Marks a function check(env) as a case of its own name."""
    CASES.append(check)
    return check


class Env:
    """A case's own root node and the clients that it opened."""

    def __init__(self, address, name, root):
        self.address, self.root, self.clients = address, f"{root}/{name}", []

    def client(self, **kwargs) -> KazooClient:
        made = KazooClient(self.address, **{"timeout": 30.0, **kwargs})
        self.clients.append(made)
        made.start(timeout=20)
        return made

    def path(self, name):
        return f"{self.root}/{name}"

    def close(self):
        for client in self.clients:
            client.stop()
            client.close()


def eventually(what, test, limit=20):
    deadline = time.monotonic() + limit
    while not test():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(0.02)


def refused(kind, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind:
        return
    raise AssertionError(f"wanted {kind.__name__}, and it was done")


def same(what, wanted, got):
    if wanted != got:
        raise AssertionError(f"{what}: wanted {wanted!r}, got {got!r}")


def thread(body):
    made = threading.Thread(target=body, daemon=True)
    made.start()
    return made


def _run(address, root, check):
    env = Env(address, check.__name__, root)
    try:
        env.zk = env.client()
        env.zk.ensure_path(env.root)
        check(env)
        return None
    except BaseException as problem:
        where = traceback.extract_tb(problem.__traceback__)[-1]
        text = " ".join(str(problem).split())
        return f"{type(problem).__name__}: {text} ({where.name}:{where.lineno})"
    finally:
        env.close()


def main(address):
    logging.basicConfig(level=logging.WARNING)
    root = f"/kazoo-{secrets.token_hex(4)}"
    print(f"plan {len(CASES)}", flush=True)
    pool = concurrent.futures.ThreadPoolExecutor(4)
    running = [(check.__name__, pool.submit(_run, address, root, check)) for check in CASES]
    for name, future in running:
        try:
            reason = future.result(timeout=LIMIT)
        except concurrent.futures.TimeoutError:
            reason = f"not done within {LIMIT} s"
        print(f"ok {name}" if reason is None else f"FAILED {name}: {reason}", flush=True)
