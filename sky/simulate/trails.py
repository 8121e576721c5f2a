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
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Add a satellite that crosses the whole field, its ridge ``peak`` high, in place.

    Returns its centre line (xs, ys) over the field and beyond. Slightly curved one time in five.
    """
    height, width = image.shape
    angle = rng.uniform(0, np.pi)
    middle_x, middle_y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.85) * height
    diagonal = float(np.hypot(height, width))
    bend = rng.normal(0, 0.012) / diagonal * 4 if rng.random() < 0.2 else 0.0
    grid_y, grid_x = np.ogrid[:height, :width]
    u = ((grid_x - middle_x) * np.cos(angle) + (grid_y - middle_y) * np.sin(angle)).astype(np.float32)
    v = ((grid_y - middle_y) * np.cos(angle) - (grid_x - middle_x) * np.sin(angle)).astype(np.float32)
    distance_km = float(10 ** rng.uniform(np.log10(350), np.log10(4000)))
    profile, step = satellite_profile(distance_km, pixel_scale_arcsec, psf_fwhm_px)
    half = profile.size // 2
    across = np.abs((v - np.float32(bend) * u**2) / np.float32(np.sqrt(1 + (2 * bend * diagonal / 2) ** 2)))
    inside = across < (half - 1) * step
    light = np.interp(across[inside], np.arange(half + 1) * step, profile[half:] / profile.max())
    if tumbling if tumbling is not None else rng.random() < 0.3:
        phase = u[inside] / rng.uniform(60, 400) + rng.uniform(0, 6)
        light = light * (0.35 + 0.65 * np.abs(np.sin(phase)) ** rng.uniform(1, 6))
    image[inside] += (peak * light).astype(np.float32)
    along = np.linspace(-diagonal, diagonal, 801)
    sideways = bend * along**2
    xs = middle_x + along * np.cos(angle) - sideways * np.sin(angle)
    ys = middle_y + along * np.sin(angle) + sideways * np.cos(angle)
    return xs, ys
