"""A worker killed with -9 in the middle of an ingest: the job goes on by itself and ends as if nothing had happened."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from archive.models import Cutout, Exposure, Observation, SourceFile
from archive.services import ingest_start
from jobs.models import Job, JobState
from jobs.services import job_run
from tests.archive.files import fits_write
from tests.faults.conftest import Workers, job_ended

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("faults-ingest")]
CUTOUT = ("public_id", "x0", "y0", "width", "height", "recipe", "ra_deg", "dec_deg", "footprint", "low", "high", "jpeg")
EXPOSURE = ("observation__name", "source_file__sha256", "extension", "cut_recipe", "cutouts_blank", "sky_level")
TILES = {"TILE_SIZE": 96, "TILE_OVERLAP": 16}


def everything(media: Path) -> dict[str, Any]:
    """All rows of the archive without ids and times, and all files with their content."""
    return {
        "files": sorted(SourceFile.objects.values_list("sha256", "state", "reason", "stored")),
        "observations": sorted(Observation.objects.values_list("name", flat=True)),
        "exposures": list(Exposure.objects.order_by("source_file__sha256", "extension").values(*EXPOSURE)),
        "cutouts": list(Cutout.objects.order_by("public_id").values(*CUTOUT, "exposure__extension")),
        "stored": {
            str(path.relative_to(media)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in media.rglob("*")
            if path.is_file()
        },
    }


def forget(media: Path) -> None:
    for model in (Cutout, Exposure, Observation, SourceFile):
        model.objects.all().delete()
    for path in media.rglob("*"):
        if path.is_file():
            path.unlink()


def jpegs(media: Path) -> int:
    return sum(1 for _ in media.glob("cutouts/*/*.jpg"))


def test_an_ingest_survives_kill_9_twice(workers: Workers, settings: Any, tmp_path: Path) -> None:
    settings.TILE_SIZE, settings.TILE_OVERLAP = TILES.values()
    offered, media = tmp_path / "offered", Path(settings.MEDIA_ROOT)
    offered.mkdir()
    for seed in (1, 2):
        fits_write(offered / f"f{seed}_flc.fits", chips=2, shape=(700, 800), seed=seed, ROOTNAME=f"jkill000{seed}q")
    (offered / "e-broken.fits").write_bytes(b"SIMPLE  =                    T")
    undisturbed_job = job_run(ingest_start([offered]).pk)
    assert undisturbed_job is not None and undisturbed_job.state == JobState.DONE
    undisturbed = everything(media)
    total = len(undisturbed["cutouts"])
    forget(media)

    job = ingest_start([offered])
    tiles = {name: str(value) for name, value in TILES.items()}
    for beyond in (10, total // 2 + 10):  # in the first file, then in the second

        def mid_batch(beyond: int = beyond) -> bool:
            """Files are there whose rows are not."""
            return beyond <= jpegs(media) < total and 5 <= jpegs(media) - Cutout.objects.count() <= 50

        workers.start(**tiles)
        workers.kill_when(mid_batch, f"cutout {beyond} of {total}")
        assert Job.objects.get(pk=job.pk).state == JobState.RUNNING
        assert Cutout.objects.count() < jpegs(media)
    workers.start(**tiles)
    workers.wait_for(lambda: job_ended(job), "the end of the job")

    job.refresh_from_db()
    assert job.state == JobState.DONE, job.last_error
    assert job.result == undisturbed_job.result
    assert everything(media) == undisturbed


def test_a_killed_terminals_ingest_is_ended_by_a_worker_that_left_it_alone_before(
    workers: Workers, settings: Any, tmp_path: Path
) -> None:
    offered, media = tmp_path / "offered", Path(settings.MEDIA_ROOT)
    offered.mkdir()
    fits_write(offered / "f1_flc.fits", chips=2, shape=(700, 800), ROOTNAME="jkill0001q")
    tiles = {name: str(value) for name, value in TILES.items()}
    workers.start(**tiles)
    (tmp_path / "broken.fits").write_text("no")
    first = ingest_start([tmp_path / "broken.fits"])
    workers.wait_for(lambda: job_ended(first), "the worker's start")
    terminal = workers.terminal("ingest", str(offered), **tiles)
    workers.wait_for(lambda: jpegs(media) > 10, "the first cutouts")
    workers.kill_terminals()
    job = Job.objects.exclude(pk=first.pk).get()
    assert job.state == JobState.RUNNING and f":{terminal.pid}:" in job.lease_owner

    workers.wait_for(lambda: job_ended(job), "the end of the job")
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.last_error
    assert job.result["cutouts"] == Cutout.objects.count() == jpegs(media) == 180
