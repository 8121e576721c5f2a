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
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest, Now

from accounts.models import User
from jobs.models import OPEN_STATES, Job, JobState
from jobs.registry import JobCancelled, JobLost, handler_of

log = logging.getLogger(__name__)
HINT_S = 15.0
HINT_EXPIRES_S = 60  # more than HINT_S, for hosts whose clocks differ: a broker compares its messages with those
PROGRESS_EVERY_S = 0.5
MAX_ATTEMPTS = 20
BACKOFF_S, BACKOFF_MAX_S = 1.0, 60.0
TRANSIENT = (OperationalError, InterfaceError)  # the database went away, was full, or stopped a statement


def owner_name() -> str:
    """A name for who holds a lease: this process, and which of its claims."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@transaction.atomic
def job_enqueue(*, kind: str, arguments: dict[str, Any], requested_by: User | None = None, held_by: str = "") -> Job:
    """Write the job down; tell the workers once it is committed. Losing that hint only delays it.

    ``held_by``: the owner (`owner_name`) who runs it at once. Workers are not told, and cannot have it as long as
    the lease lasts: they may not see the files that a terminal sees.
    """
    handler_of(kind)
    job = Job(kind=kind, arguments=arguments, requested_by=requested_by)
    if held_by:
        job.state, job.lease_owner = JobState.RUNNING, held_by
        job.save()
        Job.objects.filter(pk=job.pk).update(lease_until=_in(settings.JOB_LEASE_S))
        job.refresh_from_db()
        return job
    job.save()
    transaction.on_commit(partial(_hint, job.pk), robust=True)
    return job


def _in(seconds: float) -> Combinable:
    """A time from now by the database's clock: the only one that all hosts share."""
    return Now() + timedelta(seconds=seconds)


def _hint(job_id: uuid.UUID) -> None:
    from jobs.tasks import run_job

    run_job.apply_async([str(job_id)], retry=False, expires=HINT_EXPIRES_S)


def job_claim(job_id: uuid.UUID, owner: str = "") -> str | None:
    """Take the lease of an open job that nobody else holds; the owner's name, or None when it is not to be had.

    Attempts count those in a row that got the job no further, so that long work survives any number of kills.
    """
    owner = owner or owner_name()
    free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=Now())
    free |= Q(state=JobState.RUNNING, lease_owner=owner)
    claimed = Job.objects.filter(free, pk=job_id).update(
        state=JobState.RUNNING,
        lease_owner=owner,
        lease_until=_in(settings.JOB_LEASE_S),
        attempts=Case(When(done__gt=F("done_at_start"), then=Value(1)), default=F("attempts") + 1),
        started_at=Now(),
        done_at_start=Greatest("done", "done_at_start"),
    )
    return owner if claimed else None


def job_run(job_id: uuid.UUID, *, owner: str = "") -> Job | None:
    """Claim and run one job to its end; None when someone else has it. Safe to call any number of times.

    ``owner``: who holds it already. Where the database fails, that one keeps it, to try again after `backoff_s`;
    otherwise the job waits for any worker.
    """
    holder = job_claim(job_id, owner)
    if holder is None:
        return None
    job = Job.objects.get(pk=job_id)
    if job.attempts > MAX_ATTEMPTS:
        why = f" The last time: {job.last_error}" if job.last_error else ""
        started = f"It was started {MAX_ATTEMPTS} times and killed each time before it got any further."
        return _finish(job, holder, JobState.FAILED, error=started + why)
    run = Run(job, holder)
    try:
        with run.heartbeat():
            run.progress(done=job.done)
            result = handler_of(job.kind)(run)
            run.flush()
        return _finish(job, holder, JobState.DONE, result=result)
    except JobCancelled:
        return _finish(job, holder, JobState.CANCELLED)
    except JobLost:
        log.warning("job %s is held by another worker by now; leaving it", job.pk)
        return None
    except TRANSIENT as error:
        log.exception("the database failed under job %s; it will be tried again", job.pk)
        return _put_back(job, holder, error, keep=bool(owner))
    except Exception as error:
        log.exception("job %s failed", job.pk)
        return _finish(job, holder, JobState.FAILED, error=f"{error}\n\n{traceback.format_exc(limit=-5)}")


def backoff_s(attempts: int) -> float:
    """How long to wait before the next attempt after ``attempts`` that failed, seconds."""
    return min(BACKOFF_S * 2.0 ** min(attempts, MAX_ATTEMPTS), BACKOFF_MAX_S)


def _put_back(job: Job, owner: str, error: Exception, *, keep: bool) -> Job | None:
    """Give the job back for another attempt, or ``keep`` it for one; None when the database cannot be told."""
    connection_drop()
    wait_s = backoff_s(job.attempts)
    changes: dict[str, Any] = {"last_error": str(error)[:10_000], "lease_until": _in(wait_s)}
    if keep:
        changes["lease_until"] = _in(wait_s + settings.JOB_LEASE_S)
    else:
        changes |= {"state": JobState.QUEUED, "lease_owner": ""}
    try:
        Job.objects.filter(pk=job.pk, lease_owner=owner, state=JobState.RUNNING).update(**changes)
        job.refresh_from_db()
    except TRANSIENT:
        log.exception("job %s could not be given back; its lease runs out by itself", job.pk)
        connection_drop()
        return None
    return job


def connection_drop() -> None:
    """Close a connection that failed; the next query opens another."""
    if not connection.in_atomic_block:
        connection.close()


def _finish(job: Job, owner: str, state: JobState, *, result: dict[str, Any] | None = None, error: str = "") -> Job:
    changes: dict[str, Any] = {"state": state, "last_error": error[:10_000], **_ended()}
    if result is not None:
        changes["result"] = result
    Job.objects.filter(pk=job.pk, lease_owner=owner).update(**changes)
    job.refresh_from_db()
    return job


def _ended() -> dict[str, Any]:
    return {"finished_at": Now(), "lease_owner": "", "lease_until": None}


class Run:
    """A handler's view of its job. A thread renews the lease while the handler works."""

    def __init__(self, job: Job, owner: str) -> None:
        self.job_id = job.pk
        self.arguments: dict[str, Any] = job.arguments
        self._owner = owner
        self._pending: dict[str, Any] = {}
        self._written_at = 0.0

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
    return {"lease_until": _in(settings.JOB_LEASE_S)}


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
    if Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(state=JobState.CANCELLED, **_ended()):
        return True
    return bool(Job.objects.filter(pk=job_id, state=JobState.RUNNING).update(cancel_requested=True))


def job_stop(job_id: uuid.UUID) -> bool:
    """End an open job now. Whoever still works on it sees at the next step that it is lost, and writes no more."""
    ended = Job.objects.filter(pk=job_id, state__in=OPEN_STATES).update(state=JobState.CANCELLED, **_ended())
    return bool(ended)


@transaction.atomic
def job_retry(job_id: uuid.UUID) -> bool:
    """Queue a failed or cancelled job again; it goes on where its rows say it stopped."""
    again = Job.objects.filter(pk=job_id, state__in=[JobState.FAILED, JobState.CANCELLED]).update(
        state=JobState.QUEUED,
        cancel_requested=False,
        attempts=0,
        finished_at=None,
        last_error="",
        lease_owner="",
        lease_until=None,
    )
    if again:
        transaction.on_commit(partial(_hint, job_id), robust=True)
    return bool(again)


def jobs_sweep() -> int:
    """Hand out the open jobs that nobody works on: lost hints, killed workers. How many there were."""
    # A waiting job's lease says how long its last hint counts, so that a busy queue is not filled with repeats.
    free = Q(state__in=OPEN_STATES, lease_until__lt=Now())
    free |= Q(state=JobState.QUEUED, lease_until=None, created_at__lt=_in(-2))
    with transaction.atomic():
        rows = Job.objects.select_for_update(skip_locked=True).filter(free).order_by("created_at")
        waiting = list(rows.values_list("pk", flat=True)[:100])
        Job.objects.filter(pk__in=waiting).update(state=JobState.QUEUED, lease_owner="", lease_until=_in(HINT_S))
    for job_id in waiting:
        _hint(job_id)
    return len(waiting)
