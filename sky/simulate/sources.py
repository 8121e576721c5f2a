"""Stars and galaxies of a high-latitude field, and arcs around lenses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import gamma

from sky.photometry import rate_of
from sky.simulate.instruments import Camera
from sky.simulate.psf import FWHM_TO_SIGMA, add_stamp, core_stamp, splat_psf, star_patterns

SPIKES_FROM_E = 15_000.0
"""Stars brighter than this (electrons) get rings and spikes; below, those drown in the noise."""


def add_star(
    image: NDArray[np.float32], x: float, y: float, flux_e: float, camera: Camera, pivot_angstrom: float
) -> None:
    """Add one star with HST's diffraction pattern to an image in electrons, in place."""
    core, halo = star_patterns(pivot_angstrom, camera.pixel_scale_arcsec, camera.charge_diffusion_px)
    column, row = round(x), round(y)
    stamp = core_stamp(core, x - column, y - row)
    if flux_e < SPIKES_FROM_E:
        add_stamp(image, stamp * flux_e, column, row)
        return
    full = halo.copy()
    middle, reach = halo.shape[0] // 2, stamp.shape[0] // 2
    full[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1] = stamp
    add_stamp(image, full * flux_e, column, row)


def star_magnitudes(
    rng: np.random.Generator, count: int, brightest: float = 16.0, faintest: float = 26.5
) -> NDArray[np.float64]:
    """Magnitudes with counts growing as 10^(0.12 m), as towards the galactic poles (Bahcall & Soneira 1980)."""
    chance, slope = rng.random(count), 0.12
    low, high = 10 ** (slope * brightest), 10 ** (slope * faintest)
    return np.log10(low + chance * (high - low)) / slope


def add_stars(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    camera: Camera,
    filter_name: str,
    exposure_s: float,
    per_megapixel: float = 45.0,
    brightest: float = 16.0,
) -> int:
    """Add field stars to an image in electrons, in place; returns how many."""
    band = camera.bands[filter_name]
    count = int(rng.poisson(per_megapixel * image.size / 1024**2))
    xs = rng.uniform(-20, image.shape[1] + 20, count)
    ys = rng.uniform(-20, image.shape[0] + 20, count)
    for x, y, mag in zip(xs, ys, star_magnitudes(rng, count, brightest), strict=True):
        add_star(image, float(x), float(y), rate_of(mag, band.zero_point) * exposure_s, camera, band.pivot_angstrom)
    return count


def bleed(image: NDArray[np.float32], full_well_e: float) -> None:
    """Let charge above the full well run along its column, half each way, in place."""
    columns = np.unique(np.nonzero(image > full_well_e)[1])
    if not columns.size:
        return
    lines = image[:, columns].astype(np.float64)
    for share, view in ((0.5, lines), (1.0, lines[::-1])):
        carried = np.zeros(columns.size)
        for number in range(len(view)):
            above = view[number] - full_well_e
            given = np.where(above > 0, 0.0, np.minimum(carried, -above))
            taken = np.where(above > 0, above * share, 0.0)
            view[number] += given - taken
            carried += taken - given
    image[:, columns] = np.minimum(lines, full_well_e).astype(np.float32)


def _sersic(
    shape: tuple[int, int], x: float, y: float, re: float, index: float, axis_ratio: float, angle: float
) -> NDArray[np.float64]:
    """Sersic surface brightness of total 1 on pixels, softened at the centre by the pixel's size."""
    b = 2 * index - 1 / 3 + 0.009876 / index  # Prugniel & Simien 1997
    grid_y, grid_x = np.ogrid[: shape[0], : shape[1]]
    u = (grid_x - x) * np.cos(angle) + (grid_y - y) * np.sin(angle)
    v = (grid_y - y) * np.cos(angle) - (grid_x - x) * np.sin(angle)
    radius = np.sqrt(u**2 + (v / axis_ratio) ** 2 + 0.16)
    norm = 2 * np.pi * re**2 * axis_ratio * index * np.exp(b) * b ** (-2 * index) * gamma(2 * index)
    return np.asarray(np.exp(-b * ((radius / re) ** (1 / index) - 1)) / norm)


def _structure(
    rng: np.random.Generator, shape: tuple[int, int], x: float, y: float, re: float, axis_ratio: float, angle: float
) -> NDArray[np.float64]:
    """Factor around 1 that gives a disc its arms and clumps, or an edge-on disc its dust lane."""
    grid_y, grid_x = np.ogrid[: shape[0], : shape[1]]
    u = (grid_x - x) * np.cos(angle) + (grid_y - y) * np.sin(angle)
    v = (grid_y - y) * np.cos(angle) - (grid_x - x) * np.sin(angle)
    clumps = gaussian_filter(rng.normal(size=shape), max(0.8, 0.16 * re))
    factor = np.exp(0.45 * clumps / max(float(clumps.std()), 1e-9))
    if axis_ratio < 0.25:
        return np.asarray(factor * (1 - 0.6 * np.exp(-(((v - 0.04 * re) / (0.11 * re + 0.3)) ** 2))))
    radius, around = np.hypot(u, v / axis_ratio), np.arctan2(v / axis_ratio, u)
    winding = rng.uniform(2.0, 3.5) * rng.choice([-1, 1])
    arms = np.cos(2 * around - winding * np.log(radius / re + 0.2) * 2 + rng.uniform(0, 6.28))
    return np.asarray(factor * (1 + 0.65 * arms * np.clip(radius / re, 0, 1)))


def add_galaxy(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    x: float,
    y: float,
    flux_e: float,
    *,
    re_px: float,
    psf_fwhm_px: float,
    bulge_share: float,
    axis_ratio: float,
    angle: float,
) -> None:
    """Add a galaxy of a de Vaucouleurs-like bulge (n = 3) and an exponential disc, PSF included, in place."""
    half = int(np.clip(5.5 * re_px + 6, 8, 260))
    column, row = round(x), round(y)
    shape, middle = (2 * half + 1, 2 * half + 1), (half + x - column, half + y - row)
    disc = _sersic(shape, *middle, re_px, 1.0, axis_ratio, angle)
    if re_px > 5:
        disc *= _structure(rng, shape, *middle, re_px, axis_ratio, angle)
    disc /= max(disc.sum(), 1e-12)
    stamp = (1 - bulge_share) * disc
    if bulge_share > 0.02:
        bulge = _sersic(shape, *middle, max(0.6, 0.45 * re_px), 3.0, min(1.0, 0.4 + 0.6 * axis_ratio), angle)
        stamp += bulge_share * bulge / bulge.sum()
    stamp = gaussian_filter(stamp, psf_fwhm_px * FWHM_TO_SIGMA)
    # Fade out before the stamp's edge, which would show as a square.
    ramp = np.clip((half - np.hypot(*np.ogrid[-half : half + 1, -half : half + 1])) / (0.25 * half), 0, 1)
    add_stamp(image, stamp * ramp * flux_e, column, row)


def add_galaxies(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    camera: Camera,
    filter_name: str,
    exposure_s: float,
    per_megapixel: float = 190.0,
    brightest: float = 17.5,
) -> int:
    """Add field galaxies to an image in electrons, in place; returns how many.

    Counts grow as 10^(0.33 m) to m = 26 and sizes shrink as seen in deep HST fields (Windhorst et al. 2011).
    """
    band = camera.bands[filter_name]
    area = image.size / 1024**2 * (camera.pixel_scale_arcsec / 0.05) ** 2
    count = int(rng.poisson(per_megapixel * area))
    slope, faintest = 0.33, 26.0
    low, high = 10 ** (slope * brightest), 10 ** (slope * faintest)
    mags = np.log10(low + rng.random(count) * (high - low)) / slope
    for mag in mags:
        re_arcsec = 0.32 * 10 ** (-0.11 * (mag - 23.5)) * rng.lognormal(0.0, 0.35)
        disc = rng.random() < 0.72
        add_galaxy(
            image,
            rng,
            float(rng.uniform(-10, image.shape[1] + 10)),
            float(rng.uniform(-10, image.shape[0] + 10)),
            rate_of(float(mag), band.zero_point) * exposure_s,
            re_px=float(min(re_arcsec, 2.2) / camera.pixel_scale_arcsec),
            psf_fwhm_px=band.psf_fwhm_px,
            bulge_share=float(rng.beta(1.2, 4.0) if disc else rng.uniform(0.6, 1.0)),
            # A disc of thickness 0.12 seen from a random side: edge-on ones look like short trails.
            axis_ratio=float(np.hypot(rng.random(), 0.12) / np.hypot(1, 0.12) if disc else rng.uniform(0.5, 1.0)),
            angle=float(rng.uniform(0, np.pi)),
        )
    return count


def add_arc(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    x: float,
    y: float,
    flux_e: float,
    *,
    radius_px: float,
    psf_fwhm_px: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Add a gravitational arc around (x, y) to an image, in place; returns its ridge as (xs, ys)."""
    opening, start = rng.uniform(0.7, 1.9), rng.uniform(0, 2 * np.pi)
    around = np.linspace(start, start + opening, 160)
    taper = np.sin(np.linspace(0, np.pi, 160)) ** 0.7 + 0.02
    xs, ys = x + radius_px * np.cos(around), y + radius_px * np.sin(around)
    splat_psf(image, xs, ys, flux_e * taper / taper.sum(), 1.4 * psf_fwhm_px)
    return xs, ys
