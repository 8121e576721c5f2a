"""Scattered light of bright stars: ghosts of the windows, "dragon's breath", spikes and bleeding columns.

Shapes follow what the handbooks show (ACS Instrument Handbook 5.6.5 and ISR ACS 2004-04: annular and
elliptical ghosts; WFC3 Instrument Handbook 6.5.3 and ISR WFC3 2011-16: figure-of-eight window ghosts; ISR
WFC3 2017-02, "dragon's breath" of stars just off the detector's edge). All heights are multiples of the
noise ``sigma_e``, electrons per pixel; all are added in place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from sky.photometry import rate_of
from sky.simulate.instruments import Band, Camera
from sky.simulate.psf import add_stamp, core_stamp, star_patterns
from sky.simulate.sources import bleed

FloatArray = NDArray[np.float64]
STREAK_STEPS = 2_048
TAPER_PX = 60


def add_window_ghost(
    image: NDArray[np.float32], rng: np.random.Generator, *, sigma_e: float
) -> list[tuple[float, float, float]]:
    """Add a chain of 1-4 pale out-of-focus images of a star, rings or filled ellipses with sharp edges.

    Surface brightness 0.5-6 sigma. Returns (x, y, longer half-axis in pixels) of each.
    """
    height, width = image.shape
    count = int(rng.choice([1, 2, 3, 4], p=[0.4, 0.35, 0.15, 0.1]))
    x, y = rng.uniform(-10, width + 10), rng.uniform(-10, height + 10)
    angle = float(rng.uniform(0, np.pi))
    radius, ratio = float(np.exp(rng.uniform(np.log(7), np.log(60)))), float(rng.uniform(0.4, 1.0))
    level = float(np.exp(rng.uniform(np.log(0.5), np.log(6.0)))) * sigma_e
    hole = float(rng.choice([0.0, rng.uniform(0.2, 0.45), rng.uniform(0.6, 0.9)]))
    gap = radius * float(rng.uniform(0.8, 2.2))
    ghosts = []
    for number in range(count):
        along = number * gap
        at = float(x + along * np.cos(angle)), float(y + along * np.sin(angle))
        size = radius * float(rng.uniform(0.85, 1.15)) if number else radius
        _ellipse(image, at, size, ratio, angle, level * float(rng.uniform(0.5, 1.1)), hole)
        ghosts.append((*at, size))
    return ghosts


def _ellipse(
    image: NDArray[np.float32],
    at: tuple[float, float],
    radius: float,
    ratio: float,
    angle: float,
    level: float,
    hole: float,
) -> None:
    """One ghost: an image of the pupil, with the shadow of the secondary and its vanes; edges of 1.5 px."""
    half = int(np.ceil(radius)) + 3
    column, row = round(at[0]), round(at[1])
    grid_y, grid_x = np.ogrid[-half : half + 1, -half : half + 1]
    dx, dy = grid_x + np.float32(column - at[0]), grid_y + np.float32(row - at[1])
    u = dx * np.float32(np.cos(angle)) + dy * np.float32(np.sin(angle))
    v = (dy * np.float32(np.cos(angle)) - dx * np.float32(np.sin(angle))) / np.float32(ratio)
    distance = np.sqrt(u * u + v * v)
    edge = np.clip((radius - distance) / 1.5 + 0.5, 0, 1) * np.clip((distance - hole * radius) / 1.5 + 0.5, 0, 1)
    edge *= 0.7 + 0.5 * (distance / radius) ** 2
    if radius > 15:
        edge *= np.clip(np.minimum(np.abs(u), np.abs(v)) / (0.03 * radius + 0.8), 0.35, 1)
    add_stamp(image, edge * level, column, row)


def add_dragon_breath(
    image: NDArray[np.float32], rng: np.random.Generator, *, sigma_e: float
) -> tuple[FloatArray, FloatArray]:
    """Add a fan of narrow streaks that enter from one edge, of a bright star 5-60 px beyond it.

    Streaks are 0.004-0.05 rad wide and 1.5-20 sigma high at the edge; they fade over 60-350 px. Returns the
    middle line (xs, ys) of the fan, from the edge inwards.
    """
    side = int(rng.integers(4))
    # A view in which the fan always enters at row 0.
    view = (image, image[::-1], image.T, image.T[::-1])[side]
    rows, columns = view.shape
    behind, place = float(rng.uniform(5, 60)), float(rng.uniform(0, columns))
    reach = float(np.exp(rng.uniform(np.log(60), np.log(350))))
    tilt, opening = float(rng.normal(0, 0.35)), float(rng.uniform(0.25, 1.2))
    profile = _streaks(rng, opening)
    depth = np.arange(min(rows, int(2.2 * reach)), dtype=np.float32)[:, None] + np.float32(behind)
    slope = (np.arange(columns, dtype=np.float32)[None, :] - np.float32(place)) / depth - np.float32(tilt)
    index = np.clip((slope / opening + 1) * (STREAK_STEPS / 2), 0, STREAK_STEPS - 1).astype(np.int32)
    fade = (behind / depth) ** 0.5 * np.exp(-(((depth - behind) / reach) ** 1.5))
    height = float(np.exp(rng.uniform(np.log(1.5), np.log(20.0)))) * sigma_e
    view[: depth.size] += np.take(profile, index) * (np.float32(height) * fade)
    at = np.linspace(0.0, min(rows, reach), 60)
    across = place + tilt * (at + behind)
    ys, xs = (at, rows - 1 - at)[side % 2], across
    return (xs, ys) if side < 2 else (ys, xs)


def _streaks(rng: np.random.Generator, opening: float) -> NDArray[np.float32]:
    """Brightness (highest 1) over the slope of the ray, from ``-opening`` to ``opening``; 0 at both ends."""
    slope = np.linspace(-opening, opening, STREAK_STEPS)
    light = np.zeros(STREAK_STEPS)
    for _ in range(int(rng.integers(3, 14))):
        centre, wide = rng.normal(0, 0.4) * opening, np.exp(rng.uniform(np.log(0.004), np.log(0.05)))
        light += rng.lognormal(0, 0.7) * np.exp(-0.5 * ((slope - centre) / wide) ** 2)
    light += rng.uniform(0, 0.5) * np.exp(-0.5 * (slope / (0.5 * opening)) ** 2)
    light *= np.clip((1 - np.abs(slope / opening)) * 6, 0, 1)
    return np.asarray(light / max(light.max(), 1e-9), dtype=np.float32)


def add_bright_star(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    camera: Camera,
    band: Band,
    exposure_s: float,
    magnitude: float | None = None,
    at: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """Add a saturated star (12-16.5 mag) in or just beside the field: halo, long spikes, bleeding columns.

    Returns its place (x, y). The charge above the full well is moved along the columns here.
    """
    height, width = image.shape
    mag = float(rng.uniform(12, 16.5)) if magnitude is None else magnitude
    x, y = at or (float(rng.uniform(-60, width + 60)), float(rng.uniform(-60, height + 60)))
    flux = rate_of(mag, band.zero_point) * exposure_s
    core, halo = star_patterns(band.pivot_angstrom, camera.pixel_scale_arcsec, camera.charge_diffusion_px)
    column, row = round(x), round(y)
    stamp = halo * _taper(halo.shape[0] // 2)
    sharp = core_stamp(core, x - column, y - row)
    middle, reach = halo.shape[0] // 2, sharp.shape[0] // 2
    stamp[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1] = sharp
    add_stamp(image, stamp * flux, column, row)
    _long_spikes(image, x, y, flux, middle, float(halo[middle + 90, middle + 90]))
    bleed(image, camera.full_well_e)
    return x, y


def _taper(half: int) -> FloatArray:
    """1 inside, falling to 0 over the last 60 pixels, so that the stamp's square does not show."""
    grid_y, grid_x = np.ogrid[-half : half + 1, -half : half + 1]
    return np.asarray(np.clip((half - np.hypot(grid_x, grid_y)) / TAPER_PX, 0, 1))


def _long_spikes(image: NDArray[np.float32], x: float, y: float, flux: float, half: int, share: float) -> None:
    """Carry the four spikes on beyond the stamp, falling as r^-2 from what the stamp has 127 px out."""
    height, width = image.shape
    for sign_x, sign_y in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        steps = np.arange(int((half - TAPER_PX) / np.sqrt(2)), 420)
        light = share * flux * (90.0 / steps) ** 2
        light = light * np.clip((steps * np.sqrt(2) - half + TAPER_PX) / TAPER_PX, 0, 1)
        columns, rows = np.rint(x + sign_x * steps).astype(int), np.rint(y + sign_y * steps).astype(int)
        for shift, weight in ((-2, 0.25), (-1, 0.7), (0, 1.0), (1, 0.7), (2, 0.25)):
            inside = (columns + shift >= 0) & (columns + shift < width) & (rows >= 0) & (rows < height)
            image[rows[inside], columns[inside] + shift] += (weight * light[inside]).astype(np.float32)


def add_line_defect(
    image: NDArray[np.float32], rng: np.random.Generator, *, sigma_e: float, kind: str | None = None
) -> str:
    """Add one line-like fault of the detector or its read-out, in place; returns its kind.

    ``charge_trails``: bright pixels leave tails along their column (poor charge transfer);
    ``crosstalk``: a faint mirrored copy of what is bright, negative or positive; ``seam``: from a line on,
    slightly tilted, another level and more noise, as between the chips of a WFPC2 mosaic; ``column``: a
    pair of columns or rows too high or too low by 1-6 sigma.
    """
    kind = kind or str(rng.choice(["charge_trails", "crosstalk", "seam", "column"]))
    if kind == "charge_trails":
        _charge_trails(image, rng, sigma_e)
    elif kind == "crosstalk":
        share = float(rng.choice([-1, 1]) * np.exp(rng.uniform(np.log(2e-4), np.log(4e-3))))
        bright = np.where(image > 30 * sigma_e, image, np.float32(0))
        image += np.float32(share) * (bright[:, ::-1] if rng.random() < 0.5 else bright[::-1])
    elif kind == "seam":
        _seam(image if rng.random() < 0.5 else image.T, rng, sigma_e)
    elif kind == "column":
        view = image if rng.random() < 0.7 else image.T
        start = int(rng.integers(0, view.shape[0])) if rng.random() < 0.7 else 0
        at, wide = int(rng.integers(0, view.shape[1])), int(rng.integers(1, 4))
        view[start:, at : at + wide] += np.float32(rng.choice([-1, 1]) * rng.uniform(1, 6) * sigma_e)
    else:
        raise ValueError(f"There is no line defect named {kind}.")
    return kind


def _charge_trails(image: NDArray[np.float32], rng: np.random.Generator, sigma_e: float) -> None:
    """Exponential tails up the column, relatively stronger for faint sources (Massey et al. 2010)."""
    rows, columns = np.nonzero(image > 8 * sigma_e)
    if rows.size > 20_000:
        chosen = rng.choice(rows.size, 20_000, replace=False)
        rows, columns = rows[chosen], columns[chosen]
    charge = rng.uniform(0.1, 0.6) * np.sqrt(image[rows, columns] * sigma_e)
    decay, way = float(rng.uniform(4, 30)), int(rng.choice([-1, 1]))
    source = np.zeros_like(image)
    source[rows, columns] = charge / decay
    view, out = source[::way], image[::way]
    carried = np.zeros(image.shape[1], dtype=np.float32)
    keep = np.float32(np.exp(-1 / decay))
    for row in range(view.shape[0]):
        out[row] += carried
        carried = (carried + view[row]) * keep


def _seam(image: NDArray[np.float32], rng: np.random.Generator, sigma_e: float) -> None:
    if rng.random() < 0.5:
        image = image[:, ::-1]
    rows, columns = image.shape
    tilt = float(rng.normal(0, 0.02))
    at = (rng.uniform(0.1, 0.9) * columns + tilt * (np.arange(rows) - rows / 2)).astype(np.float32)[:, None]
    grid = np.arange(columns, dtype=np.float32)[None, :]
    first, last = max(0, int(at.min()) - 1), min(columns, int(at.max()) + 2)
    level, noise_e = np.float32(sigma_e * rng.normal(0, 1.5)), np.float32(sigma_e * rng.uniform(0, 0.8))
    noise = rng.standard_normal((rows, columns - first), dtype=np.float32)
    noise *= noise_e
    noise += level
    noise[:, : last - first] *= np.clip(grid[:, first:last] - at + 0.5, 0, 1)
    image[:, first:] += noise
    wide = float(rng.uniform(0.7, 4))
    near = slice(max(0, first - int(4 * wide)), min(columns, last + int(4 * wide)))
    ridge = np.exp(-0.5 * ((grid[:, near] - at) / np.float32(wide)) ** 2)
    uneven = gaussian_filter1d(rng.normal(1, 2, (rows, 1)), 8, axis=0) * sigma_e * rng.normal(0, 1.5)
    image[:, near] += ridge * uneven.astype(np.float32)
