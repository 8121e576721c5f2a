"""Jobs of a terminal: out of the workers' reach, stopped by Ctrl-C, and not stopped by a restart of the database."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone

from jobs import services
from jobs.foreground import job_run_in_terminal
from jobs.models import Job, JobState
from jobs.registry import JobRun
from tests.jobs.conftest import Kind
from tests.jobs.test_services import lose_the_connection

pytestmark = pytest.mark.django_db(transaction=True)
START = partial(services.job_enqueue, kind="trial", arguments={})


def test_a_terminals_job_runs_in_the_terminal_and_nowhere_else(kind: Kind, hints: list[Any]) -> None:
    def handler(run: JobRun) -> dict[str, Any]:
        assert services.job_run(run.job_id) is None
        return {"answer": 42}

    kind(handler)
    assert job_run_in_terminal(START) == {"answer": 42}
    assert hints == []


def test_a_job_that_somebody_has_is_watched_not_taken(kind: Kind, hints: list[Any]) -> None:
    kind(lambda run: {"by": "worker"})
    job = services.job_enqueue(kind="trial", arguments={})
    worker = services.job_claim(job.pk)

    def start(*, held_by: str) -> Job:
        return Job.objects.get(pk=job.pk)

    ended: list[Any] = []

    def pause(seconds: float) -> bool:
        ended.append(services.job_run(job.pk, owner=worker))
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.foreground.LOOK_EVERY_S", 0.0)
        patch.setattr("jobs.foreground.backoff_s", lambda attempts: pytest.fail("it was taken"))
        patch.setattr("jobs.foreground._pause", pause)
        assert job_run_in_terminal(start) == {"by": "worker"}
    assert len(ended) == 1


def test_ctrl_c_ends_the_job_and_leaves_no_lease(kind: Kind, hints: list[Any]) -> None:
    def handler(run: JobRun) -> dict[str, Any]:
        raise KeyboardInterrupt

    kind(handler)
    with pytest.raises(CommandError, match="run the same command again"):
        job_run_in_terminal(START)
    job = Job.objects.get()
    assert (job.state, job.lease_owner, job.lease_until) == (JobState.CANCELLED, "", None)
    assert job.finished_at is not None and job.finished_at <= timezone.now()
    assert services.jobs_sweep() == 0


def test_a_terminal_keeps_its_job_over_a_restart_of_the_database(
    kind: Kind, hints: list[Any], monkeypatch: Any
) -> None:
    monkeypatch.setattr(services, "BACKOFF_S", 0.1)
    calls: list[int] = []

    def handler(run: JobRun) -> dict[str, Any]:
        calls.append(1)
        if len(calls) < 3:
            lose_the_connection()
        return {"calls": len(calls)}

    kind(handler)
    swept: list[int] = []
    monkeypatch.setattr("jobs.foreground.backoff_s", lambda n: swept.append(services.jobs_sweep()) or 0.1)
    assert job_run_in_terminal(START) == {"calls": 3}
    assert swept == [0, 0] and hints == []


def test_a_failure_is_one_line(kind: Kind, hints: list[Any]) -> None:
    def handler(run: JobRun) -> dict[str, Any]:
        raise OSError("The disk is full.")

    kind(handler)
    with pytest.raises(CommandError, match=r"^The job failed: The disk is full\.$"):
        job_run_in_terminal(START)
