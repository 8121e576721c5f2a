"""Read the science images of a FITS file, one chip at a time, or say why there are none.

Accepts HST ``flc``, ``flt``, ``drc`` and ``drz`` files and plain image FITS, gzipped too. Nothing named
in a header is ever opened, and no size claimed by a header is believed before the file is long enough.
"""

from __future__ import annotations

import gzip
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from sky.fits_header import ExposureHeader, UnusableImage, exposure_header

__all__ = ["ExposureHeader", "ScienceImage", "UnusableImage", "read_images"]

MIN_SIDE = 8
MAX_SIDE = 20_000
MAX_DECOMPRESSED_BYTES = 2 * 1024**3
MAX_SIP_ORDER = 9
MAX_EXTENSIONS = 500
SIDE_PLANES = {"ERR", "DQ", "WHT", "CTX", "TIME", "SAMP", "WCSDVARR", "D2IMARR", "HDRLET", "MASK", "BKG", "VAR"}
NO_DATA_FLAGS = 1 | 2 | 4
"""DQ bits without a value to show: lost in transmission, filled, bad detector pixel (ACS and WFC3 data handbooks)."""

ImageHdu: TypeAlias = fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU


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


def _unpacked(path: Path, stack: ExitStack, limit_bytes: int) -> Path:
    """Path of the plain FITS: itself, or a temporary copy of a gzipped one (so that it can be mapped)."""
    try:
        with path.open("rb") as raw:
            magic = raw.read(6)
    except OSError as error:
        raise UnusableImage("The file cannot be read.") from error
    if magic[:2] != b"\x1f\x8b":
        if magic != b"SIMPLE":
            raise UnusableImage("This is not a FITS file.")
        return path
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fits-")))
    plain = folder / "plain.fits"
    written = 0
    try:
        with gzip.open(path, "rb") as source, plain.open("wb") as target:
            while block := source.read(1 << 20):
                if not written and block[:6] != b"SIMPLE":
                    raise UnusableImage("This gzip file does not hold a FITS file.")
                written += len(block)
                if written > limit_bytes:
                    raise UnusableImage(f"Unpacked, this file is larger than {limit_bytes / 1024**3:.3g} GiB.")
                target.write(block)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnusableImage("The gzip file is cut short or damaged.") from error
    if not written:
        raise UnusableImage("This gzip file is empty.")
    return plain


def _hdus(path: Path, stack: ExitStack) -> tuple[fits.HDUList, list[ImageHdu]]:
    """Open the file and list its image extensions in order."""
    size = path.stat().st_size
    try:
        hdus = stack.enter_context(fits.open(path, memmap=True, lazy_load_hdus=True))
        images: list[ImageHdu] = []
        index = 0
        while index < MAX_EXTENSIONS:
            try:
                hdu = hdus[index]
            except IndexError:
                break
            index += 1
            info = hdu.fileinfo() or {}
            if info.get("datLoc", 0) + int(hdu.size) > size:
                raise UnusableImage("The file is cut short: it promises more data than it holds.")
            if isinstance(hdu, ImageHdu):
                images.append(hdu)
    except UnusableImage:
        raise
    except Exception as error:  # astropy raises anything from OSError to TypeError on hostile headers
        raise UnusableImage("The file is not readable as FITS (damaged header).") from error
    return hdus, images


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
    for name in ("A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER"):
        order = hdu.header.get(name, 0)
        if not isinstance(order, int) or not 0 <= order <= MAX_SIP_ORDER:
            raise UnusableImage(f"Its coordinate system is unusable: {name} is {order!r}.")
    try:
        wcs = WCS(hdu.header, fobj=hdus)
        usable = wcs.has_celestial and wcs.naxis == 2
        if usable:
            centre = wcs.all_pix2world([[hdu.shape[1] / 2, hdu.shape[0] / 2]], 0)
            usable = bool(np.isfinite(centre).all()) and abs(np.linalg.det(wcs.pixel_scale_matrix)) > 0
    except Exception as error:  # wcslib and astropy raise many kinds on broken headers
        raise UnusableImage("Its coordinate system (WCS) is damaged.") from error
    if not usable:
        raise UnusableImage("It has no celestial coordinate system (WCS).")
    return wcs


def _plane(hdus: fits.HDUList, name: str, version: int, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The side plane (DQ, WHT) belonging to a science extension, if it is there with the same shape."""
    try:
        plane = hdus[name, version]
    except KeyError:
        return None
    return plane.data if isinstance(plane, ImageHdu) and tuple(plane.shape) == shape else None


def _pixels(hdu: ImageHdu, hdus: fits.HDUList) -> NDArray[np.float32]:
    try:
        pixels = np.array(hdu.data, dtype=np.float32, order="C")
        if str(hdu.name).upper() == "SCI":
            quality = _plane(hdus, "DQ", int(hdu.ver), hdu.shape)
            if quality is not None and np.issubdtype(quality.dtype, np.integer):
                pixels[(quality & NO_DATA_FLAGS) != 0] = np.nan
            weight = _plane(hdus, "WHT", int(hdu.ver), hdu.shape)
            if weight is not None:
                pixels[np.asarray(weight) == 0] = np.nan
    except Exception as error:  # a damaged compressed tile, a hostile BSCALE: any kind of error
        raise UnusableImage("Its pixels cannot be read: the file is damaged.") from error
    finally:
        for opened in hdus:  # let go of the mapped planes: one chip in memory at a time
            if isinstance(opened, ImageHdu) and opened._data_loaded:
                del opened.data
    pixels[~np.isfinite(pixels)] = np.nan
    values = pixels[np.isfinite(pixels)]
    if not values.size or values.min() == values.max():
        raise UnusableImage("The image is blank: no pixel holds data.")
    return pixels


def _chip(header: fits.Header, default: int) -> int:
    """Chip number; drizzled images carry -999 and WFPC2 keeps it in DETECTOR."""
    for name in ("CCDCHIP", "DETECTOR"):
        try:
            chip = int(header.get(name, -1))
        except (TypeError, ValueError):
            continue
        if 1 <= chip <= 8:
            return chip
    return default


def read_images(
    path: str | Path, *, skipped: list[str] | None = None, limit_bytes: int = MAX_DECOMPRESSED_BYTES
) -> Iterator[ScienceImage]:
    """Yield the usable science images of a file, one chip in memory at a time.

    Parameters
    ----------
    path : file of FITS, plain or gzipped
    skipped : filled with one sentence for each chip left out while others are usable
    limit_bytes : largest size of a gzipped file once unpacked

    Raises
    ------
    UnusableImage
        No image of the file can be used; the message says why, in one sentence.
    """
    path = Path(path)
    reasons: list[str] = []
    found = 0
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = _unpacked(path, stack, limit_bytes)
        hdus, images = _hdus(plain, stack)
        science = _science(images)
        if not science:
            raise UnusableImage("It holds no image.")
        for position, hdu in enumerate(science, start=1):
            try:
                image = _image(hdu, hdus, path.name, position)
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


def _image(hdu: ImageHdu, hdus: fits.HDUList, name: str, position: int) -> ScienceImage:
    _check_shape(hdu)
    header = exposure_header(hdus[0].header, hdu.header, name)
    wcs = _wcs(hdu, hdus)
    extension = next(i for i, other in enumerate(hdus) if other is hdu)
    return ScienceImage(extension, _chip(hdu.header, position), _pixels(hdu, hdus), wcs, header)
