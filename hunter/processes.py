"""Start several processes, pass on what they print, stop them all together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

PATIENCE_S = 10.0  # durable jobs go on at the next start, so nobody needs to wait for them


class ProcessGroup:
    """Named child processes. Each has a session of its own, so that Ctrl-C reaches only us, and we stop them."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._children: dict[str, subprocess.Popen[str]] = {}
        self._write = write

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start one; its lines are printed with its name in front. If we are killed, the kernel ends it, too."""
        child = subprocess.Popen(
            [sys.executable, "-m", "hunter.tied", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        self._children[name] = child
        threading.Thread(target=self._pump, args=(name, child), daemon=True).start()

    def _pump(self, name: str, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            self._write(f"{name:>8} | {line.rstrip()}")

    def ended(self) -> str | None:
        """The name of a child that ended by itself, if any."""
        return next((name for name, child in self._children.items() if child.poll() is not None), None)

    def stop(self) -> None:
        """End all: politely, then for good."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + PATIENCE_S
        for child in self._children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=max(0.1, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # whatever the child itself left behind
            child.wait()
