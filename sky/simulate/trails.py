"""Trails: asteroids that draw a thin curve, satellites that draw a broad line across everything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from sky.simulate.psf import FWHM_TO_SIGMA, MIXTURE, splat_psf

TELESCOPE_M = 2.4
POINTS_PER_FWHM = 3.5


def render_trail(
    shape: tuple[int, int],
    xs: NDArray[np.floating],
    ys: NDArray[np.floating],
    flux: float | NDArray[np.floating],
    psf_fwhm_px: float,
    *,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Draw a moving point source of total ``flux``.

    Parameters
    ----------
    shape : (height, width) of the image
    xs, ys : (n,) positions in pixels at n times evenly spaced from the start to the end of the exposure
    flux : total in electrons, or (n,) brightness over time whose mean is the total
    psf_fwhm_px : width of the PSF's core
    out : image to add to, in place; a new one of zeros if not given

    Returns the image. Flux is conserved where the trail is inside; no light is lost to sampling.
    """
    image = np.zeros(shape, dtype=np.float32) if out is None else out
    xs, ys = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
    path = float(np.hypot(np.diff(xs), np.diff(ys)).sum())
    count = max(8, int(np.ceil(path * POINTS_PER_FWHM / psf_fwhm_px)))
    moments = (np.arange(count) + 0.5) / count
    times = np.linspace(0.0, 1.0, xs.size)
    light = np.interp(moments, times, flux) if isinstance(flux, np.ndarray) else np.full(count, float(flux))
    splat_psf(image, np.interp(moments, times, xs), np.interp(moments, times, ys), light / count, psf_fwhm_px)
    return image


def ridge_peak(flux_per_px: float, psf_fwhm_px: float) -> float:
    """Height of the ridge of a long straight trail, in electrons per pixel, sampled by whole pixels."""
    sigmas = np.array([relative for _, relative in MIXTURE]) * psf_fwhm_px * FWHM_TO_SIGMA
    shares = np.array([share for share, _ in MIXTURE])
    spread = np.sqrt(sigmas**2 + 1 / 12)
    return float(flux_per_px * np.sum(shares / (np.sqrt(2 * np.pi) * spread)))


def satellite_profile(
    distance_km: float, pixel_scale_arcsec: float, psf_fwhm_px: float
) -> tuple[NDArray[np.float64], float]:
    """Brightness across a satellite's trail (sum 1) on a grid, and the grid's step in pixels.

    A nearby point is out of focus: HST sees it as an image of its own annular mirror, 2.4 m at the
    satellite's distance; the trail shows that ring's projection, blurred by the PSF.
    """
    radius = TELESCOPE_M / 2 / (distance_km * 1e3) * 206_264.8 / pixel_scale_arcsec
    step = 0.1
    half = int(np.ceil((radius + 4 * psf_fwhm_px + 2) / step))
    v = np.arange(-half, half + 1) * step
    chord = np.sqrt(np.maximum(radius**2 - v**2, 0)) - np.sqrt(np.maximum((0.33 * radius) ** 2 - v**2, 0))
    if chord.sum() <= 0:
        chord[half] = 1.0
    profile = gaussian_filter1d(chord, psf_fwhm_px * FWHM_TO_SIGMA / step, mode="constant")
    return profile / profile.sum(), step


def add_satellite(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    peak: float,
    *,
    psf_fwhm_px: float,
    pixel_scale_arcsec: float,
    tumbling: bool | None = None,
    crossing: bool | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Add a satellite that crosses the field, its ridge ``peak`` high, in place.

    Three in four are 350-4,000 km away, broad and double-peaked out of focus; the others are 8,000-40,000 km
    away and as narrow as a star. One in five is slightly curved; three in ten tumble: they brighten and fade,
    or flash. One in twenty begins or ends in the field (the Earth's shadow, or the shutter). ``tumbling`` and
    ``crossing`` settle these two. Returns its centre line (xs, ys) where it shines, over the field and beyond.
    """
    height, width = image.shape
    angle = rng.uniform(0, np.pi)
    middle_x, middle_y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.85) * height
    diagonal = float(np.hypot(height, width))
    bend = rng.normal(0, 0.012) / diagonal * 4 if rng.random() < 0.2 else 0.0
    near = rng.random() < 0.75
    distance_km = float(10 ** rng.uniform(*np.log10((350, 4_000) if near else (8_000, 40_000))))
    profile, step = satellite_profile(distance_km, pixel_scale_arcsec, psf_fwhm_px)
    half = profile.size // 2
    grid_y, grid_x = np.ogrid[:height, :width]
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = grid_x.astype(np.float32) - np.float32(middle_x), grid_y.astype(np.float32) - np.float32(middle_y)
    v = dy * cos - dx * sin
    if bend:
        v -= np.float32(bend) * (dx * cos + dy * sin) ** 2
        v /= np.float32(np.sqrt(1 + (bend * diagonal) ** 2))
    across = np.abs(v)
    rows, columns = np.nonzero(across < (half - 1) * step)
    u = dx[0, columns] * cos + dy[rows, 0] * sin
    light = np.interp(across[rows, columns], np.arange(half + 1) * step, profile[half:] / profile.max())
    if tumbling if tumbling is not None else rng.random() < 0.3:
        light *= _tumble(rng, u)
    first, last = -diagonal, diagonal
    if not (crossing if crossing is not None else rng.random() >= 0.05):
        cut = float(rng.uniform(-0.3, 0.3)) * min(height, width)
        fade = float(rng.choice([psf_fwhm_px, rng.uniform(10, 60)]))
        way = int(rng.choice([-1, 1]))
        light *= np.clip(way * (u - cut) / fade + 0.5, 0, 1)
        first, last = (cut, diagonal) if way == 1 else (-diagonal, cut)
    image[rows, columns] += (peak * light).astype(np.float32)
    along = np.linspace(first, last, 801)
    sideways = bend * along**2
    xs = middle_x + along * np.cos(angle) - sideways * np.sin(angle)
    ys = middle_y + along * np.sin(angle) + sideways * np.cos(angle)
    return xs, ys


def _tumble(rng: np.random.Generator, u: NDArray[np.float32]) -> NDArray[np.float64]:
    """Brightness (0-1) along the trail of a turning body: waves, or sharp flashes on a fainter line."""
    period, phase = float(rng.uniform(60, 400)), float(rng.uniform(0, 6))
    wave = np.abs(np.sin(u / period + phase))
    if rng.random() < 0.6:
        return np.asarray(0.35 + 0.65 * wave ** rng.uniform(1, 6))
    base = float(rng.uniform(0.1, 0.5))
    return np.asarray(base + (1 - base) * wave ** rng.uniform(30, 400))
