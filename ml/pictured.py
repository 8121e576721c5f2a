"""A tile as somebody's picture of it: blown up or shrunk, stretched, clipped, in 256 greys, through JPEG.

Archive previews, quadrants cut for a web site and screenshots are what many people have; a model that saw
calibrated pixels only is lost on them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sky.stretch import sky_statistics

JPEG_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Zoom:
    """How a square window is brought to a tile: by which factor, and whether pixels are repeated or blended."""

    factor: float
    smooth: bool

    def window_px(self, size: int) -> int:
        """Side of the window that becomes a tile of ``size``."""
        return max(8, round(size / self.factor))


def draw_zoom(rng: np.random.Generator, *, may_shrink: bool) -> Zoom:
    """Half are as they are; most of the rest blown up 1.2-2.6 times, some shrunk to a half."""
    chance = rng.random()
    if chance < 0.5:
        return Zoom(1.0, False)
    if chance < 0.7 and may_shrink:
        return Zoom(0.5 if rng.random() < 0.7 else float(rng.uniform(0.5, 1.0)), True)
    return Zoom(float(rng.uniform(1.2, 2.6)), bool(rng.random() < 0.35))


def resized(pixels: NDArray[np.float32], size: int, zoom: Zoom) -> NDArray[np.float32]:
    """A square of pixels brought to ``size``; NaN (no data) stays NaN."""
    if pixels.shape == (size, size):
        return pixels
    if not zoom.smooth:
        at = np.minimum(((np.arange(size) + 0.5) * pixels.shape[0] / size).astype(int), pixels.shape[0] - 1)
        return np.ascontiguousarray(pixels[np.ix_(at, at)])
    method = Image.Resampling.BOX if zoom.factor < 1 else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(pixels, mode="F").resize((size, size), method), dtype=np.float32)


def as_picture(pixels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The same tile after a stretch between two limits to 8 bits and, often, JPEG; NaN stays NaN.

    Limits as zscale, percentiles or a person's sliders set them: 0.3-5 sigma below the sky, 2.5-300 above.
    """
    empty = ~np.isfinite(pixels)
    level, sigma = sky_statistics(pixels)
    low = level - sigma * float(rng.uniform(0.3, 5.0))
    high = level + sigma * float(np.exp(rng.uniform(np.log(2.5), np.log(300.0))))
    share = np.clip((np.nan_to_num(pixels, nan=level) - low) / (high - low), 0, 1)
    grey = np.rint(255 * _stretched(share, rng)).astype(np.uint8)
    if rng.random() < JPEG_SHARE:
        buffer = io.BytesIO()
        Image.fromarray(grey).save(buffer, "JPEG", quality=int(rng.integers(60, 101)))
        grey = np.asarray(Image.open(buffer))
    found = dithered(grey, rng)
    found[empty] = np.nan
    return found


def dithered(grey: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Grey levels with even noise of one level, so that a sky of one or two greys has a width at all."""
    return np.asarray(grey + rng.random(grey.shape, dtype=np.float32) - np.float32(0.5), dtype=np.float32)


def _stretched(share: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    kind = rng.choice(["linear", "asinh", "log", "root"], p=[0.5, 0.25, 0.15, 0.1])
    if kind == "linear":
        return share
    if kind == "root":
        return np.sqrt(share)
    strength = float(np.exp(rng.uniform(np.log(3.0), np.log(300.0))))
    curve = np.arcsinh if kind == "asinh" else np.log1p
    return np.asarray(curve(share * strength) / curve(strength), dtype=np.float32)
