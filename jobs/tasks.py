"""Celery entry points: take ids, call a service."""

from __future__ import annotations

import uuid

from celery import shared_task

from jobs import services


@shared_task(name="jobs.run")
def run_job(job_id: str) -> None:
    """Run one job, unless someone else has it."""
    services.job_run(uuid.UUID(job_id))


@shared_task(name="jobs.tasks.sweep", time_limit=60)
def sweep() -> None:
    """Hand out the open jobs that nobody works on."""
    services.jobs_sweep()
