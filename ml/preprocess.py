"""From calibrated pixels to a network's input: the one door that training and inference share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.contract import INPUT_SIZE_PX
from sky.stretch import sky_statistics

LINEAR_TO_SIGMA = 3.0
"""Up to about this many times the noise the compression is linear, so faint trails keep their contrast."""
DEEPEST_SIGMA = -10.0
"""Negative pixels below this are defects (bad columns, drizzle's borders), not sky."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkInput:
    """One tile ready for a network.

    ``array`` is float32 [1, size, size]. The tile's own pixels are ``array[0, :height, :width]``; what is
    beyond them is padding at sky level.
    """

    array: NDArray[np.float32]
    width: int
    height: int


def normalise(pixels: NDArray[np.floating]) -> NDArray[np.float32]:
    """Noise-normalised, asinh-compressed pixels: 0 is the sky, 1 about 3.5 times its noise; no data is 0.

    ``asinh((x - sky) / (3 sigma))`` with sky and sigma from clipped medians (:mod:`sky.stretch`), so the
    result does not change when the unit, the exposure time or the sky level does.
    """
    level, sigma = sky_statistics(pixels)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is a defect, taken out below
        scaled = pixels.astype(np.float32, copy=True)
        scaled -= np.float32(level)
        scaled *= np.float32(1 / (LINEAR_TO_SIGMA * sigma))
    scaled[~np.isfinite(scaled)] = 0.0
    np.maximum(scaled, np.float32(DEEPEST_SIGMA / LINEAR_TO_SIGMA), out=scaled)
    return np.asarray(np.arcsinh(scaled, out=scaled))


def network_input(pixels: NDArray[np.floating], size: int = INPUT_SIZE_PX) -> NetworkInput:
    """A tile of calibrated pixels, in any unit, as a network's input.

    Parameters
    ----------
    pixels : (height, width), FITS orientation (row 0 at the bottom), NaN where there is no data
    size : side of the network's input in pixels

    Raises
    ------
    ValueError
        The tile is empty, not two-dimensional, or larger than ``size``.
    """
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise ValueError(f"A tile has rows and columns; this one has shape {pixels.shape}.")
    height, width = pixels.shape
    if height > size or width > size:
        raise ValueError(f"A tile of {width} x {height} pixels does not fit the model's {size} x {size}.")
    array = np.zeros((1, size, size), dtype=np.float32)
    array[0, :height, :width] = normalise(pixels)
    return NetworkInput(array, width, height)
