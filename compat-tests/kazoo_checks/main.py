"""kazoo against one server: `main.py HOST:PORT`. The groups of cases are modules beside this one."""

import os
import sys

import harness
import operations  # noqa: F401  (registers its cases)
import recipes  # noqa: F401
import watching  # noqa: F401
import words  # noqa: F401

harness.main(sys.argv[1])
sys.stdout.flush()
os._exit(0)  # a case that hangs has left a thread behind; it must not keep the program
