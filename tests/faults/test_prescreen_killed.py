"""Workers killed with -9 in the middle of pre-screening cost nothing: the job ends, the rows are the same."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from django.db import connection
from redis import Redis

from archive.tiling import Box
from jobs.models import Job, JobState
from jobs.services import job_run
from ml.models import Score
from ml.services import prescreen_start, shipped_model_ensure
from tests.faults.conftest import Workers, job_ended
from tests.ml.making import damage, scores_by_cutout, stored_exposure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("faults-prescreen")]
BOXES = [Box(x0, y0, 512, 512) for y0 in range(0, 440, 110) for x0 in range(0, 440, 88)]
EXPOSURES = 7
TOTAL = EXPOSURES * len(BOXES)


def processes_at_work() -> int:
    """How many connections hold claims."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(cursor.fetchone()[0])


def test_pre_screening_survives_kill_9_an_emptied_broker_and_a_corrupt_original(
    workers: Workers, settings: Any
) -> None:
    for seed in range(EXPOSURES):
        stored_exposure(seed=seed, boxes=BOXES)
    corrupt = stored_exposure(seed=EXPOSURES, boxes=BOXES[:3])
    damage(corrupt)
    job = prescreen_start()

    workers.start(processes=2)
    workers.wait_for(lambda: processes_at_work() == 2 and Score.objects.exists(), "two processes at work")
    holder = Job.objects.get(pk=job.pk).lease_owner
    os.kill(int(holder.split(":")[1]), signal.SIGKILL)  # the one that holds the job; the helper goes on
    Redis.from_url(settings.REDIS_URL).flushdb()
    first = Score.objects.count()
    workers.kill_when(lambda: first < Score.objects.count() < TOTAL, "the helper's next scores")
    kept = dict(Score.objects.values_list("pk", "created_at"))
    assert len(kept) % len(BOXES) == 0  # whole exposures
    assert Job.objects.get(pk=job.pk).state == JobState.RUNNING

    workers.start(processes=2)
    workers.wait_for(lambda: job_ended(job), "the end of the job")
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.last_error
    assert (job.done, job.total, job.result["scored"]) == (TOTAL, TOTAL + 3, TOTAL)
    named = [(failed["file"], failed["exposure"]) for failed in job.result["failed"]]
    assert named == [(corrupt.source_file.name, str(corrupt))]
    assert kept.items() <= dict(Score.objects.values_list("pk", "created_at")).items()
    disturbed = scores_by_cutout(shipped_model_ensure().pk)
    assert len(disturbed) == Score.objects.count() == TOTAL

    workers.kill()
    Score.objects.all().delete()
    again = job_run(prescreen_start().pk)
    assert again is not None and again.state == JobState.DONE
    undisturbed = scores_by_cutout(shipped_model_ensure().pk)
    assert disturbed.keys() == undisturbed.keys()
    for cutout_id, values in undisturbed.items():
        assert disturbed[cutout_id] == pytest.approx(values, abs=1e-5)
