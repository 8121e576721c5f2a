"""Which process a pid file really names, and how to end it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import psutil


def pid_of(pid_file: Path, program: str) -> int | None:
    """The running server's process id, or None when the file is missing, stale, or names another process.

    Both servers work in the folder of their pid file: a number that another data folder's server has by now
    does not count.
    """
    try:
        pid = int(pid_file.read_text().splitlines()[0])
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE and program in process.name()
        return pid if alive and Path(process.cwd()) == pid_file.parent.resolve() else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def signal_and_wait(pid_file: Path, program: str, how: signal.Signals) -> None:
    deadline = time.monotonic() + 60
    pid = pid_of(pid_file, program)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
    while pid_of(pid_file, program) and time.monotonic() < deadline:
        time.sleep(0.05)
    if pid_of(pid_file, program):
        print(f"{program} (process {pid}) did not stop within a minute.", file=sys.stderr)
