"""Score what is not scored yet, with as many processes as are free. What is left follows from the rows.

One process holds the job: it says how far the work is and decides when it is over. Others help. All claim
exposures (`ml.claims`) and write the scores of one at once (`ml.pipeline`); so whoever is killed leaves whole
exposures, scored or not, and no cutout is scored twice.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from functools import partial
from typing import Any

from kombu.exceptions import OperationalError as BrokerError

from jobs.models import OPEN_STATES, Job, JobState
from jobs.registry import JobRun
from ml.claims import Claims
from ml.inference import network_of
from ml.models import Model, Score
from ml.pipeline import Failed, claimed_score
from ml.runtime import ModelRefused, Network
from ml.selectors import cutouts_unscored

log = logging.getLogger(__name__)
FAILURES_NAMED = 50
WAIT_S = 0.5
CALL_EVERY_S = 15.0
CALL_EXPIRES_S = 60  # more than CALL_EVERY_S, for hosts whose clocks differ
COUNT_EVERY_S = 2.0
COUNT_SHARE = 0.02
"""Counting may take this share of the time: the more scores there are, the less often they are counted."""


def prescreen(run: JobRun) -> dict[str, Any]:
    """Score every cutout without a score of the job's model, together with every worker that is free.

    The model stays the one that the job was asked for. An original that cannot be read is named in the result
    and its cutouts stay unscored; the rest goes on. Helpers may die: this ends when nothing is left.
    """
    model = Model.objects.get(pk=run.arguments["model"])
    network = network_of(model)
    failed: Failed = {}
    tally = _Tally(run, model, failed)
    only: set[int] | None = None  # what others had when all the rest was done
    with Claims(model) as claims:
        while True:
            found = False
            for _ in claimed_score(model, network, claims.walk(failed, only), failed):
                found = True
                tally.tell()
            if claims.busy:
                only = claims.busy
                time.sleep(WAIT_S)
                tally.tell()
            elif found or only is not None:  # files may have been taken in meanwhile: look once more
                only = None
                tally.look_again()
            else:
                break
    return {
        "model": str(model),
        "scored": tally.count(),
        "failed": list(failed.values())[:FAILURES_NAMED],
        "failed_count": len(failed),
    }


class _Tally:
    """How far the job is, counted from the rows whoever wrote them; tells it, and calls for help now and then."""

    def __init__(self, run: JobRun, model: Model, failed: Failed) -> None:
        asked_at = Job.objects.values_list("created_at", flat=True).get(pk=run.job_id)
        self._run, self._model, self._failed = run, model, failed
        self._rows = Score.objects.filter(model=model, created_at__gte=asked_at)
        self._count_at = self._call_at = 0.0
        self.look_again()

    def look_again(self) -> None:
        """Count what is left, too."""
        self._done = self.count()
        self._total = self._done + cutouts_unscored(self._model).count()
        self.tell()

    def tell(self) -> None:
        """Write the progress down; raises JobCancelled or JobLost when the work must end."""
        began = time.monotonic()
        if began >= self._count_at:
            self._done = self.count()
            now = time.monotonic()
            self._count_at = now + max(COUNT_EVERY_S, (now - began) / COUNT_SHARE)
        unread = f" · exposures that could not be read: {len(self._failed)}" if self._failed else ""
        self._run.progress(done=self._done, total=max(self._total, self._done), message=f"{self._model}{unread}")
        if began >= self._call_at:
            self._call_at = began + CALL_EVERY_S
            call_for_help(self._run.job_id)

    def count(self) -> int:
        """Scores of this model since the job was asked for."""
        return self._rows.count()


def call_for_help(job_id: uuid.UUID) -> threading.Thread:
    """Ask one free worker, wherever it is, to help; each that finds work asks one more. A lost call costs nothing.

    It is sent by a thread of its own: without a broker that takes seconds.
    """
    caller = threading.Thread(target=_call, args=(job_id,), daemon=True, name="call-for-help")
    caller.start()
    return caller


def _call(job_id: uuid.UUID) -> None:
    from ml.tasks import assist

    try:
        assist.apply_async([str(job_id)], queue="jobs", retry=False, expires=CALL_EXPIRES_S)
    except BrokerError:
        log.warning("no worker could be asked to help with job %s: the broker cannot be reached", job_id)


def prescreen_assist(job_id: uuid.UUID) -> int:
    """Help with a pre-screening until nothing is left to claim; how many scores this process wrote.

    Ends at once when the job does, and after the exposures at hand when another job waits for a worker. What it
    cannot read it leaves to the process that holds the job.
    """
    job = Job.objects.filter(pk=job_id).first()
    model = Model.objects.filter(pk=job.arguments["model"]).first() if job and _help_wanted(job_id) else None
    if model is None:
        return 0
    try:
        return _assist(job_id, model, network_of(model))
    except ModelRefused as error:  # the holder of the job meets it, too, and the job says so
        log.warning("no help with job %s: %s", job_id, error)
        return 0


def _assist(job_id: uuid.UUID, model: Model, network: Network) -> int:
    unread = _unread_of(job_id)
    written, called = 0, False
    with Claims(model, wanted=partial(_help_wanted, job_id)) as claims:
        for scored in claimed_score(model, network, claims.walk(unread), unread):
            written += scored
            if not called:
                called = True
                call_for_help(job_id)
            if not _goes_on(job_id):
                break
    return written


_unread: dict[uuid.UUID, Failed] = {}


def _unread_of(job_id: uuid.UUID) -> Failed:
    """What this process could not read for a job: it does not try again each time it is called."""
    if job_id not in _unread:
        _unread.clear()
        _unread[job_id] = {}
    return _unread[job_id]


def _goes_on(job_id: uuid.UUID) -> bool:
    return Job.objects.filter(pk=job_id, state__in=OPEN_STATES, cancel_requested=False).exists()


def _help_wanted(job_id: uuid.UUID) -> bool:
    """Whether somebody works on the job and no other job waits for a worker."""
    running = Job.objects.filter(pk=job_id, state=JobState.RUNNING, cancel_requested=False)
    return running.exists() and not Job.objects.filter(state=JobState.QUEUED).exists()
