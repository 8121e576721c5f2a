"""Scores per second, from FITS files in the store to rows in the database, on two cores.

Real workers do the work, with one process and with two, on plain and on RICE-compressed files. The reference is
what one writes first: a loop over the cutouts that reads the exposure, runs the same model on one tile, and
saves one row. The share of each stage is processor time in one process.
"""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psutil
from astropy.io import fits
from django.core.files.base import ContentFile
from django.db import connection
from numpy.typing import NDArray

from archive.models import Cutout, Exposure, Observation, SourceFile
from archive.renderings import box_of, exposure_pixels
from archive.tiling import tiles
from jobs.models import Job, JobState
from ml.inference import BATCH, batched, network_of, share_cores
from ml.models import Model, Score
from ml.pipeline import score_row
from ml.preprocess import network_input
from ml.runtime import verdict
from ml.services import prescreen_start, shipped_model_ensure
from sky.simulate import simulate_exposure

WIDTH, HEIGHT = 4096, 2048
CHIPS, FILES = 2, 3
TILES_OF_AN_EXPOSURE = 81
BAR_RATE, BAR_NETWORK_S, BAR_EXPOSURE_S, BAR_MEMORY_MB = 28.0, 1.6, 3.0, 1000.0
CORES = 2
PATIENCE_S = 600.0


def run() -> list[dict[str, Any]]:
    """Rates with one and two processes, the share of each stage, and the memory of a worker."""
    share_cores(CORES)  # here as in a worker: the network has one thread
    model = shipped_model_ensure()
    chips = [_pixels(seed) for seed in range(CHIPS)]
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(everywhere)[:CORES]))  # the workers inherit it
    try:
        rates: dict[tuple[bool, int], float] = {}
        stages: dict[bool, dict[str, float]] = {}
        memory = 0.0
        for compressed in (True, False):
            content = _file(chips, compressed=compressed)
            for processes in (1, 2):
                rates[compressed, processes], used = _through_workers(content, processes)
                memory = max(memory, used)
            stages[compressed] = _stages(model)
        naive = _one_by_one(model)
    finally:
        os.sched_setaffinity(0, everywhere)
        share_cores(1)
    return [*_rate_rows(rates, naive), *_stage_rows(stages), _memory_row(memory)]


def _rate_rows(rates: dict[tuple[bool, int], float], naive: float) -> list[dict[str, Any]]:
    rows = []
    for compressed, kind in ((False, "FITS"), (True, "FITS, RICE-compressed")):
        one, two = rates[compressed, 1], rates[compressed, 2]
        loop = f"one tile and one read of the exposure at a time ({naive:.3g}/s)"
        before = loop if not compressed else f"plain files ({rates[False, 1]:.3g}/s)"
        rows += [
            _row(f"{kind}: one process", one, "cutouts/s", one / (rates[False, 1] if compressed else naive), before),
            _row(f"{kind}: two processes", two, "cutouts/s", two / one, f"one process ({one:.3g}/s)"),
            _row(f"{kind}: two processes", two, "cutouts/s", two / BAR_RATE, f"the bar of {BAR_RATE:g}/s"),
        ]
        seconds = TILES_OF_AN_EXPOSURE / two
        rows.append(_row(f"{kind}: 81 tiles", seconds, "s", BAR_EXPOSURE_S / seconds, f"the bar of {BAR_EXPOSURE_S} s"))
    return rows


def _memory_row(used: float) -> dict[str, Any]:
    return _row(
        "peak memory of a worker's process", used, "MB", BAR_MEMORY_MB / used, f"the bar of {BAR_MEMORY_MB:g} MB"
    )


def _row(name: str, value: float, unit: str, ratio: float, reference: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "ratio": ratio, "reference": reference}


# --- What is scored ----------------------------------------------------------------------------------------------
def _pixels(seed: int) -> NDArray[np.float32]:
    """One chip: stars, galaxies, cosmic rays, trails; the cost of reading answers depends on them."""
    return simulate_exposure(seed=seed, shape=(HEIGHT, WIDTH), n_asteroids=2, n_satellites=1, n_arcs=1).pixels


def _file(chips: list[NDArray[np.float32]], *, compressed: bool) -> bytes:
    """Both chips with their data quality, as the pipeline writes them."""
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for number, pixels in enumerate(chips, start=1):
        for name, data in (("SCI", pixels), ("DQ", np.zeros(pixels.shape, np.int16))):
            hdu = fits.CompImageHDU(data, name=name, compression_type="RICE_1") if compressed else None
            hdus.append(hdu or fits.ImageHDU(data, name=name))
            hdus[-1].ver = number
    buffer = io.BytesIO()
    hdus.writeto(buffer)
    return buffer.getvalue()


def _nothing_left() -> None:
    with connection.cursor() as cursor:  # what other benchmarks left has no pixels to score
        cursor.execute("TRUNCATE archive_cutout, archive_exposure, archive_sourcefile CASCADE")


def _rows(content: bytes, *, files: int, tiles_of_each: int | None = None) -> int:
    """So many stored files with their exposures and cutouts; how many cutouts."""
    for number in range(files):
        name = hashlib.sha256(content + bytes([number, tiles_of_each or 0])).hexdigest()
        source = SourceFile(sha256=name, name="bench.fits", size_bytes=len(content), state=SourceFile.State.ACCEPTED)
        source.stored.save(f"{name}.fits", ContentFile(content))
        for chip in range(CHIPS):
            _exposure(source, 1 + 2 * chip, tiles_of_each)
    return files * CHIPS * (tiles_of_each or len(tiles(WIDTH, HEIGHT)))


def _exposure(source: SourceFile, extension: int, tiles_of_each: int | None) -> None:
    start = datetime(2024, 3, 1, tzinfo=UTC)
    observation, _ = Observation.objects.get_or_create(name="bench-scores", instrument="ACS", simulated=True)
    exposure = Exposure.objects.create(
        observation=observation, source_file=source, extension=extension, kind="flc", width=WIDTH, height=HEIGHT,
        start=start, end=start + timedelta(seconds=500), start_mjd_utc=60370.0, end_mjd_utc=60370.006,
        exposure_s=500.0, pixel_scale_arcsec=0.05, ra_deg=150.0, dec_deg=2.0, footprint=[],
        wcs=b"", sky_level=100.0, sky_sigma=5.0, cut_recipe="bench",
    )  # fmt: skip
    same: dict[str, Any] = {"exposure": exposure, "recipe": "bench", "ra_deg": 150, "dec_deg": 2, "footprint": []}
    same |= {"low": 90, "high": 200, "jpeg": "none.jpg"}
    boxes = tiles(WIDTH, HEIGHT)[:tiles_of_each]
    Cutout.objects.bulk_create(
        Cutout(x0=box.x0, y0=box.y0, width=box.width, height=box.height, **same) for box in boxes
    )


# --- Real workers ------------------------------------------------------------------------------------------------
def _through_workers(content: bytes, processes: int) -> tuple[float, float]:
    """Cutouts per second by so many processes, and the most memory one of them took, MB."""
    _nothing_left()
    with _worker(processes) as worker:
        _rows(content, files=processes, tiles_of_each=2)
        _job()  # each has its model loaded by then
        cutouts = _rows(content, files=FILES)
        job = _job()
        used = max(_peak_mb(child) for child in psutil.Process(worker.pid).children(recursive=True))
    if Score.objects.count() != Cutout.objects.count():
        raise RuntimeError("not every cutout has its score")
    assert job.started_at is not None and job.finished_at is not None
    return cutouts / (job.finished_at - job.started_at).total_seconds(), used


@contextmanager
def _worker(processes: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "hunter", "worker", "--queues", "jobs"]
    command += ["--concurrency", str(processes), "--without-gossip", "--without-mingle", "--loglevel", "ERROR"]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    worker = subprocess.Popen(command, env=quiet, start_new_session=True, stdin=subprocess.DEVNULL)
    try:
        yield worker
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def _job() -> Job:
    """Ask for pre-screening and wait for its end."""
    job = prescreen_start()
    end = time.monotonic() + PATIENCE_S
    while job.is_open and time.monotonic() < end:
        time.sleep(0.1)
        job.refresh_from_db()
    if job.state != JobState.DONE:
        raise RuntimeError(f"the job did not end well: {job.state} {job.last_error}")
    return job


def _peak_mb(process: psutil.Process) -> float:
    with open(f"/proc/{process.pid}/status") as status:
        peak = next((line for line in status if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(peak.split()[1]) / 1024


# --- In this process ---------------------------------------------------------------------------------------------
def _one_by_one(model: Model) -> float:
    """Cutouts per second as one writes it first; of one chip."""
    network = network_of(model)
    cutouts = list(Cutout.objects.select_related("exposure__source_file").order_by("-pk")[: len(tiles(WIDTH, HEIGHT))])
    Score.objects.all().delete()
    began = time.perf_counter()
    for cutout in cutouts:
        box = box_of(cutout)
        tile = network_input(exposure_pixels(cutout.exposure)[box.rows, box.columns])
        score_row(model, cutout, network.judge([tile])[0]).save()
    return len(cutouts) / (time.perf_counter() - began)


def _stages(model: Model) -> dict[str, float]:
    """Processor seconds per cutout of each stage, over one exposure."""
    network = network_of(model)
    exposure = Exposure.objects.select_related("source_file").latest("pk")
    cutouts = list(exposure.cutouts.order_by("pk"))
    Score.objects.all().delete()
    spent = dict.fromkeys(("read", "prepare", "network", "decode", "write"), 0.0)
    clock = time.process_time

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        began = clock()
        found = work()
        spent[stage] += (clock() - began) / len(cutouts)
        return found

    pixels = timed("read", lambda: exposure_pixels(exposure))
    boxes = [box_of(cutout) for cutout in cutouts]
    prepared = timed("prepare", lambda: [network_input(pixels[box.rows, box.columns]) for box in boxes])
    answers = []
    for batch in batched(prepared, BATCH):
        stacked = np.stack([tile.array for tile in batch])
        answers += list(zip(batch, *timed("network", lambda stacked=stacked: network.run(stacked)), strict=True))
    verdicts = timed("decode", lambda: [verdict(*answer) for answer in answers])
    rows = [score_row(model, *both) for both in zip(cutouts, verdicts, strict=True)]
    timed("write", lambda: Score.objects.bulk_create(rows))
    return spent


def _stage_rows(stages: dict[bool, dict[str, float]]) -> list[dict[str, Any]]:
    """What each stage costs, and which share of the whole that is."""
    plain, packed = stages[False], stages[True]
    whole = "of the {:.3g} ms of a cutout"
    total = sum(plain.values())
    rows = [
        _row(f"stage: {name}", 1000 * seconds, "ms", seconds / total, whole.format(1000 * total))
        for name, seconds in plain.items()
    ]
    read, total = packed["read"], total - plain["read"] + packed["read"]
    rows.insert(1, _row("stage: read and decompress", 1000 * read, "ms", read / total, whole.format(1000 * total)))
    network = TILES_OF_AN_EXPOSURE * plain["network"] / CORES
    bar = f"the bar of {BAR_NETWORK_S} s"
    return [*rows, _row("network, 81 tiles, on two cores", network, "s", BAR_NETWORK_S / network, bar)]
