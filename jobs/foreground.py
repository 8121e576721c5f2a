"""Run a job in the terminal that asked for it, with a progress bar."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from typing import Any, Protocol

from django.core.management.base import CommandError
from django.db import connection
from tqdm import tqdm

from jobs.models import Job, JobState
from jobs.services import TRANSIENT, backoff_s, connection_drop, job_run, job_stop, owner_name

LOOK_EVERY_S = 0.5
_pause = time.sleep
DATABASE_RETRIES, DATABASE_RETRY_S = 60, 2.0


class Start(Protocol):
    """A service that asks for a job; ``held_by`` is for `jobs.services.job_enqueue`."""

    def __call__(self, *, held_by: str) -> Job:
        """Write the job down, held by that owner; an open job that does the same may come back instead."""


def job_run_in_terminal(start: Start, *, unit: str = "item") -> dict[str, Any]:
    """Ask for a job and run it here, out of the workers' reach; return its result.

    Killed, its lease runs out and a worker takes it over. When ``start`` gives a job that somebody has already,
    this watches it.

    Raises
    ------
    CommandError
        The job failed or was cancelled, or the database stays away; what it did until then is kept.
    """
    owner = owner_name()
    job = start(held_by=owner)
    finished = threading.Event()
    watcher = threading.Thread(target=_watch, args=(job.pk, unit, finished), daemon=True)
    watcher.start()
    try:
        ended = _to_its_end(job.pk, owner)
    except KeyboardInterrupt:
        job_stop(job.pk)
        raise CommandError("Stopped. What was done is kept; run the same command again to go on.") from None
    finally:
        finished.set()
        watcher.join()
    if ended.state != JobState.DONE:
        why = ended.last_error.partition("\n")[0]
        raise CommandError(f"The job {ended.get_state_display()}{f': {why}' if why else '.'}")
    return dict(ended.result)


def _to_its_end(job_id: uuid.UUID, owner: str) -> Job:
    """Run the job, again where the database failed, or wait for who has it."""
    failures = 0
    while True:
        try:
            job_run(job_id, owner=owner)
            now = Job.objects.get(pk=job_id)
        except TRANSIENT as error:
            connection_drop()
            failures += 1
            if failures > DATABASE_RETRIES:
                raise CommandError(f"The database cannot be reached ({error}). What was done is kept.") from None
            _pause(DATABASE_RETRY_S)
            continue
        failures = 0
        if not now.is_open:
            return now
        _pause(backoff_s(now.attempts) if now.lease_owner == owner else LOOK_EVERY_S)


def _watch(job_id: uuid.UUID, unit: str, finished: threading.Event) -> None:
    with tqdm(unit=unit, file=sys.stderr, disable=not sys.stderr.isatty(), leave=True) as bar:
        ended = False
        while not ended:
            ended = finished.wait(0.3)
            try:
                row = Job.objects.filter(pk=job_id).values("done", "total", "message").first()
            except TRANSIENT:
                connection.close()
                continue
            if row:
                bar.total = row["total"]
                bar.n = row["done"]
                bar.set_postfix_str(row["message"][:40], refresh=False)
                bar.refresh()
    connection.close()
