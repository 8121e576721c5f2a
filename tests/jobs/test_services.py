"""Durable jobs: claimed once, run to an end, taken over when their worker dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs import registry, services
from jobs.models import Job, JobState
from jobs.registry import JobLost, JobRun

Kind = Callable[[Callable[[JobRun], dict[str, Any]]], None]


@pytest.fixture
def kind() -> Iterator[Kind]:
    """Makes the handler of jobs of kind "trial"."""

    def use(handler: Callable[[JobRun], dict[str, Any]]) -> None:
        registry._handlers["trial"] = handler

    use(lambda run: {})
    yield use
    del registry._handlers["trial"]


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The ids that were handed to the workers."""
    sent: list[Any] = []
    monkeypatch.setattr(services, "_hint", sent.append)
    return sent


@pytest.fixture
def job(db: None, kind: Kind) -> Job:
    return services.job_enqueue(kind="trial", arguments={"n": 3})


def test_a_job_runs_to_its_end_with_its_result(job: Job, kind: Kind) -> None:
    def handler(run: JobRun) -> dict[str, Any]:
        for done in range(run.arguments["n"]):
            run.progress(done=done + 1, total=3, message=f"step {done}")
        return {"answer": 42}

    kind(handler)
    assert services.job_run(job.pk) is not None
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.result) == (JobState.DONE, 3, 3, {"answer": 42})
    assert job.finished_at is not None and job.lease_owner == ""
    assert services.job_run(job.pk) is None  # twice is once


def test_unknown_kinds_are_refused(db: None) -> None:
    with pytest.raises(LookupError, match="knitting"):
        services.job_enqueue(kind="knitting", arguments={})
    assert not Job.objects.exists()


def test_only_one_worker_gets_a_job_until_its_lease_runs_out(job: Job) -> None:
    assert services.job_claim(job.pk) is not None
    assert services.job_claim(job.pk) is None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert services.job_claim(job.pk) is not None
    job.refresh_from_db()
    assert job.attempts == 2


def test_the_lease_lasts_as_long_as_the_setting_says(job: Job, settings: Any) -> None:
    settings.JOB_LEASE_S = 300.0
    services.job_claim(job.pk)
    job.refresh_from_db()
    assert job.lease_until - timezone.now() > timedelta(seconds=290)


def test_a_worker_whose_job_was_taken_over_stops_and_changes_nothing(job: Job, kind: Kind, monkeypatch: Any) -> None:
    monkeypatch.setattr(services, "PROGRESS_EVERY_S", 0.0)
    seen: list[str] = []

    def handler(run: JobRun) -> dict[str, Any]:
        Job.objects.update(lease_owner="somebody else", message="mine now")
        try:
            run.progress(done=1, total=2)
        except JobLost:
            seen.append("lost")
            raise
        return {}

    kind(handler)
    assert services.job_run(job.pk) is None
    job.refresh_from_db()
    assert seen == ["lost"]
    assert (job.state, job.lease_owner, job.message, job.result) == (JobState.RUNNING, "somebody else", "mine now", {})


def test_a_failure_keeps_its_words(job: Job, kind: Kind) -> None:
    def handler(run: JobRun) -> dict[str, Any]:
        raise OSError("The disk is full.")

    kind(handler)
    services.job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.last_error.startswith("The disk is full.\n\n")


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_step(
    job: Job, kind: Kind, monkeypatch: Any
) -> None:
    monkeypatch.setattr(services, "PROGRESS_EVERY_S", 0.0)
    other = services.job_enqueue(kind="trial", arguments={})
    assert services.job_cancel(other.pk)
    other.refresh_from_db()
    assert other.state == JobState.CANCELLED
    steps: list[int] = []

    def handler(run: JobRun) -> dict[str, Any]:
        for step in range(5):
            run.progress(done=step, total=5)
            steps.append(step)
            if step == 1:
                assert services.job_cancel(job.pk)
        return {}

    kind(handler)
    services.job_run(job.pk)
    job.refresh_from_db()
    assert (steps, job.state) == ([0, 1], JobState.CANCELLED)
    assert not services.job_cancel(job.pk)


def test_only_failed_and_cancelled_jobs_start_again(
    job: Job, hints: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    assert not services.job_retry(job.pk)
    now = timezone.now()
    Job.objects.update(state=JobState.FAILED, attempts=7, last_error="x", cancel_requested=True, finished_at=now)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.job_retry(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.last_error, job.cancel_requested) == (JobState.QUEUED, 0, "", False)
    assert hints == [job.pk]


def test_the_sweep_finds_lost_hints_and_dead_workers_and_nothing_else(db: None, kind: Kind, hints: list[Any]) -> None:
    now = timezone.now()
    ago = now - timedelta(minutes=1)

    def make(state: JobState, lease: Any, created: Any = ago) -> Any:
        made = Job.objects.create(kind="trial", state=state, lease_until=lease)
        Job.objects.filter(pk=made.pk).update(created_at=created)
        return made.pk

    lost_hint, dead = make(JobState.QUEUED, None), make(JobState.RUNNING, ago)
    make(JobState.QUEUED, None, now)
    make(JobState.RUNNING, now + timedelta(minutes=1))
    make(JobState.DONE, None)
    assert services.jobs_sweep() == 2
    assert set(hints) == {lost_hint, dead}
    hints.clear()
    services.jobs_sweep()
    assert hints == [dead]  # the waiting one was just hinted at: a busy queue is not filled with repeats
    Job.objects.filter(pk=lost_hint).update(lease_until=ago)
    services.jobs_sweep()
    assert lost_hint in hints


def test_a_job_that_is_killed_each_time_ends_at_last(job: Job, kind: Kind) -> None:
    ran: list[int] = []
    kind(lambda run: ran.append(1) or {})
    Job.objects.update(attempts=services.MAX_ATTEMPTS)
    services.job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED and "killed each time" in job.last_error
    assert not ran
