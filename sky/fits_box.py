"""Read a part of one science image again: the same values that :func:`sky.fits.read_images` gave."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from sky.fits import MAX_DECOMPRESSED_BYTES, NO_DATA_FLAGS, ImageHdu, UnusableImage, _hdus, _unpacked


def read_box(path: str | Path, extension: int, rows: slice, columns: slice) -> NDArray[np.float32]:
    """A rectangle of the image in HDU ``extension``, read without the rest of it.

    Returns 2-D float32 in native byte order, FITS row order, NaN where there is no data.

    Raises
    ------
    UnusableImage
        The file is not the one that was read before: no such image, or damaged.
    """
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hdus, images = _hdus(_unpacked(Path(path), stack, MAX_DECOMPRESSED_BYTES), stack)
        hdu = next((hdu for hdu in images if hdus.index_of(hdu) == extension), None)
        if hdu is None or len(hdu.shape) != 2:
            raise UnusableImage(f"It holds no image in extension {extension}.")
        try:
            pixels = np.array(hdu.section[rows, columns], dtype=np.float32, order="C")
            if str(hdu.name).upper() == "SCI":
                _mask(pixels, hdu, hdus, rows, columns)
        except (OSError, TypeError, ValueError, IndexError) as error:
            raise UnusableImage("Its pixels cannot be read: the file is damaged.") from error
        pixels[~np.isfinite(pixels)] = np.nan
        return pixels


def _mask(pixels: NDArray[np.float32], hdu: ImageHdu, hdus: fits.HDUList, rows: slice, columns: slice) -> None:
    """Put NaN where the DQ and WHT planes say that there is no data, as for whole images."""
    quality = _section(hdus, "DQ", hdu, rows, columns)
    if quality is not None and np.issubdtype(quality.dtype, np.integer):
        pixels[(quality & NO_DATA_FLAGS) != 0] = np.nan
    weight = _section(hdus, "WHT", hdu, rows, columns)
    if weight is not None:
        pixels[weight == 0] = np.nan


def _section(hdus: fits.HDUList, name: str, hdu: ImageHdu, rows: slice, columns: slice) -> NDArray[Any] | None:
    try:
        plane = hdus[name, int(hdu.ver)]
    except KeyError:
        return None
    same = isinstance(plane, ImageHdu) and tuple(plane.shape) == tuple(hdu.shape)
    return np.asarray(plane.section[rows, columns]) if same else None
