"""Child processes: started here, ended here, by their own id. Nothing else may start or end a process.

Every child leads a process group of its own, so that a script's children end with it, and gets a signal from
the kernel if the driver itself dies.
"""

import ctypes
import os
import signal
import subprocess
import time

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_live = []


def _child():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(argv, **kwargs) -> subprocess.Popen:
    """As subprocess.Popen; the child is ended by stop_all() at the latest."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    child = subprocess.Popen([str(a) for a in argv], start_new_session=True, preexec_fn=_child, **kwargs)
    _live.append(child)
    return child


def kill(child, sig=signal.SIGKILL):
    """Sends `sig` to the child's own group; SIGKILL also waits until it is gone."""
    try:
        os.killpg(child.pid, sig)
    except ProcessLookupError:
        pass
    if sig == signal.SIGKILL:
        child.wait(timeout=30)
        if child in _live:
            _live.remove(child)


def stop(child, patience=15):
    """SIGTERM, then SIGKILL when it has not ended within `patience` seconds."""
    kill(child, signal.SIGTERM)
    try:
        child.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        pass
    kill(child)


def stop_all(keep=None):
    """Ends every child but `keep`."""
    for child in [one for one in _live if one is not keep]:
        try:
            kill(child)
        except subprocess.TimeoutExpired:
            print(f"process {child.pid} did not end after SIGKILL", flush=True)


def wait_until(what, test, limit, step=0.05):
    """Calls test() until it answers something true, and hands that back; TimeoutError(what) after `limit` s."""
    deadline = time.monotonic() + limit
    while True:
        answer = test()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {limit} s")
        time.sleep(step)
