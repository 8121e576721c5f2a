"""Run a job in the terminal that asked for it, with a progress bar."""

from __future__ import annotations

import sys
import threading
import uuid
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from tqdm import tqdm

from jobs.models import Job, JobState
from jobs.services import job_cancel, job_run


def job_run_in_terminal(job: Job, *, unit: str = "item") -> dict[str, Any]:
    """Run ``job`` here, or watch the worker that was faster; return its result.

    Raises
    ------
    CommandError
        The job failed or was cancelled; what it did until then is kept.
    """
    finished = threading.Event()
    watcher = threading.Thread(target=_watch, args=(job.pk, unit, finished), daemon=True)
    watcher.start()
    try:
        job_run(job.pk)
        while (now := Job.objects.get(pk=job.pk)).is_open:
            finished.wait(0.5)
            job_run(job.pk)
    except KeyboardInterrupt:
        job_cancel(job.pk)
        Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(state=JobState.CANCELLED)
        raise CommandError("Stopped. What was done is kept; run the same command again to go on.") from None
    finally:
        finished.set()
        watcher.join()
    if now.state != JobState.DONE:
        why = now.last_error.partition("\n")[0]
        raise CommandError(
            f"The job {now.get_state_display()}: {why}" if why else f"The job {now.get_state_display()}."
        )
    return dict(now.result)


def _watch(job_id: uuid.UUID, unit: str, finished: threading.Event) -> None:
    with tqdm(unit=unit, file=sys.stderr, disable=not sys.stderr.isatty(), leave=True) as bar:
        ended = False
        while not ended:
            ended = finished.wait(0.3)
            row = Job.objects.filter(pk=job_id).values("done", "total", "message").first()
            if row:
                bar.total = row["total"]
                bar.n = row["done"]
                bar.set_postfix_str(row["message"][:40], refresh=False)
                bar.refresh()
    connection.close()
