"""Scores per second, from FITS files in the store to rows in the database.

The reference is what one writes first: a loop over the cutouts that reads the exposure, runs the same
model on the same number of threads on one tile, and saves one row. Both see the same fresh rows.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from astropy.io import fits
from django.core.files.base import ContentFile
from django.db import connection

from archive.models import Cutout, Exposure, Observation, SourceFile
from archive.renderings import box_of, exposure_pixels
from archive.tiling import tiles
from jobs.services import job_run
from ml.inference import network_of, threads_wanted
from ml.models import Model, Score
from ml.preprocess import network_input
from ml.prescreening import score_row
from ml.services import prescreen_start, shipped_model_ensure

WIDTH, HEIGHT = 4096, 2048
CHIPS = 2


def run() -> list[dict[str, Any]]:
    """One figure: cutouts scored per second."""
    model = shipped_model_ensure()
    cutouts = _rows()
    _warm(model)
    ours = _rate(len(cutouts), _through_the_job)
    Score.objects.all().delete()
    naive = _rate(len(cutouts), lambda: _one_by_one(model))
    if Score.objects.count() != len(cutouts):
        raise RuntimeError("the reference did not score every cutout")
    return [
        {
            "name": f"pre-screening, {threads_wanted()} thread for the model",
            "value": ours,
            "unit": "scores/s",
            "reference": f"one tile and one read of the exposure at a time ({naive:.3g}/s)",
            "ratio": ours / naive,
        }
    ]


def _rows() -> list[Cutout]:
    """Two chips of noise and stars in one file, with all their tiles; the network's work does not depend on them."""
    with connection.cursor() as cursor:  # what other benchmarks left has no pixels to score
        cursor.execute("TRUNCATE archive_cutout CASCADE")
    rng = np.random.default_rng(1)
    chips = [fits.PrimaryHDU()]
    for number in range(1, CHIPS + 1):
        pixels = rng.normal(100, 5, (HEIGHT, WIDTH)).astype(np.float32)
        pixels[rng.integers(0, HEIGHT, 3000), rng.integers(0, WIDTH, 3000)] += 1000
        chips.append(fits.ImageHDU(pixels, name="SCI", ver=number))
        chips.append(fits.ImageHDU(np.zeros((HEIGHT, WIDTH), np.int16), name="DQ", ver=number))
    buffer = io.BytesIO()
    fits.HDUList(chips).writeto(buffer)
    content = buffer.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    source = SourceFile(sha256=sha256, name="bench.fits", size_bytes=len(content), state=SourceFile.State.ACCEPTED)
    source.stored.save("bench.fits", ContentFile(content))
    start = datetime(2024, 3, 1, tzinfo=UTC)
    observation = Observation.objects.create(name="bench-scores", instrument="ACS", simulated=True)
    fields: dict[str, Any] = {
        "observation": observation, "source_file": source, "kind": "flc", "width": WIDTH, "height": HEIGHT,
        "start": start, "end": start + timedelta(seconds=500), "start_mjd_utc": 60370.0, "end_mjd_utc": 60370.006,
        "exposure_s": 500.0, "pixel_scale_arcsec": 0.05, "ra_deg": 150.0, "dec_deg": 2.0, "footprint": [],
        "wcs": b"", "sky_level": 100.0, "sky_sigma": 5.0,
    }  # fmt: skip
    made: list[Cutout] = []
    for number in range(CHIPS):
        exposure = Exposure.objects.create(extension=1 + 2 * number, **fields)
        place = {"exposure": exposure, "recipe": "bench", "ra_deg": 150, "dec_deg": 2, "footprint": []}
        look = {"low": 90, "high": 200, "jpeg": "none.jpg"}
        for box in tiles(WIDTH, HEIGHT):
            made.append(Cutout(x0=box.x0, y0=box.y0, width=box.width, height=box.height, **place, **look))
    return Cutout.objects.bulk_create(made)


def _warm(model: Model) -> None:
    """Both ways find the model loaded and its memory laid out."""
    tile = network_input(np.random.default_rng(2).normal(size=(512, 512)))
    network_of(model).judge([tile] * 4)
    network_of(model).judge([tile])


def _rate(count: int, work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def _through_the_job() -> None:
    done = job_run(prescreen_start().pk)
    if done is None or done.state != "done":
        raise RuntimeError(f"the job did not end well: {done and done.last_error}")


def _one_by_one(model: Model) -> None:
    network = network_of(model)
    for cutout in Cutout.objects.select_related("exposure__source_file"):
        box = box_of(cutout)
        tile = network_input(exposure_pixels(cutout.exposure)[box.rows, box.columns])
        score_row(model, cutout, network.judge([tile])[0]).save()
