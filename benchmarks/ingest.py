"""Cutouts per second of an ingest: hashing, keeping the original, exposures, tiles, JPEGs on disk, rows committed.

The reference is the plain way to get the same tiles as pictures: astropy reads each chip, `ZScaleInterval`
finds the limits of each tile, Pillow writes it as JPEG. It keeps no original, no WCS and no rows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SHAPE = (2048, 4096)
ROUNDS = 3


def two_chip_file(path: Path) -> Path:
    """A file as large and as built as a WFC3/UVIS flc: two chips of SCI, ERR and DQ."""
    from astropy.io import fits

    from sky.simulate import make_wcs, simulate_exposure

    sky = simulate_exposure(seed=5, shape=(1024, 1024), n_satellites=1).pixels
    rng = np.random.default_rng(5)
    primary = fits.PrimaryHDU()
    cards = {"TELESCOP": "HST", "INSTRUME": "WFC3", "DETECTOR": "UVIS", "FILTER": "F606W", "ROOTNAME": path.stem}
    primary.header.update(cards | {"EXPSTART": 58000.0, "EXPEND": 58000.01, "EXPTIME": 864.0, "SIMULATE": True})
    hdus = fits.HDUList([primary])
    for chip in (1, 2):
        header = make_wcs(SHAPE, 150.0, 2.0 + 0.02 * chip, 0.04, 30.0, sip=True).to_header(relax=True)
        pixels = np.tile(sky, (2, 4)) + rng.normal(0, 2, SHAPE).astype(np.float32)
        hdus += [fits.ImageHDU(pixels.astype(np.float32), header, name="SCI", ver=chip)]
        hdus += [fits.ImageHDU(np.ones(SHAPE, np.float32), header, name="ERR", ver=chip)]
        hdus += [fits.ImageHDU(np.zeros(SHAPE, np.int16), header, name="DQ", ver=chip)]
    hdus.writeto(path)
    return path


def plain_way(path: Path, folder: Path) -> int:
    """Tiles as pictures and nothing else; how many."""
    from astropy.io import fits
    from astropy.visualization import ZScaleInterval
    from PIL import Image

    from archive.tiling import tiles

    count = 0
    with fits.open(path) as hdus:
        for chip in (1, 2):
            pixels = hdus["SCI", chip].data
            for box in tiles(SHAPE[1], SHAPE[0]):
                tile = pixels[box.rows, box.columns]
                low, high = ZScaleInterval().get_limits(tile)
                scaled = np.clip((tile - low) / (high - low), 0, 1)
                Image.fromarray((255 * scaled[::-1]).astype(np.uint8)).save(folder / f"{chip}-{count}.jpg", quality=90)
                count += 1
    return count


def ingest(path: Path) -> int:
    """The product's way, as a job; how many cutouts."""
    from archive.services import ingest_start
    from jobs.services import job_run

    job = job_run(ingest_start([path]).pk)
    assert job is not None and job.state == "done", job and job.last_error
    return int(job.result["cutouts"])


def forget(path: Path) -> None:
    """Remove what an ingest made of the file, so that the next one is not told that all is known."""
    from archive.models import Cutout, Exposure, Observation, SourceFile

    cutouts = Cutout.objects.filter(exposure__source_file__name=path.name)
    for cutout in cutouts:
        cutout.jpeg.delete(save=False)
    cutouts.delete()
    Exposure.objects.filter(source_file__name=path.name).delete()
    Observation.objects.filter(exposures=None).delete()
    for source in SourceFile.objects.filter(name=path.name):
        source.stored.delete(save=False)
        source.delete()


def best_rate(work: Callable[[], int], between: Callable[[], None] = lambda: None) -> float:
    """Things per second in the best of some rounds."""
    rates = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        count = work()
        rates.append(count / (time.perf_counter() - start))
        between()
    return max(rates)


def run() -> list[dict[str, Any]]:
    """Measure; see the module's docstring for what is compared."""
    with tempfile.TemporaryDirectory(prefix="hunter-bench-") as name:
        folder = Path(name)
        path = two_chip_file(folder / "ibench01q_flc.fits")
        reference = best_rate(lambda: plain_way(path, folder))
        ours = best_rate(lambda: ingest(path), between=lambda: forget(path))
    return [
        {
            "name": "ingest of a 4k x 2k x 2 file",
            "value": ours,
            "unit": "cutouts/s",
            "reference": f"astropy + zscale + Pillow, pictures only ({reference:.3g}/s)",
            "ratio": ours / reference,
        }
    ]
