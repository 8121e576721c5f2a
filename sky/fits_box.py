"""Read a part of one science image again: the same values that :func:`sky.fits.read_images` gave."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sky.fits_header import UnusableImage
from sky.fits_open import open_images, plain_file
from sky.fits_pixels import box_pixels


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
        hdus, images = open_images(plain_file(Path(path), stack), stack)
        hdu = next((hdu for hdu in images if hdus.index_of(hdu) == extension), None)
        if hdu is None or len(hdu.shape) != 2:
            raise UnusableImage(f"It holds no image in extension {extension}.")
        return box_pixels(hdu, hdus, rows, columns)
