"""Pixels, coordinates and pictures of exposures and cutouts, made from the stored originals."""

from __future__ import annotations

import contextlib
import io
import threading
import zlib
from collections.abc import Iterator

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from django.core.files import File
from numpy.typing import NDArray
from PIL import Image

from archive.locks import Busy, one_at_a_time, one_of, patience
from archive.models import Cutout, Exposure, cutout_path
from archive.storing import bytes_put, on_disk
from archive.tiling import Box
from sky.fits_box import read_box
from sky.stretch import rg16_encode
from sky.wcs import wcs_from_bytes, wcs_shift, wcs_to_bytes

RG16_MAKERS = [f"rg16 maker {number}" for number in (1, 2)]  # so many at once, over all processes
RG16_WAIT_S = 10.0
# Of the four threads of a web process one is left for votes, whatever strangers ask for.
_waiting = threading.BoundedSemaphore(3)


def exposure_pixels(exposure: Exposure) -> NDArray[np.float32]:
    """All pixels of an exposure, (height, width), FITS row order, NaN where there is no data."""
    return _pixels(exposure, Box(0, 0, exposure.width, exposure.height))


def cutout_pixels(cutout: Cutout) -> NDArray[np.float32]:
    """The pixels of a cutout, (height, width), FITS row order, NaN where there is no data; the rest is not read."""
    return _pixels(cutout.exposure, box_of(cutout))


def _pixels(exposure: Exposure, box: Box) -> NDArray[np.float32]:
    with on_disk(exposure.source_file.stored) as path:
        return read_box(path, exposure.extension, box.rows, box.columns)


def box_of(cutout: Cutout) -> Box:
    """The cutout's rectangle in its exposure."""
    return Box(cutout.x0, cutout.y0, cutout.width, cutout.height)


def exposure_wcs(exposure: Exposure) -> WCS:
    """The full WCS, distortion included; pixel coordinates are 0-based (``all_pix2world(x, y, 0)``)."""
    return wcs_from_bytes(bytes(exposure.wcs))


def cutout_wcs(cutout: Cutout) -> WCS:
    """The exposure's WCS, shifted exactly to the cutout's first pixel."""
    return wcs_shift(exposure_wcs(cutout.exposure), cutout.x0, cutout.y0, (cutout.height, cutout.width))


def cutout_rg16(cutout: Cutout) -> File[bytes]:
    """The 16-bit picture (lossless WebP, `sky.stretch.rg16_encode`), opened; made on first request and kept.

    Two first requests at once make it once: the second waits. Everyone may ask, and an original may have to be
    unpacked for it, so few are made at a time.

    Raises
    ------
    Busy
        Too many others are being made; ask again.
    """
    if not cutout.rg16:
        waiting = patience(RG16_WAIT_S)
        with _a_place_to_wait(), one_at_a_time(f"rg16 {cutout.pk}", waiting):
            cutout.refresh_from_db(fields=["rg16"])
            if not cutout.rg16:
                with one_of(RG16_MAKERS, waiting):
                    _rg16_make(cutout)
    return cutout.rg16.open("rb")


@contextlib.contextmanager
def _a_place_to_wait() -> Iterator[None]:
    if not _waiting.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        _waiting.release()


def _rg16_make(cutout: Cutout) -> None:
    exposure = cutout.exposure
    encoded = rg16_encode(cutout_pixels(cutout), exposure.sky_level, exposure.sky_sigma)
    buffer = io.BytesIO()
    # A third of the size of method 0 in 60 ms; methods above 2 win 1 % more and take up to 4 s. ``exact`` keeps
    # the colour of what WebP would take for invisible.
    Image.fromarray(encoded.image).save(buffer, "WEBP", lossless=True, exact=True, method=2, quality=60)
    name = cutout_path(cutout, f"{cutout.public_id}.webp")
    bytes_put(name, buffer.getvalue())
    cutout.rg16.name = name
    cutout.save(update_fields=["rg16"])


def cutout_fits(cutout: Cutout) -> bytes:
    """The cutout as a FITS file: float32 pixels, the exact WCS with its lookup tables, and where it comes from."""
    exposure, observation = cutout.exposure, cutout.exposure.observation
    packed = zlib.decompress(wcs_to_bytes(cutout_wcs(cutout)))
    buffer = io.BytesIO()
    with fits.open(io.BytesIO(packed)) as hdus:
        hdus[0].data = cutout_pixels(cutout)
        cards = [
            ("TELESCOP", observation.telescope, "telescope"),
            ("INSTRUME", observation.instrument, "instrument"),
            ("DETECTOR", observation.detector, "detector"),
            ("ROOTNAME", observation.name, "name of the data set"),
            ("TARGNAME", observation.target, "target"),
            ("PROPOSID", observation.proposal_id, "proposal"),
            ("FILTER", exposure.filter_name, "filter"),
            ("EXPSTART", exposure.start_mjd_utc, "start, MJD UTC"),
            ("EXPEND", exposure.end_mjd_utc, "end, MJD UTC"),
            ("EXPTIME", exposure.exposure_s, "exposure, s"),
            ("BUNIT", exposure.unit, "unit of the pixels"),
            ("SIMULATE", observation.simulated, "T: simulated, not observed"),
            ("CUTOUT", str(cutout.public_id), "id of this cutout"),
            ("CUT_EXT", exposure.extension, "HDU it was cut from"),
            ("CUT_X0", cutout.x0, "its first column there, counted from 0"),
            ("CUT_Y0", cutout.y0, "its first row there, counted from 0"),
        ]
        hdus[0].header.extend(fits.Card(name, _ascii(value), comment) for name, value, comment in cards)
        hdus.writeto(buffer)
    return buffer.getvalue()


def _ascii(value: object) -> object:
    """Text as FITS allows it."""
    return value.encode("ascii", "replace").decode() if isinstance(value, str) else value
