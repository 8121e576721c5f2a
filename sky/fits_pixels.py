"""Pixels of a science extension with the side planes' word on where there is no data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from sky.fits_header import UnusableImage
from sky.fits_open import ImageHdu

NO_DATA_FLAGS = 1 | 2 | 4
"""DQ bits without a value to show: lost in transmission, filled, bad detector pixel (ACS and WFC3 data handbooks)."""
BLOCK_PIXELS = 1 << 20


def image_pixels(hdu: ImageHdu, hdus: fits.HDUList) -> NDArray[np.float32]:
    """The whole image, 2-D float32 in native byte order, FITS row order, NaN where there is no data.

    It is read in blocks, so that the memory taken is about the image itself, or five tiles more where it is
    compressed.

    Raises
    ------
    UnusableImage
        The pixels are damaged, or the image is blank.
    """
    pixels = np.empty(tuple(hdu.shape), dtype=np.float32)
    low, high = np.inf, -np.inf
    for rows, columns in _blocks(hdu):
        block = box_pixels(hdu, hdus, rows, columns)
        pixels[rows, columns] = block
        low = min(low, float(np.fmin.reduce(block, axis=None, initial=np.inf)))
        high = max(high, float(np.fmax.reduce(block, axis=None, initial=-np.inf)))
    if not low < high:
        raise UnusableImage("The image is blank: no pixel holds data.")
    return pixels


def _blocks(hdu: ImageHdu) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of pieces near :data:`BLOCK_PIXELS`: whole rows, or whole tiles, so that none is read twice."""
    height, width = (int(side) for side in hdu.shape)
    tile_rows, tile_columns = (1, width)
    if isinstance(hdu, fits.CompImageHDU):
        tile_rows, tile_columns = (min(int(tile), side) for tile, side in zip(hdu.tile_shape, hdu.shape, strict=True))
    columns_step = max(1, min(width, BLOCK_PIXELS // tile_rows) // tile_columns) * tile_columns
    rows_step = max(1, BLOCK_PIXELS // columns_step // tile_rows) * tile_rows
    for row in range(0, height, rows_step):
        for column in range(0, width, columns_step):
            yield slice(row, min(row + rows_step, height)), slice(column, min(column + columns_step, width))


def box_pixels(hdu: ImageHdu, hdus: fits.HDUList, rows: slice, columns: slice) -> NDArray[np.float32]:
    """A rectangle of the image as :func:`image_pixels` gives it, read without the rest.

    Raises
    ------
    UnusableImage
        The pixels are damaged.
    """
    try:
        pixels = np.array(hdu.section[rows, columns], dtype=np.float32, order="C")
        if str(hdu.name).upper() == "SCI":
            _mask(pixels, hdu, hdus, rows, columns)
    except MemoryError:
        raise
    except Exception as error:  # a damaged compressed tile, a hostile BSCALE: any kind of error
        raise UnusableImage("Its pixels cannot be read: the file is damaged.") from error
    pixels[~np.isfinite(pixels)] = np.nan
    return pixels


def _mask(pixels: NDArray[np.float32], hdu: ImageHdu, hdus: fits.HDUList, rows: slice, columns: slice) -> None:
    """Put NaN where the DQ and WHT planes say that there is no data."""
    quality = _section(hdus, "DQ", hdu, rows, columns)
    if quality is not None and np.issubdtype(quality.dtype, np.integer):
        pixels[(quality & NO_DATA_FLAGS) != 0] = np.nan
    weight = _section(hdus, "WHT", hdu, rows, columns)
    if weight is not None:
        pixels[weight == 0] = np.nan


def _section(hdus: fits.HDUList, name: str, hdu: ImageHdu, rows: slice, columns: slice) -> NDArray[Any] | None:
    """The same rectangle of the side plane belonging to a science extension, if there is one of the same shape."""
    try:
        plane = hdus[name, int(hdu.ver)]
    except KeyError:
        return None
    same = isinstance(plane, ImageHdu) and tuple(plane.shape) == tuple(hdu.shape)
    return np.asarray(plane.section[rows, columns]) if same else None
