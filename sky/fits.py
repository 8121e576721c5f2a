"""Read the science images of a FITS file, one chip at a time, or say why there are none.

Accepts HST ``flc``, ``flt``, ``drc`` and ``drz`` files and plain image FITS, gzipped and tile-compressed
too. Nothing named in a header is ever opened.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from sky.fits_header import ExposureHeader, UnusableImage, exposure_header
from sky.fits_open import MAX_DECOMPRESSED_BYTES, MAX_SIDE, ImageHdu, open_images, plain_file
from sky.fits_pixels import image_pixels
from sky.fits_tiles import check_tiles
from sky.wcs import separation_arcsec

__all__ = ["ExposureHeader", "ScienceImage", "UnusableImage", "read_images", "read_pixels"]

Read = TypeVar("Read")

MIN_SIDE = 8
MAX_SIP_ORDER = 9
MIN_SCALE_ARCSEC, MAX_SCALE_ARCSEC = 0.005, 5.0
"""Hubble's finest camera had 0.014 arcseconds (FOC f/96: drizzled finer still), its coarsest 0.2 (NICMOS 3)."""
SIDE_PLANES = {"ERR", "DQ", "WHT", "CTX", "TIME", "SAMP", "WCSDVARR", "D2IMARR", "HDRLET", "MASK", "BKG", "VAR"}


@dataclass(frozen=True, slots=True, eq=False)
class ScienceImage:
    """One science image extension.

    ``pixels`` is 2-D float32 in native byte order, row 0 at the bottom of the sky picture, NaN where
    there is no data, in the unit of ``header.unit``. ``chip`` is the detector chip (1 if unknown).
    """

    extension: int
    chip: int
    pixels: NDArray[np.float32]
    wcs: WCS
    header: ExposureHeader


def _science(images: list[ImageHdu]) -> list[ImageHdu]:
    """The SCI extensions, or, where none are named so, every image that is not a side plane."""
    named = [hdu for hdu in images if str(hdu.name).upper() == "SCI"]
    if named:
        return named
    other = [hdu for hdu in images if str(hdu.name).upper() not in SIDE_PLANES]
    with_pixels = [hdu for hdu in other if len(hdu.shape) > 0 and 0 not in hdu.shape]
    return with_pixels or other[:1]


def _check_shape(hdu: ImageHdu) -> None:
    shape = tuple(hdu.shape)
    if not shape or 0 in shape:
        named = "the science extension" if str(hdu.name).upper() == "SCI" else "the image"
        raise UnusableImage(f"It has no image: {named} has no pixels.")
    if len(shape) != 2:
        raise UnusableImage(f"The image has {len(shape)} axes; only flat images of 2 are read.")
    if min(shape) < MIN_SIDE:
        raise UnusableImage(f"The image is too small: {shape[1]} x {shape[0]} pixels (at least {MIN_SIDE} needed).")
    if max(shape) > MAX_SIDE:
        raise UnusableImage(f"The image is too large: {shape[1]} x {shape[0]} pixels (at most {MAX_SIDE} a side).")


def _wcs(hdu: ImageHdu, hdus: fits.HDUList) -> WCS:
    """Full celestial WCS with SIP and lookup tables as astropy reads them."""
    try:
        for name in ("A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER"):
            order = hdu.header.get(name, 0)
            if not isinstance(order, int) or not 0 <= order <= MAX_SIP_ORDER:
                raise UnusableImage(f"Its coordinate system is unusable: {name} is {order!r}.")
        wcs = WCS(hdu.header, fobj=hdus)
        fault = _wcs_fault(wcs, hdu.shape)
    except (UnusableImage, MemoryError):
        raise
    except Exception as error:  # wcslib and astropy raise many kinds on broken headers
        raise UnusableImage("Its coordinate system (WCS) is damaged.") from error
    if fault:
        raise UnusableImage(fault)
    return wcs


def _wcs_fault(wcs: WCS, shape: tuple[int, ...]) -> str:
    """What makes the coordinate system no position of a telescope's image on the sky; empty for a usable one."""
    if not wcs.has_celestial or wcs.naxis != 2:
        return "It has no celestial coordinate system (WCS)."
    if (wcs.wcs.lng, wcs.wcs.lat) != (0, 1) or wcs.wcs.lngtyp.strip() != "RA":
        return "It has no usable celestial WCS: its axes are not right ascension, then declination."
    off_the_sky = "It has no usable celestial WCS: the centre of the image is at no place of the sky."
    if not _is_place(*wcs.wcs.crval):
        return off_the_sky
    column, row = shape[1] / 2, shape[0] / 2
    ra_deg, dec_deg = wcs.all_pix2world([column, column + 1, column], [row, row, row + 1], 0)
    if not _is_place(ra_deg[0], dec_deg[0]):
        return off_the_sky
    # The sides of the pixel in the middle, distortion included, and the root of the area: nought if they are parallel.
    sides = [separation_arcsec(ra_deg[0], dec_deg[0], ra_deg[i], dec_deg[i]) for i in (1, 2)]
    sides.append(math.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))) * 3600)
    if not all(MIN_SCALE_ARCSEC <= side <= MAX_SCALE_ARCSEC for side in sides):
        return (
            f"It has no usable celestial WCS: a pixel is not between {MIN_SCALE_ARCSEC} and {MAX_SCALE_ARCSEC} "
            "arcseconds large."
        )
    return ""


def _is_place(ra_deg: float, dec_deg: float) -> bool:
    return abs(ra_deg) <= 360 and abs(dec_deg) <= 90  # false for what is not finite


def _chip(header: fits.Header, default: int) -> int:
    """Chip number; drizzled images carry -999 and WFPC2 keeps it in DETECTOR."""
    for name in ("CCDCHIP", "DETECTOR"):
        try:
            chip = int(header.get(name, -1))
        except (TypeError, ValueError, fits.VerifyError):
            continue
        if 1 <= chip <= 8:
            return chip
    return default


def read_images(
    path: str | Path, *, skipped: list[str] | None = None, limit_bytes: int = MAX_DECOMPRESSED_BYTES
) -> Iterator[ScienceImage]:
    """Yield the usable science images of a file, one chip in memory at a time.

    Memory stays near the size of one chip as float32 (at most 1.6 GB) where the caller lets go of each
    before the next; a compressed image of large tiles takes up to 0.4 GB more. A gzipped file is unpacked on
    disk, and removed again in any case.

    Parameters
    ----------
    path : file of FITS, plain, gzipped or tile-compressed
    skipped : filled with one sentence for each chip left out while others are usable
    limit_bytes : largest size of a gzipped file once unpacked

    Raises
    ------
    UnusableImage
        No image of the file can be used; the message says why, in one sentence.
    """
    return _each_science(Path(path), _image, skipped, limit_bytes)


def read_pixels(
    path: str | Path, *, skipped: list[str] | None = None, limit_bytes: int = MAX_DECOMPRESSED_BYTES
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield name and pixels of the science images of a file, as :func:`read_images` does, whatever its headers say.

    Neither dates nor coordinates are asked for. A name is what goes between the brackets of ``file.fits[...]``:
    ``SCI,1`` for a named extension, else its number.
    """
    return _each_science(Path(path), _named_pixels, skipped, limit_bytes)


def _each_science(
    path: Path, read: Callable[[ImageHdu, fits.HDUList, str, int], Read], skipped: list[str] | None, limit_bytes: int
) -> Iterator[Read]:
    """What ``read`` makes of each science image, given the file's name and the image's position from 1."""
    reasons: list[str] = []
    found = 0
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = plain_file(path, stack, limit_bytes)
        hdus, images = open_images(plain, stack)
        check_tiles(plain)
        science = _science(images)
        if not science:
            raise UnusableImage("It holds no image.")
        for position, hdu in enumerate(science, start=1):
            try:
                image = read(hdu, hdus, path.name, position)
            except UnusableImage as error:
                reasons.append(error.reason)
                continue
            found += 1
            yield image
            del image
        if not found:
            raise UnusableImage(reasons[0])
    if skipped is not None:
        skipped.extend(reasons)


def _named_pixels(hdu: ImageHdu, hdus: fits.HDUList, name: str, position: int) -> tuple[str, NDArray[np.float32]]:
    _check_shape(hdu)
    named = str(hdu.name).upper() == "SCI"
    label = f"SCI,{hdu.ver}" if named else str(next(i for i, other in enumerate(hdus) if other is hdu))
    return label, image_pixels(hdu, hdus)


def _image(hdu: ImageHdu, hdus: fits.HDUList, name: str, position: int) -> ScienceImage:
    _check_shape(hdu)
    header = exposure_header(hdus[0].header, hdu.header, name)
    wcs = _wcs(hdu, hdus)
    extension = next(i for i, other in enumerate(hdus) if other is hdu)
    return ScienceImage(extension, _chip(hdu.header, position), image_pixels(hdu, hdus), wcs, header)
