"""Writes about jobs: ask, claim, run, cancel, retry. A lease says who works; when it runs out, anyone may."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import traceback
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from jobs.models import OPEN_STATES, Job, JobState
from jobs.registry import JobCancelled, JobLost, handler_of

log = logging.getLogger(__name__)
HINT_S = 15.0
PROGRESS_EVERY_S = 0.5
MAX_ATTEMPTS = 20


@transaction.atomic
def job_enqueue(*, kind: str, arguments: dict[str, Any], requested_by: User | None = None) -> Job:
    """Write the job down; tell the workers once it is committed. Losing that hint only delays it."""
    handler_of(kind)
    job = Job.objects.create(kind=kind, arguments=arguments, requested_by=requested_by)
    transaction.on_commit(partial(_hint, job.pk), robust=True)
    return job


def _hint(job_id: uuid.UUID) -> None:
    from jobs.tasks import run_job

    run_job.apply_async([str(job_id)], retry=False)


def job_claim(job_id: uuid.UUID) -> str | None:
    """Take the lease of an open job that nobody holds; the owner's name, or None when it is not to be had."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    now = timezone.now()
    free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    claimed = Job.objects.filter(free, pk=job_id).update(
        state=JobState.RUNNING,
        lease_owner=owner,
        lease_until=now + timedelta(seconds=settings.JOB_LEASE_S),
        attempts=F("attempts") + 1,
        started_at=now,
        done_at_start=F("done"),
    )
    return owner if claimed else None


def job_run(job_id: uuid.UUID) -> Job | None:
    """Claim and run one job to its end; None when someone else has it. Safe to call any number of times."""
    owner = job_claim(job_id)
    if owner is None:
        return None
    job = Job.objects.get(pk=job_id)
    if job.attempts > MAX_ATTEMPTS:
        return _finish(job, owner, JobState.FAILED, error=f"It was started {MAX_ATTEMPTS} times and killed each time.")
    run = Run(job, owner)
    with run.heartbeat():
        try:
            run.progress(done=job.done)
            result = handler_of(job.kind)(run)
        except JobCancelled:
            return _finish(job, owner, JobState.CANCELLED)
        except JobLost:
            log.warning("job %s is held by another worker by now; leaving it", job.pk)
            return None
        except Exception as error:
            log.exception("job %s failed", job.pk)
            return _finish(job, owner, JobState.FAILED, error=f"{error}\n\n{traceback.format_exc(limit=-5)}")
    run.flush()
    return _finish(job, owner, JobState.DONE, result=result)


def _finish(job: Job, owner: str, state: JobState, *, result: dict[str, Any] | None = None, error: str = "") -> Job:
    changes: dict[str, Any] = {"state": state, "finished_at": timezone.now(), "lease_owner": "", "lease_until": None}
    if result is not None:
        changes["result"] = result
    if error:
        changes["last_error"] = error[:10_000]
    Job.objects.filter(pk=job.pk, lease_owner=owner).update(**changes)
    job.refresh_from_db()
    return job


class Run:
    """A handler's view of its job. A thread renews the lease while the handler works."""

    def __init__(self, job: Job, owner: str) -> None:
        self.job_id = job.pk
        self.arguments: dict[str, Any] = job.arguments
        self._owner = owner
        self._pending: dict[str, Any] = {}
        self._written_at = 0.0
        self._stop = threading.Event()

    def progress(self, *, done: int, total: int | None = None, message: str = "") -> None:
        """Write the progress down (at most twice a second); raises JobCancelled or JobLost."""
        self._pending = {"done": done, "message": message[:500]} | ({} if total is None else {"total": total})
        if time.monotonic() - self._written_at >= PROGRESS_EVERY_S:
            self.flush()
            row = Job.objects.filter(pk=self.job_id).values("lease_owner", "cancel_requested").first()
            if row is None or row["lease_owner"] != self._owner:
                raise JobLost
            if row["cancel_requested"]:
                raise JobCancelled

    def flush(self) -> None:
        """Write what `progress` held back."""
        self._written_at = time.monotonic()
        if self._pending:
            Job.objects.filter(pk=self.job_id, lease_owner=self._owner).update(**self._pending, **_lease())

    def heartbeat(self) -> _Heartbeat:
        """Renew the lease in the background while the block runs."""
        return _Heartbeat(self.job_id, self._owner)


def _lease() -> dict[str, Any]:
    return {"lease_until": timezone.now() + timedelta(seconds=settings.JOB_LEASE_S)}


class _Heartbeat:
    def __init__(self, job_id: uuid.UUID, owner: str) -> None:
        self._filter = {"pk": job_id, "lease_owner": owner}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="job-heartbeat")

    def __enter__(self) -> None:
        # Inside a test's transaction another connection could not see the row.
        if not connection.in_atomic_block:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stop.wait(settings.JOB_LEASE_S / 4):
                close_old_connections()
                try:
                    Job.objects.filter(**self._filter).update(**_lease())
                except Exception:
                    log.exception("a lease could not be renewed; trying again")
        finally:
            connection.close()


def job_cancel(job_id: uuid.UUID) -> bool:
    """Ask an open job to end. A waiting one ends at once; a running one at its next step."""
    now = timezone.now()
    if Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(state=JobState.CANCELLED, finished_at=now):
        return True
    return bool(Job.objects.filter(pk=job_id, state=JobState.RUNNING).update(cancel_requested=True))


@transaction.atomic
def job_retry(job_id: uuid.UUID) -> bool:
    """Queue a failed or cancelled job again; it goes on where its rows say it stopped."""
    again = Job.objects.filter(pk=job_id, state__in=[JobState.FAILED, JobState.CANCELLED]).update(
        state=JobState.QUEUED, cancel_requested=False, attempts=0, finished_at=None, last_error=""
    )
    if again:
        transaction.on_commit(partial(_hint, job_id), robust=True)
    return bool(again)


def jobs_sweep() -> int:
    """Hand out the open jobs that nobody works on: lost hints, killed workers. How many there were."""
    now = timezone.now()
    # A waiting job's lease says how long its last hint counts, so that a busy queue is not filled with repeats.
    free = Q(state__in=OPEN_STATES, lease_until__lt=now)
    free |= Q(state=JobState.QUEUED, lease_until=None, created_at__lt=now - timedelta(seconds=2))
    waiting = list(Job.objects.filter(free).order_by("created_at").values_list("pk", flat=True)[:100])
    Job.objects.filter(pk__in=waiting, state=JobState.QUEUED).update(lease_until=now + timedelta(seconds=HINT_S))
    for job_id in waiting:
        _hint(job_id)
    return len(waiting)
