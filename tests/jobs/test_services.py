"""Durable jobs: claimed once, run to an end, taken over when their worker dies."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from jobs import services
from jobs.models import Job, JobState
from jobs.registry import JobLost, JobRun
from tests.jobs.conftest import Kind


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
    assert services.jobs_sweep() == 0 and hints == []  # just hinted at: a busy queue is not filled with repeats
    taken = Job.objects.get(pk=dead)
    assert (taken.state, taken.lease_owner) == (JobState.QUEUED, "")
    Job.objects.filter(pk=lost_hint).update(lease_until=ago)
    assert services.jobs_sweep() == 1 and hints == [lost_hint]


def test_a_hint_that_nobody_took_goes_by_itself(job: Job) -> None:
    services._hint(job.pk)
    client = redis.Redis.from_url(settings.REDIS_URL)
    told = [json.loads(message) for message in client.lrange("jobs", 0, -1)]
    client.close()
    (hint,) = [message for message in told if str(job.pk) in message["headers"]["argsrepr"]]
    expires = datetime.fromisoformat(hint["headers"]["expires"])
    assert timedelta(0) < expires - timezone.now() <= timedelta(seconds=services.HINT_EXPIRES_S)


def test_no_clock_but_the_databases_decides_about_leases(job: Job, hints: list[Any], monkeypatch: Any) -> None:
    """A host whose clock is an hour ahead steals nothing; one that is an hour late keeps its lease."""
    true_now = timezone.now
    for off in (timedelta(hours=1), timedelta(hours=-1)):
        Job.objects.update(state=JobState.QUEUED, lease_until=None)
        with monkeypatch.context() as patch:
            patch.setattr(timezone, "now", lambda off=off: true_now() + off)
            assert services.job_claim(job.pk) is not None
        for other in (timedelta(hours=1), timedelta(0)):
            with monkeypatch.context() as patch:
                patch.setattr(timezone, "now", lambda other=other: true_now() + other)
                assert services.job_claim(job.pk) is None
                assert services.jobs_sweep() == 0
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: true_now() + timedelta(hours=1))
        ahead = services.job_enqueue(kind="trial", arguments={})
    assert services.job_cancel(ahead.pk)  # ends "before" it began, were the clocks of two hosts compared
    ahead.refresh_from_db()
    assert ahead.created_at <= ahead.finished_at


def test_a_held_job_is_its_holders_and_no_worker_hears_of_it(
    kind: Kind, db: None, hints: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    owner = services.owner_name()
    with django_capture_on_commit_callbacks(execute=True):
        held = services.job_enqueue(kind="trial", arguments={}, held_by=owner)
    assert (held.state, held.lease_owner) == (JobState.RUNNING, owner)
    assert hints == [] and services.jobs_sweep() == 0
    assert services.job_run(held.pk) is None  # a worker that found it some other way
    assert services.job_run(held.pk, owner=owner) is not None
    held.refresh_from_db()
    assert (held.state, held.attempts) == (JobState.DONE, 1)


def test_a_held_job_whose_holder_died_is_taken_over(kind: Kind, db: None, hints: list[Any]) -> None:
    held = services.job_enqueue(kind="trial", arguments={}, held_by=services.owner_name())
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert services.jobs_sweep() == 1 and hints == [held.pk]
    assert services.job_run(held.pk).state == JobState.DONE


def test_a_job_that_is_killed_each_time_ends_at_last(job: Job, kind: Kind) -> None:
    ran: list[int] = []
    kind(lambda run: ran.append(1) or {})
    Job.objects.update(attempts=services.MAX_ATTEMPTS)
    services.job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED and "killed each time" in job.last_error
    assert not ran


def test_a_job_that_gets_further_each_time_is_never_given_up(job: Job, kind: Kind) -> None:
    steps = 2 * services.MAX_ATTEMPTS
    for done in range(1, steps):
        assert services.job_claim(job.pk) is not None
        Job.objects.update(done=done, lease_until=timezone.now() - timedelta(seconds=1))  # killed after one more
    assert services.job_run(job.pk).state == JobState.DONE


def test_walking_over_what_was_done_before_is_no_progress(job: Job, kind: Kind) -> None:
    for done in (3, 1, 3, 2):
        assert services.job_claim(job.pk) is not None
        Job.objects.update(done=done, lease_until=timezone.now() - timedelta(seconds=1))
    services.job_claim(job.pk)
    job.refresh_from_db()
    assert (job.attempts, job.done_at_start) == (4, 3)  # the first one got further, the next three did not


def lose_the_connection() -> None:
    """What a restart of the database does to a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_another_attempt_not_a_failure(kind: Kind, hints: list[Any]) -> None:
    calls: list[int] = []

    def handler(run: JobRun) -> dict[str, Any]:
        calls.append(1)
        if len(calls) == 1:
            with transaction.atomic():
                lose_the_connection()
        return {"calls": len(calls)}

    kind(handler)
    job = services.job_enqueue(kind="trial", arguments={})
    assert services.job_run(job.pk) is not None
    job.refresh_from_db()
    assert (job.state, job.lease_owner, job.attempts, job.finished_at) == (JobState.QUEUED, "", 1, None)
    assert "terminat" in job.last_error
    assert timedelta(0) < job.lease_until - timezone.now() < timedelta(seconds=services.backoff_s(1))
    hints.clear()
    assert services.jobs_sweep() == 0 and hints == []  # not before the time to back off is over
    services.job_run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result, job.last_error, job.attempts) == (JobState.DONE, {"calls": 2}, "", 2)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_each_time_ends_the_job_with_its_words(kind: Kind) -> None:
    kind(lambda run: lose_the_connection() or {})
    job = services.job_enqueue(kind="trial", arguments={})
    for _ in range(services.MAX_ATTEMPTS):
        services.job_run(job.pk)
        job.refresh_from_db()
        assert job.state == JobState.QUEUED
    services.job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "The last time: terminat" in job.last_error
    assert services.backoff_s(services.MAX_ATTEMPTS) == services.BACKOFF_MAX_S
