"""A worker killed with -9 in the middle of a training: the training ends with it, and another goes on from there."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from jobs.models import Job, JobState
from jobs.services import job_run
from ml import learning
from ml.models import Model
from tests.faults.conftest import Workers
from tests.ml.onnx_making import model_bytes
from tests.ml.test_loop_training import STAND_IN, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("faults-training")]

IN_ANOTHER_PROCESS = """
from ml import learning
from jobs.services import job_run
learning.NEEDED = ()
learning.command_of = lambda arguments, folder, *, labels: [*{command!r}, str(folder / "made"), *{rest!r}]
job_run({job!r})
"""


def trainings(folder: Path) -> list[psutil.Process]:
    return [
        one for one in psutil.process_iter(["cmdline", "status"])
        if str(folder / "stand_in.py") in (one.info["cmdline"] or []) and one.info["status"] != psutil.STATUS_ZOMBIE
    ]  # fmt: skip


def test_a_training_survives_kill_9_of_its_worker(
    workers: Workers, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small.onnx").write_bytes(model_bytes())
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    settings.DATA_DIR, settings.JOB_LEASE_S = tmp_path, 2.0
    monkeypatch.setattr(learning, "NEEDED", ())
    command = [sys.executable, "-m", "hunter.tied", sys.executable, str(tmp_path / "stand_in.py")]
    rest = [str(tmp_path / "small.onnx"), "local", "0.7"]
    job = learning.train_start(use_labels=False)

    code = IN_ANOTHER_PROCESS.format(command=command, rest=rest, job=str(job.pk))
    terminal = workers.terminal("shell", "--no-imports", "-c", code)
    steps = learning.work_folder(job.pk) / "made" / "steps"
    wait_for(lambda: steps.exists() and len(steps.read_text().split()) >= 2, seconds=90)
    assert trainings(tmp_path)
    os.kill(terminal.pid, signal.SIGKILL)
    terminal.wait()
    wait_for(lambda: not trainings(tmp_path), seconds=10)
    done = len(steps.read_text().split())
    assert done < 5 and Job.objects.get(pk=job.pk).state == JobState.RUNNING

    monkeypatch.setattr(
        learning, "command_of", lambda arguments, folder, *, labels: [*command, str(folder / "made"), *rest]
    )
    wait_for(lambda: job_run(job.pk) is not None)  # as soon as the lease is over
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.last_error
    assert steps.read_text().split() == ["0", "1", "2", "3", "4"]  # it went on; nothing was learnt twice
    assert Model.objects.get().pk == job.result["model_id"]
