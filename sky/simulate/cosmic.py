"""Cosmic rays and defects of the detector: sharp, not blurred by the optics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sky.simulate.psf import splat_gaussians

ELECTRONS_PER_PX = 1_150.0
"""Most probable charge of a minimum-ionising particle per 15 micron of silicon (about 77 e-/micron)."""
DEPTH_PX = 0.95
DIFFUSION_PX = 0.36


def add_cosmic_rays(
    image: NDArray[np.float32], rng: np.random.Generator, exposure_s: float, *, rate: float = 2.3, scale: float = 1.0
) -> int:
    """Add the cosmic rays of an exposure to an image in electrons, in place; returns how many.

    ``rate`` is hits per second and 1024 x 1024 pixels (2.3 covers 1.5-3 % of the pixels in 1000 s, ACS
    Instrument Handbook 4.3.6); ``scale`` thins them out, as rejection in a combined image does. Lengths
    follow isotropic arrival (tan of the zenith angle times the depth), charges a Landau-like (Moyal) law.
    """
    height, width = image.shape
    count = int(rng.poisson(scale * rate * exposure_s * image.size / 1024**2))
    if not count:
        return 0
    chance = rng.random(count)
    length = np.minimum(DEPTH_PX * np.sqrt(1 / np.maximum(chance, 1e-6) - 1), 120.0)
    charge = ELECTRONS_PER_PX * np.hypot(length, DEPTH_PX) * _moyal(rng, count)
    angle = rng.uniform(0, 2 * np.pi, count)
    x0, y0 = rng.uniform(-3, width + 3, count), rng.uniform(-3, height + 3, count)
    points = np.maximum(2, np.ceil(length / 0.45)).astype(np.int64)
    owner = np.repeat(np.arange(count), points)
    first = np.cumsum(points) - points
    step = (np.arange(owner.size) - first[owner]) / np.maximum(points - 1, 1)[owner]
    # Knocked-on electrons scatter: their direction wanders, the rest fly straight.
    wander = np.where(rng.random(count) < 0.12, rng.uniform(0.2, 0.7, count), 0.0)
    turn = np.cumsum(rng.normal(size=owner.size) * wander[owner])
    heading = angle[owner] + turn - turn[first][owner]
    stride = (length / np.maximum(points - 1, 1))[owner]
    x = x0[owner] + _restart_cumsum(stride * np.cos(heading), first, points)
    y = y0[owner] + _restart_cumsum(stride * np.sin(heading), first, points)
    uneven = rng.lognormal(0.0, 0.45, owner.size)
    shares = charge[owner] / points[owner] * uneven * (1 + 0.3 * (step - 0.5))
    splat_gaussians(image, x, y, shares, DIFFUSION_PX)
    return count


def _moyal(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Landau-like spread of the charge: long tail upward, most probable value near 1."""
    gaussian = rng.normal(size=count)
    return np.clip(0.75 - 0.22 * np.log(np.maximum(gaussian**2, 1e-12)), 0.25, 8.0)


def _restart_cumsum(
    values: NDArray[np.float64], first: NDArray[np.int64], points: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Cumulative sum that begins again at zero at each track."""
    total = np.cumsum(values)
    return total - np.repeat(total[first], points)


def add_hot_pixels(
    image: NDArray[np.float32], rng: np.random.Generator, exposure_s: float, per_megapixel: int = 900
) -> None:
    """Add pixels with excess dark current (0.03-3 e-/s, most of them faint), in place."""
    count = int(rng.poisson(per_megapixel * image.size / 1024**2))
    rate = 0.03 * (1 - rng.random(count)) ** -0.75
    np.add.at(
        image,
        (rng.integers(0, image.shape[0], count), rng.integers(0, image.shape[1], count)),
        (np.minimum(rate, 3.0) * exposure_s).astype(np.float32),
    )


def add_bad_columns(
    image: NDArray[np.float32], rng: np.random.Generator, exposure_s: float, per_megapixel: float = 1.5
) -> None:
    """Add hot columns that start at a defect and run away from the read-out edge, in place."""
    height, width = image.shape
    for _ in range(int(rng.poisson(per_megapixel * image.size / 1024**2))):
        column, start = int(rng.integers(0, width)), int(rng.integers(0, height))
        excess = np.float32(rng.uniform(0.01, 0.06) * exposure_s)
        image[start:, column] += excess
        image[start, column] += 20 * excess
