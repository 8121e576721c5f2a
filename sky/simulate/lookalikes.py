"""What looks like a trail and is none: leftovers of cosmic-ray rejection, rings, jets, edge-on discs.

Heights are multiples of the noise ``sigma_e`` (electrons per pixel); everything is added in place.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sky.simulate.cosmic import add_cosmic_rays
from sky.simulate.psf import FWHM_TO_SIGMA, add_stamp, splat_gaussians
from sky.simulate.sources import add_galaxy

FloatArray = NDArray[np.float64]
Ridge = tuple[FloatArray, FloatArray]
RingKind = Literal["ring", "partial", "double"]
BLOCK_PX = 16


def add_rejection_residuals(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    exposure_s: float,
    *,
    sigma_e: float,
    rate: float = 2.3,
    share: float | None = None,
) -> int:
    """Add what the rejection of cosmic rays leaves in a combined image; returns how many hits were behind it.

    Wings and broken fragments of tracks (too faint to be rejected, at most 3-12 sigma), some of them
    negative (rejected in the frame that was right), and rings around the cores of bright stars, whose
    steep flanks are taken for hits. ``share`` of the hits (0.05-0.5) leaves something.
    """
    share = float(rng.uniform(0.05, 0.5)) if share is None else share
    hits = np.zeros_like(image)
    count = add_cosmic_rays(hits, rng, exposure_s, rate=rate, scale=share)
    rows, columns = np.nonzero(hits > 0.5 * sigma_e)
    height, width = image.shape
    # Pieces of 2-5 px are kept or lost together: that breaks the tracks.
    piece = int(rng.integers(2, 6))
    kept = rng.random((height // piece + 1, width // piece + 1), dtype=np.float32)[rows // piece, columns // piece]
    rows, columns = rows[kept < 0.55], columns[kept < 0.55]
    kept = kept[kept < 0.55]
    limit = np.float32(rng.uniform(3, 12) * sigma_e)
    left = np.minimum(hits[rows, columns] * np.float32(rng.uniform(0.02, 0.3)), limit)
    image[rows, columns] += np.where(kept < 0.08, np.float32(-0.5), np.float32(1)) * left
    _star_residuals(image, rng, sigma_e)
    return count


def _star_residuals(image: NDArray[np.float32], rng: np.random.Generator, sigma_e: float) -> None:
    """Dark or bright rings of 1.5-3.5 px around the peaks of up to 12 bright sources."""
    rows, columns = image.shape[0] // BLOCK_PX, image.shape[1] // BLOCK_PX
    blocks = image[: rows * BLOCK_PX, : columns * BLOCK_PX].reshape(rows, BLOCK_PX, columns, BLOCK_PX)
    flat = blocks.transpose(0, 2, 1, 3).reshape(rows * columns, -1)
    bright = np.flatnonzero(flat.max(axis=1) > 40 * sigma_e)
    grid_y, grid_x = np.ogrid[-7:8, -7:8]
    for block in rng.permutation(bright)[:12].tolist():
        place = int(flat[block].argmax())
        row = block // columns * BLOCK_PX + place // BLOCK_PX
        column = block % columns * BLOCK_PX + place % BLOCK_PX
        radius, height = float(rng.uniform(1.5, 3.5)), min(0.15 * float(flat[block, place]), 30 * sigma_e)
        ring = np.exp(-(((np.hypot(grid_x, grid_y) - radius) / 0.8) ** 2)) * rng.lognormal(-0.3, 0.6, (15, 15))
        add_stamp(image, float(rng.choice([-0.6, 0.4])) * height * ring, column, row)


def add_ring(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    x: float,
    y: float,
    flux_e: float,
    *,
    radius_px: float,
    psf_fwhm_px: float,
    kind: RingKind | None = None,
    lens_flux_e: float = 0.0,
) -> list[Ridge]:
    """Add an Einstein ring of ``flux_e`` electrons around (x, y), or part of it, or two opposite images.

    The ring is slightly elliptical, clumpy, 1-2.5 PSF wide. ``lens_flux_e`` > 0 puts an elliptical galaxy
    in the middle. Returns the ridge (xs, ys) of each piece.
    """
    kind = kind or ("ring", "partial", "double")[int(rng.choice(3, p=[0.35, 0.4, 0.25]))]
    start = float(rng.uniform(0, 2 * np.pi))
    if kind == "ring":
        pieces = [(start, start + 2 * np.pi, 1.0)]
    elif kind == "partial":
        pieces = [(start, start + float(rng.uniform(1.6, 5.0)), 1.0)]
    else:
        share = float(rng.uniform(0.55, 0.9))
        pieces = [
            (start, start + float(rng.uniform(0.8, 2.2)), share),
            (start + np.pi + 0.3, start + np.pi + float(rng.uniform(0.7, 1.4)), 1 - share),
        ]
    squash, roll = float(rng.uniform(0.0, 0.12)), float(rng.uniform(0, np.pi))
    sigma_px = psf_fwhm_px * FWHM_TO_SIGMA * float(rng.uniform(1.0, 2.5))
    ridges = []
    for first, last, share in pieces:
        count = max(24, int(np.ceil((last - first) * radius_px / (0.8 * sigma_px))))
        around = np.linspace(first, last, count)
        radius = radius_px * (1 + squash * np.cos(2 * (around - roll)))
        xs, ys = x + radius * np.cos(around), y + radius * np.sin(around)
        light = np.exp(0.5 * _wave(rng, count, closed=kind == "ring"))
        if kind != "ring":
            light *= np.sin(np.linspace(0.03, np.pi - 0.03, count)) ** 0.6
        splat_gaussians(image, xs, ys, flux_e * share * light / light.sum(), sigma_px)
        ridges.append((xs, ys))
    if lens_flux_e > 0:
        add_galaxy(
            image, rng, x, y, lens_flux_e, re_px=float(rng.uniform(0.2, 0.45)) * radius_px, psf_fwhm_px=psf_fwhm_px,
            bulge_share=0.95, axis_ratio=float(rng.uniform(0.7, 1.0)), angle=roll,
        )  # fmt: skip
    return ridges


def _wave(rng: np.random.Generator, count: int, *, closed: bool) -> FloatArray:
    """Smooth random curve of about unit spread, without a jump where it closes."""
    around = np.linspace(0, 2 * np.pi, count) * (1.0 if closed else 0.5)
    orders = np.arange(1, 7)[:, None]
    waves = np.cos(orders * around + rng.uniform(0, 2 * np.pi, (6, 1))) * rng.normal(size=(6, 1))
    return np.asarray(waves.sum(axis=0) / np.sqrt(3))


def add_jet(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    x: float,
    y: float,
    *,
    sigma_e: float,
    psf_fwhm_px: float,
    length_px: float | None = None,
) -> Ridge:
    """Add a bright core with a straight, knotty jet of 15-120 px (as of M 87 or 3C 273); returns its ridge.

    Knots are 1-12 sigma high with fainter light between them; the core 20-400 sigma.
    """
    length = float(np.exp(rng.uniform(np.log(15), np.log(120)))) if length_px is None else length_px
    angle, height = float(rng.uniform(0, 2 * np.pi)), float(np.exp(rng.uniform(np.log(1), np.log(12)))) * sigma_e
    sigma_px = psf_fwhm_px * FWHM_TO_SIGMA
    count = max(8, int(length / (0.8 * sigma_px)))
    along = np.linspace(float(rng.uniform(0.02, 0.2)) * length, length, count)
    sway = float(rng.normal(0, 0.02)) * length * np.sin(np.pi * along / length)
    xs = x + along * np.cos(angle) - sway * np.sin(angle)
    ys = y + along * np.sin(angle) + sway * np.cos(angle)
    light = np.full(count, 0.3)
    for _ in range(int(rng.integers(2, 8))):
        light += rng.lognormal(0, 0.5) * np.exp(-0.5 * ((along - rng.uniform(0, length)) / rng.uniform(1.0, 3.5)) ** 2)
    # A line of flux f per pixel has a ridge of f / (sqrt(2 pi) sigma).
    step, wide = length / count, sigma_px * float(rng.uniform(1.0, 1.6))
    flux = height * np.sqrt(2 * np.pi) * wide * step * light / light.max()
    splat_gaussians(image, xs, ys, flux, wide)
    core = float(np.exp(rng.uniform(np.log(20), np.log(400)))) * sigma_e * 2 * np.pi * sigma_px**2
    splat_gaussians(image, np.array([x]), np.array([y]), np.array([0.8 * core]), sigma_px)
    splat_gaussians(image, np.array([x]), np.array([y]), np.array([0.2 * core]), 3 * sigma_px)
    return xs, ys


def add_edge_on(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    x: float,
    y: float,
    *,
    sigma_e: float,
    psf_fwhm_px: float,
    length_px: float | None = None,
) -> Ridge:
    """Add a thin disc seen from its edge, 30-150 px long where it rises above the noise; returns its ridge.

    Exponential along (cut at four scale lengths), sech^2 across (van der Kruit & Searle 1981) with the
    PSF's width added in squares; 2-25 sigma high, with a bulge half the time and a dust lane a third.
    """
    length = float(np.exp(rng.uniform(np.log(30), np.log(150)))) if length_px is None else length_px
    peak = float(np.exp(rng.uniform(np.log(2), np.log(25)))) * sigma_e
    # As long as it stands above half the noise.
    scale = length / 2 / max(1.0, float(np.log(peak / (0.5 * sigma_e))))
    thick = float(np.hypot(rng.uniform(0.04, 0.12) * length / 3, 1.1 * psf_fwhm_px * FWHM_TO_SIGMA))
    angle = float(rng.uniform(0, np.pi))
    half = int(np.ceil(0.6 * length + 4 * thick)) + 2
    column, row = round(x), round(y)
    grid_y, grid_x = np.ogrid[-half : half + 1, -half : half + 1]
    dx, dy = grid_x + np.float32(column - x), grid_y + np.float32(row - y)
    u = np.abs(dx * np.float32(np.cos(angle)) + dy * np.float32(np.sin(angle)))
    v = dy * np.float32(np.cos(angle)) - dx * np.float32(np.sin(angle))
    inner = np.hypot(u, np.float32(0.6 * psf_fwhm_px))
    light = np.exp(-inner / np.float32(scale)) * np.clip(4 * scale - u, 0, 3) / 3 / np.cosh(v / np.float32(thick)) ** 2
    if rng.random() < 0.33:
        light *= 1 - 0.6 * np.exp(-(((v - 0.2 * thick) / (0.35 * thick)) ** 2))
    if rng.random() < 0.5:
        bulge = float(rng.uniform(1.0, 2.5)) * thick
        light += float(rng.uniform(0.3, 2.0)) * np.exp(-(u * u + v * v) / np.float32(2 * bulge**2))
    add_stamp(image, light * peak, column, row)
    along = np.linspace(-length / 2, length / 2, 40)
    return x + along * np.cos(angle), y + along * np.sin(angle)
