"""Exposures with pixels for tests of scoring: a FITS file in the store, rows that point at it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from functools import cache

import numpy as np
from astropy.io import fits
from django.core.files.base import ContentFile

from archive.models import Cutout, Exposure, SourceFile
from archive.tiling import Box, tiles
from ml.simulate import compose, simulate_scene
from tests import factories


def field(seed: int, size: int) -> np.ndarray:
    """Simulated pixels with an asteroid's trail somewhere."""
    rng = np.random.default_rng(seed)
    return compose(rng, simulate_scene(rng, size), mix="asteroid").pixels


@cache
def _original(seed: int, size: int) -> bytes:
    """The file of a simulated field."""
    return fits_bytes(field(seed, size))


def fits_bytes(pixels: np.ndarray) -> bytes:
    """A file as the archive keeps it: one science extension."""
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels, name="SCI")]).writeto(buffer)
    return buffer.getvalue()


def stored_exposure(*, seed: int = 1, size: int = 960, boxes: Iterable[Box] | None = None) -> Exposure:
    """An exposure whose original can be read, cut into tiles."""
    content = _original(seed, size)
    exposure = factories.exposure(width=size, height=size, extension=1)
    source = exposure.source_file
    source.stored.save(f"{seed}.fits", ContentFile(content), save=False)
    SourceFile.objects.filter(pk=source.pk).update(
        stored=source.stored.name,
        sha256=hashlib.sha256(content + bytes([seed % 256])).hexdigest(),
        size_bytes=len(content),
    )
    source.refresh_from_db()
    for box in boxes if boxes is not None else tiles(size, size):
        factories.cutout(of=exposure, x0=box.x0, y0=box.y0, width=box.width, height=box.height)
    return exposure


def damage(exposure: Exposure) -> None:
    """Cut the stored original short."""
    with exposure.source_file.stored.open("r+b") as file:
        file.truncate(5_000)


def scores_by_cutout(model_id: int) -> dict[int, tuple[float | None, ...]]:
    """All scores of a model as plain numbers."""
    columns = ("p_asteroid", "p_satellite", "p_nothing", "end1_x", "end1_y", "end2_x", "end2_y")
    rows = Cutout.objects.filter(scores__model=model_id).values_list("pk", *(f"scores__{name}" for name in columns))
    return {pk: tuple(values) for pk, *values in rows}
