"""Pre-screening over real rows and real files."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection

from archive.models import Exposure, SourceFile
from archive.renderings import box_of, exposure_pixels
from archive.tiling import Box
from hunter.celery import app
from jobs.models import Job, JobState
from jobs.services import job_cancel, job_retry, job_run
from ml import inference, pipeline, prescreening
from ml.exposures import exposure_verdicts
from ml.inference import network_of
from ml.models import Score
from ml.preprocess import NetworkInput, network_input
from ml.services import prescreen_start, shipped_model_ensure
from tests import factories
from tests.ml.making import damage, fits_bytes, scores_by_cutout, stored_exposure

pytestmark = pytest.mark.django_db
ROW_OF_TILES = [Box(x0, 100, 512, 512) for x0 in range(0, 440, 12)]


def cross(exposure: Exposure) -> None:
    """Have a satellite's trail cross the stored original, from border to border."""
    rows, columns = np.mgrid[: exposure.height, : exposure.width]
    across = (columns - 300 - 0.5 * rows) * np.cos(np.arctan(0.5))
    pixels = np.random.default_rng(3).normal(100, 5, rows.shape) + 60 * np.exp(-0.5 * (across / 1.5) ** 2)
    with exposure.source_file.stored.open("wb") as file:
        file.write(fits_bytes(pixels.astype(np.float32)))


def finish(job: Job) -> Job:
    done = job_run(job.pk)
    assert done is not None
    assert done.state == JobState.DONE, done.last_error
    return done


def test_every_cutout_gets_the_score_its_own_pixels_give() -> None:
    exposures = [stored_exposure(seed=1), stored_exposure(seed=2, size=400)]
    done = finish(prescreen_start())
    model = shipped_model_ensure()
    assert done.result == {"model": "trailnet 3", "scored": 5, "failed": [], "failed_count": 0}
    assert (done.done, done.total) == (5, 5)
    found = scores_by_cutout(model.pk)
    for exposure in exposures:
        cutouts, pixels = list(exposure.cutouts.all()), exposure_pixels(exposure)
        shape, boxes = pixels.shape, [box_of(cutout) for cutout in cutouts]

        def read(box: Box, pixels: Any = pixels) -> NetworkInput:
            return network_input(pixels[box.rows, box.columns])

        for cutout, verdict in zip(cutouts, exposure_verdicts(network_of(model), boxes, read, shape), strict=True):
            expected = (verdict.p_asteroid, verdict.p_satellite, verdict.p_nothing)
            assert found[cutout.pk][:3] == pytest.approx(expected, abs=1e-5)
            assert (found[cutout.pk][3] is None) == (verdict.ends is None)
    assert not Score.objects.filter(p_arc=None).exists()


def test_only_what_is_unscored_is_scored_again() -> None:
    stored_exposure(seed=1)
    finish(prescreen_start())
    before = set(Score.objects.values_list("pk", "created_at"))
    stored_exposure(seed=3, size=512)
    assert finish(prescreen_start()).result["scored"] == 1
    assert before < set(Score.objects.values_list("pk", "created_at"))
    assert finish(prescreen_start()).result["scored"] == 0


def test_a_satellite_is_told_by_the_whole_exposure_also_when_one_tile_is_left() -> None:
    cross(stored_exposure(seed=1, size=1400))
    finish(prescreen_start())
    whole = scores_by_cutout(shipped_model_ensure().pk)
    alone = Score.objects.order_by("-p_satellite").first()
    assert alone is not None and alone.p_satellite > 0.8
    kept = set(Score.objects.exclude(pk=alone.pk).values_list("pk", "created_at"))
    alone.delete()
    assert finish(prescreen_start()).result["scored"] == 1
    again = scores_by_cutout(shipped_model_ensure().pk)
    assert again.keys() == whole.keys()
    assert all(again[pk] == pytest.approx(whole[pk], abs=1e-5) for pk in whole)
    assert kept < set(Score.objects.values_list("pk", "created_at"))


def test_an_open_job_is_not_asked_for_twice() -> None:
    first = prescreen_start()
    assert prescreen_start() == first
    finish(first)
    assert prescreen_start() != first


def test_each_original_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    exposures = [stored_exposure(seed=1, boxes=ROW_OF_TILES[:20]), stored_exposure(seed=2), stored_exposure(seed=3)]
    damage(exposures[1])
    read: list[int] = []

    def counting(exposure: Any) -> Any:
        read.append(exposure.pk)
        return exposure_pixels(exposure)

    monkeypatch.setattr(inference, "exposure_pixels", counting)
    finish(prescreen_start())
    assert sorted(read) == sorted(exposure.pk for exposure in exposures)


def test_a_batch_is_full_and_an_exposure_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stored_exposure(seed=1, boxes=ROW_OF_TILES), stored_exposure(seed=2, boxes=ROW_OF_TILES[:3])
    model = shipped_model_ensure()
    network = network_of(model)
    sizes: list[tuple[int, int]] = []
    really = network.run

    def counting(tiles: Any) -> Any:
        sizes.append((len(tiles), Score.objects.count()))
        return really(tiles)

    monkeypatch.setattr(network, "run", counting)
    finish(prescreen_start())
    assert sizes == [(8, 0), (8, 0), (8, 0), (8, 0), (5, 0), (3, 37)]


def test_a_cancelled_job_keeps_its_scores_and_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in (1, 2):
        stored_exposure(seed=seed, boxes=ROW_OF_TILES[:4])
    job = prescreen_start()
    write = pipeline._write

    def cancel_then_write(*args: Any) -> int:
        job_cancel(job.pk)
        return write(*args)

    monkeypatch.setattr("jobs.services.PROGRESS_EVERY_S", 0)
    monkeypatch.setattr(pipeline, "_write", cancel_then_write)
    stopped = job_run(job.pk)
    assert stopped is not None and stopped.state == JobState.CANCELLED
    kept = set(Score.objects.values_list("pk", flat=True))
    assert len(kept) == 4
    monkeypatch.undo()
    assert job_retry(job.pk)
    done = finish(job)
    assert done.result["scored"] == done.total == 8 == Score.objects.count()
    assert kept < set(Score.objects.values_list("pk", flat=True))


def test_a_cancelled_job_leaves_no_claim_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    stored_exposure(seed=1), stored_exposure(seed=2)
    job = prescreen_start()
    job_cancel(job.pk)
    monkeypatch.setattr("jobs.services.PROGRESS_EVERY_S", 0)
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED, cancel_requested=True, finished_at=None)
    stopped = job_run(job.pk)
    assert stopped is not None and stopped.state == JobState.CANCELLED
    assert not Score.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)


def test_a_damaged_original_is_named_and_the_rest_goes_on() -> None:
    broken, sound = stored_exposure(seed=1), stored_exposure(seed=2)
    damage(broken)
    done = finish(prescreen_start())
    assert done.result["scored"] == sound.cutouts.count() == Score.objects.count()
    assert done.result["failed_count"] == 1
    assert done.result["failed"] == [
        {
            "file": broken.source_file.name,
            "exposure": str(broken),
            "reason": "It holds no image in extension 1.",
        }
    ]
    assert (done.done, done.total) == (4, 8)
    assert not Score.objects.filter(cutout__exposure=broken).exists()


def test_the_command_says_what_was_done() -> None:
    stored_exposure(seed=1, size=512)
    damage(stored_exposure(seed=2, size=512))
    out = StringIO()
    call_command("prescreen", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[-1] == "1 cutouts scored by trailnet 3, 1 exposures could not be read"
    assert re.match(r"not scored  \d+\.fits \(jtest\d+q\[1\]\): It holds no image", lines[0])


def test_an_original_that_is_gone_is_named_without_the_servers_paths() -> None:
    gone = stored_exposure(seed=1, size=512)
    gone.source_file.stored.delete(save=False)
    SourceFile.objects.filter(pk=gone.source_file_id).update(stored="originals/gone.fits")
    (failed,) = finish(prescreen_start()).result["failed"]
    assert failed["file"] == gone.source_file.name
    assert failed["reason"] == "The file cannot be read."


def test_what_comes_in_meanwhile_is_scored_by_the_same_job(monkeypatch: pytest.MonkeyPatch) -> None:
    exposure = stored_exposure(seed=1, boxes=[Box(300, 300, 512, 512)])
    early = stored_exposure(seed=2, boxes=[Box(0, 0, 512, 512)])
    write = pipeline._write

    def one_more(*args: Any) -> int:
        if not Score.objects.exists():
            factories.cutout(of=exposure, x0=10, y0=10)
            factories.cutout(of=early, x0=20, y0=20)
        return write(*args)

    monkeypatch.setattr(pipeline, "_write", one_more)
    done = finish(prescreen_start())
    assert done.result["scored"] == Score.objects.count() == done.total == 4
    assert np.isfinite([score.p_asteroid for score in Score.objects.all()]).all()


def test_without_a_broker_the_job_runs_alone(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    stored_exposure(seed=1)
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")  # nobody listens there
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    job = finish(prescreen_start())
    assert job.result["scored"] == 4
    prescreening.call_for_help(job.pk).join(30)
    assert "the broker cannot be reached" in caplog.text
