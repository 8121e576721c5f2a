"""A real worker with its scheduler on this test's database and files, and a way to kill it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from jobs.models import Job

ROOT = Path(__file__).resolve().parents[2]
LEASE_S = 2.0


def job_ended(job: Job) -> bool:
    """Whether the job is over, whatever became of it; looks four times a second."""
    time.sleep(0.25)
    return not Job.objects.get(pk=job.pk).is_open


class Workers:
    """Starts Celery workers, scheduler included; each in a session of its own, so that it dies as a whole."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._running: list[subprocess.Popen[bytes]] = []
        self._terminals: list[subprocess.Popen[bytes]] = []

    def start(self, *, processes: int = 1, **environment: str) -> None:
        """Start a worker of so many processes that takes every queue, with the scheduler that sweeps."""
        self._running.append(self._spawn(self._worker_command(processes), environment))

    def terminal(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Run a command of `manage.py` beside the workers; it is killed with them, if not before."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        self._terminals.append(self._spawn(command, environment))
        return self._terminals[-1]

    def _worker_command(self, processes: int) -> list[str]:
        command = [sys.executable, "-m", "celery", "--app", "hunter", "worker", "--beat", "--queues", "celery,jobs"]
        command += ["--concurrency", str(processes), "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
        return [*command, "--schedule", str(self._folder / "beat")]

    def _spawn(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self._folder / "worker.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """`kill -9` for every process of the workers, as when the machine runs out of memory."""
        self._signal(signal.SIGKILL)
        for process in [*self._running, *self._terminals]:
            process.wait()

    def kill_terminals(self) -> None:
        """`kill -9` for the commands only."""
        for terminal in self._terminals:
            os.killpg(terminal.pid, signal.SIGKILL)
            terminal.wait()

    def kill_when(self, condition: Callable[[], bool], what: str) -> None:
        """`kill -9` at a moment at which ``condition`` holds for certain: they are frozen while it is looked at."""
        while True:
            self.wait_for(condition, what)
            self._signal(signal.SIGSTOP)
            time.sleep(0.05)  # the database ends what it was told before
            if condition():
                return self.kill()
            self._signal(signal.SIGCONT)

    def _signal(self, which: signal.Signals) -> None:
        for process in [*self._running, *self._terminals]:
            if process.returncode is None:  # a number that was waited for may be another's by now
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, which)

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
        """Return as soon as ``condition`` holds; fail with the workers' words when it never does, or they are gone."""
        end = time.monotonic() + seconds
        while not condition():
            alive = self._running[-1].poll() is None
            if not alive or time.monotonic() > end:
                log = (self._folder / "worker.log").read_text(errors="replace")[-4000:]
                pytest.fail(f"{what} did not happen; the worker {'runs' if alive else 'ended'}. It said:\n{log}")
            time.sleep(0.005)


@pytest.fixture
def workers(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Workers]:
    """Workers on this test's database, broker and files; none outlives the test."""
    database = connection.settings_dict
    assert Path(settings.MEDIA_ROOT) == tmp_path / "media"
    found = Workers(
        tmp_path,
        {
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
            "REDIS_URL": settings.REDIS_URL,
            "JOB_LEASE_S": str(LEASE_S),
        },
    )
    yield found
    found.kill()
