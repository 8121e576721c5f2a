"""Reads about jobs."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from jobs.models import Job


def job_pace(job: Job) -> tuple[float | None, timedelta | None]:
    """The rate (items per second, of this attempt) and the time left, as far as they are known."""
    if job.started_at is None:
        return None, None
    worked = ((job.finished_at or timezone.now()) - job.started_at).total_seconds()
    made = job.done - job.done_at_start
    if worked <= 0 or made <= 0:
        return None, None
    rate = made / worked
    left = timedelta(seconds=(job.total - job.done) / rate) if job.total is not None and job.is_open else None
    return rate, left
