"""From pixel values to pictures: robust sky level, display limits, 8-bit and 16-bit renderings.

FITS rows count upward, picture rows downward. Every rendering made here is already flipped: row 0 of a
picture is the TOP, the last row of the FITS image. Positions are converted by :func:`display_xy` and
:func:`pixel_xy`; both systems are 0-based with integers at pixel centres (a CSS position measured from
the picture's edge is larger by 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SAMPLE_SIZE = 60_000
MAD_TO_SIGMA = 1.482602218505602
LEVELS_PER_SIGMA = 4
ZERO_BELOW_SKY_SIGMA = 64.0
ASINH_RANGE = 10.0
"""Display = asinh(10 t) / asinh(10) with t from 0 at ``low`` to 1 at ``high``: linear in the sky, logarithmic above."""
LUT_SIZE = 16_384

Coordinate = TypeVar("Coordinate", float, NDArray[np.float64])


def _sample(pixels: NDArray[np.floating]) -> NDArray[np.float64]:
    """About SAMPLE_SIZE finite values on a grid; exact zeros (drizzle's empty border) are left out."""
    flat = pixels.reshape(-1)
    # A prime-ish stride avoids sampling the same columns of every row.
    step = max(1, flat.size // SAMPLE_SIZE)
    step += step > 1 and pixels.ndim == 2 and pixels.shape[1] % step == 0
    values = flat[::step].astype(np.float64)
    values = values[np.isfinite(values)]
    nonzero = values[values != 0.0]
    return nonzero if nonzero.size >= 64 else values


def sky_statistics(pixels: NDArray[np.floating]) -> tuple[float, float]:
    """Sky level and noise per pixel, both in the unit of the pixels.

    Median and 1.4826 x MAD of a sub-sample, clipped at 3 sigma until it settles: stars, cosmic rays and
    trails do not move it. Sigma is never 0. An image without data gives (0, 1).
    """
    values = _sample(pixels)
    if not values.size:
        return 0.0, 1.0
    level = sigma = 0.0
    for _ in range(8):
        level = float(np.median(values))
        sigma = MAD_TO_SIGMA * float(np.median(np.abs(values - level)))
        kept = values[np.abs(values - level) <= 3 * sigma]
        if sigma == 0 or kept.size == values.size:
            break
        values = kept
    if sigma == 0:
        sigma = float(np.std(values)) or max(abs(level) * 1e-6, 1e-12)
    return level, sigma


def limits(pixels: NDArray[np.floating]) -> tuple[float, float]:
    """Black and white point for people: 2 sigma below the sky, and the 99.8th percentile kept to 15-60 sigma above."""
    level, sigma = sky_statistics(pixels)
    values = _sample(pixels)
    bright = float(np.percentile(values, 99.8)) if values.size else level
    return level - 2 * sigma, min(max(bright, level + 15 * sigma), level + 60 * sigma)


@lru_cache(maxsize=1)
def _asinh_table() -> NDArray[np.uint8]:
    steps = np.linspace(0.0, 1.0, LUT_SIZE)
    table = np.rint(255 * np.arcsinh(ASINH_RANGE * steps) / np.arcsinh(ASINH_RANGE)).astype(np.uint8)
    table.setflags(write=False)
    return table


def asinh_8bit(pixels: NDArray[np.floating], low: float, high: float) -> NDArray[np.uint8]:
    """Picture of 8 bits in an asinh stretch, row 0 at the top. Pixels without data become black.

    Raises
    ------
    ValueError
        ``high`` is not above ``low``.
    """
    if not high > low:
        raise ValueError(f"The white point {high} must lie above the black point {low}.")
    scaled = (pixels[::-1].astype(np.float32) - np.float32(low)) * np.float32((LUT_SIZE - 1) / (high - low))
    np.nan_to_num(scaled, copy=False, nan=0.0)
    np.clip(scaled, 0, LUT_SIZE - 1, out=scaled)
    return np.take(_asinh_table(), scaled.astype(np.int16))


@dataclass(frozen=True, slots=True, eq=False)
class Rg16:
    """A 16-bit picture in the red (high byte) and green (low byte) channels of an 8-bit one.

    ``image`` is (height, width, 3) uint8 with row 0 at the top. A pixel's value is
    ``zero + scale * (256 * red + green)``; code 0 means no data, 65535 that value or more.
    """

    image: NDArray[np.uint8]
    zero: float
    scale: float


def rg16_scaling(level: float, sigma: float) -> tuple[float, float]:
    """``zero`` and ``scale`` of the 16-bit picture of an image with this sky level and noise."""
    return level - ZERO_BELOW_SKY_SIGMA * sigma, sigma / LEVELS_PER_SIGMA


def rg16_encode(pixels: NDArray[np.floating], level: float, sigma: float) -> Rg16:
    """Quantise to a quarter of the noise, which loses 0.3 % of the information, and split into two bytes.

    The range is 64 sigma below the sky to 16,000 above it. The step adds noise of step/sqrt(12), that is
    0.07 sigma.
    """
    if not sigma > 0:
        raise ValueError("The noise must be positive.")
    zero, scale = rg16_scaling(level, sigma)
    flipped = pixels[::-1].astype(np.float64)
    valid = np.isfinite(flipped)
    codes = np.clip(np.rint((np.where(valid, flipped, zero) - zero) / scale), 1, 65_535)
    codes = np.where(valid, codes, 0).astype(np.uint16)
    image = np.zeros((*codes.shape, 3), dtype=np.uint8)
    image[..., 0] = codes >> 8
    image[..., 1] = codes & 255
    return Rg16(image, zero, scale)


def rg16_decode(image: NDArray[np.uint8], zero: float, scale: float) -> NDArray[np.float32]:
    """Undo :func:`rg16_encode`: float32 pixels with FITS row 0 first, NaN where there is no data."""
    codes = image[..., 0].astype(np.uint32) * 256 + image[..., 1]
    values = np.where(codes > 0, zero + scale * codes, np.nan)
    return np.ascontiguousarray(values[::-1], dtype=np.float32)


def display_xy(x: Coordinate, y: Coordinate, height: int) -> tuple[Coordinate, Coordinate]:
    """Position in the picture (row 0 at the top) of a FITS pixel position."""
    return x, height - 1 - y


def pixel_xy(x: Coordinate, y: Coordinate, height: int) -> tuple[Coordinate, Coordinate]:
    """FITS pixel position of a position in the picture (row 0 at the top)."""
    return x, height - 1 - y
