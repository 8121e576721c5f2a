"""Pre-screening over real rows and real files."""

from __future__ import annotations

from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from archive.renderings import cutout_pixels
from archive.tiling import Box
from jobs.models import Job, JobState
from jobs.registry import JobCancelled
from jobs.services import job_cancel, job_retry, job_run
from ml import prescreening
from ml.inference import network_of
from ml.models import Score
from ml.preprocess import network_input
from ml.services import prescreen_start, shipped_model_ensure
from tests.ml.making import damage, scores_by_cutout, stored_exposure

pytestmark = pytest.mark.django_db
ROW_OF_TILES = [Box(x0, 100, 512, 512) for x0 in range(0, 440, 12)]


def finish(job: Job) -> Job:
    done = job_run(job.pk)
    assert done is not None
    assert done.state == JobState.DONE, done.last_error
    return done


def test_every_cutout_gets_the_score_its_own_pixels_give() -> None:
    exposures = [stored_exposure(seed=1), stored_exposure(seed=2, size=400)]
    done = finish(prescreen_start())
    model = shipped_model_ensure()
    assert done.result == {"model": "trailnet 1", "scored": 5, "failed": [], "failed_count": 0}
    assert (done.done, done.total) == (5, 5)
    found = scores_by_cutout(model.pk)
    for cutout in (cutout for exposure in exposures for cutout in exposure.cutouts.all()):
        verdict = network_of(model).judge([network_input(cutout_pixels(cutout))])[0]
        expected = (verdict.p_asteroid, verdict.p_satellite, verdict.p_nothing)
        assert found[cutout.pk][:3] == pytest.approx(expected, abs=1e-5)
        assert (found[cutout.pk][3] is None) == (verdict.ends is None)
    assert not Score.objects.exclude(p_arc=None).exists()


def test_only_what_is_unscored_is_scored_again() -> None:
    stored_exposure(seed=1)
    finish(prescreen_start())
    before = set(Score.objects.values_list("pk", "created_at"))
    stored_exposure(seed=3, size=512)
    assert finish(prescreen_start()).result["scored"] == 1
    assert before < set(Score.objects.values_list("pk", "created_at"))
    assert finish(prescreen_start()).result["scored"] == 0


def test_an_open_job_is_not_asked_for_twice() -> None:
    first = prescreen_start()
    assert prescreen_start() == first
    finish(first)
    assert prescreen_start() != first


def test_each_original_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stored_exposure(seed=1), stored_exposure(seed=2)
    read: list[int] = []
    real = prescreening.TileReader.read

    def counting(self: Any, cutout: Any) -> Any:
        if cutout.exposure_id != self._exposure_id:
            read.append(cutout.exposure_id)
        return real(self, cutout)

    monkeypatch.setattr(prescreening.TileReader, "read", counting)
    finish(prescreen_start())
    assert len(read) == len(set(read)) == 2


def test_a_cancelled_job_keeps_its_scores_and_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    stored_exposure(seed=1, boxes=ROW_OF_TILES)
    job = prescreen_start()
    real = prescreening._score

    def cancel_after_one(*args: Any) -> int:
        if Score.objects.exists():
            raise JobCancelled
        return real(*args)

    monkeypatch.setattr(prescreening, "_score", cancel_after_one)
    stopped = job_run(job.pk)
    assert stopped is not None and stopped.state == JobState.CANCELLED
    kept = set(Score.objects.values_list("pk", flat=True))
    assert len(kept) == 16
    monkeypatch.undo()
    assert job_retry(job.pk)
    done = finish(job)
    assert done.result["scored"] == done.total == len(ROW_OF_TILES) == Score.objects.count()
    assert kept < set(Score.objects.values_list("pk", flat=True))


def test_a_running_job_ends_when_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    stored_exposure(seed=1, boxes=ROW_OF_TILES)
    job = prescreen_start()
    real = prescreening._score

    def slow(*args: Any) -> int:
        job_cancel(job.pk)
        monkeypatch.setattr("jobs.services.PROGRESS_EVERY_S", 0)
        return real(*args)

    monkeypatch.setattr(prescreening, "_score", slow)
    stopped = job_run(job.pk)
    assert stopped is not None and stopped.state == JobState.CANCELLED
    assert Score.objects.count() == 16


def test_a_damaged_original_is_named_and_the_rest_goes_on() -> None:
    broken, sound = stored_exposure(seed=1), stored_exposure(seed=2)
    damage(broken)
    done = finish(prescreen_start())
    assert done.result["scored"] == sound.cutouts.count() == Score.objects.count()
    assert done.result["failed_count"] == 1
    assert done.result["failed"][0]["exposure"] == str(broken)
    assert done.result["failed"][0]["reason"]
    assert not Score.objects.filter(cutout__exposure=broken).exists()


def test_the_command_says_what_was_done() -> None:
    stored_exposure(seed=1, size=512)
    damage(stored_exposure(seed=2, size=512))
    out = StringIO()
    call_command("prescreen", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[-1] == "1 cutouts scored by trailnet 1, 1 exposures could not be read"
    assert lines[0].startswith("not scored  jtest")


def test_what_comes_in_meanwhile_is_scored_by_the_same_job(monkeypatch: pytest.MonkeyPatch) -> None:
    exposure = stored_exposure(seed=1, boxes=[Box(300, 300, 512, 512)])
    early = stored_exposure(seed=2, boxes=[Box(0, 0, 512, 512)])
    real = prescreening._score

    def one_more(*args: Any) -> int:
        if not Score.objects.exists():
            from tests import factories

            factories.cutout(of=exposure, x0=10, y0=10)
            factories.cutout(of=early, x0=20, y0=20)
        return real(*args)

    monkeypatch.setattr(prescreening, "_score", one_more)
    done = finish(prescreen_start())
    assert done.result["scored"] == Score.objects.count() == 4
    assert np.isfinite([score.p_asteroid for score in Score.objects.all()]).all()
