"""Reads about jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from jobs.models import Job
from jobs.paging import Page, keyset_page


def job_page(at: str = "", *, state: str = "", size: int = 50) -> Page[Job]:
    """Jobs, newest first, of one state if given."""
    jobs = Job.objects.select_related("requested_by").defer("arguments", "result", "last_error")
    return keyset_page(jobs.filter(state=state) if state else jobs, at=at, size=size, key="created_at")


def job_pace(job: Job) -> tuple[float | None, timedelta | None]:
    """The rate (items per second, of this attempt) and the time left, as far as they are known."""
    if job.started_at is None:
        return None, None
    worked = ((job.finished_at or timezone.now()) - job.started_at).total_seconds()
    made = job.done - job.done_at_start
    if worked <= 0 or made <= 0:
        return None, None
    rate = made / worked
    left = timedelta(seconds=round((job.total - job.done) / rate)) if job.total is not None and job.is_open else None
    return rate, left


@dataclass(frozen=True, slots=True)
class Table:
    """A list of a job's result: files refused, with their reasons."""

    title: str
    columns: list[str]
    rows: list[list[object]]


def job_result(job: Job) -> tuple[list[tuple[str, object]], list[Table]]:
    """What came of a job: its figures by name, and its lists as tables."""
    figures: list[tuple[str, object]] = []
    tables: list[Table] = []
    for name, value in job.result.items():
        words = name.replace("_", " ").capitalize()
        if isinstance(value, list):
            items = [item if isinstance(item, dict) else {words: item} for item in value]
            columns = list(dict.fromkeys(column for item in items for column in item))
            if items:
                tables.append(Table(words, columns, [[item.get(column, "") for column in columns] for item in items]))
        elif not isinstance(value, dict):
            figures.append((words, value))
    return figures, tables
