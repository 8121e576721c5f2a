"""A worker that is killed with -9 in the middle of pre-screening costs nothing: the job ends, the rows are the same."""

from __future__ import annotations

import pytest

from archive.tiling import Box
from jobs.models import Job, JobState
from jobs.services import job_run
from ml.models import Score
from ml.services import prescreen_start, shipped_model_ensure
from tests.faults.conftest import Workers, job_ended
from tests.ml.making import scores_by_cutout, stored_exposure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("faults-prescreen")]
BOXES = [Box(x0, y0, 512, 512) for y0 in range(0, 440, 55) for x0 in range(0, 440, 44)]


def test_a_killed_worker_loses_and_doubles_no_score(workers: Workers) -> None:
    stored_exposure(seed=4, boxes=BOXES)
    job = prescreen_start()
    workers.start()
    workers.kill_when(lambda: 0 < Score.objects.count() < len(BOXES), "the first score")
    kept = dict(Score.objects.values_list("pk", "created_at"))
    assert 0 < len(kept) < len(BOXES)
    assert Job.objects.get(pk=job.pk).state == JobState.RUNNING

    workers.start()
    workers.wait_for(lambda: job_ended(job), "the end of the job")
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.last_error
    assert (job.done, job.total, job.result["scored"]) == (len(BOXES),) * 3
    assert kept.items() <= dict(Score.objects.values_list("pk", "created_at")).items()
    disturbed = scores_by_cutout(shipped_model_ensure().pk)

    workers.kill()
    Score.objects.all().delete()
    again = job_run(prescreen_start().pk)
    assert again is not None and again.state == JobState.DONE
    undisturbed = scores_by_cutout(shipped_model_ensure().pk)
    assert disturbed.keys() == undisturbed.keys() and len(disturbed) == len(BOXES)
    for cutout_id, values in undisturbed.items():
        assert disturbed[cutout_id] == pytest.approx(values, abs=1e-5)
