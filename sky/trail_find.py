"""Find trails in a tile with oriented line filters, then measure and judge each.

Sources are taken out first (compact bright groups: cosmic rays, stars; large round ones: galaxies), the
rest is clipped, so that only what is long and continuous adds up along a line. The filters alone find
every trail of ridge SNR 2 but have many false ones; the measured shape sorts out most.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import binary_dilation, find_objects, gaussian_filter, label, maximum_filter

from sky.stretch import sky_statistics
from sky.trail_geometry import Floats, Trail, same_trail
from sky.trail_measure import measure_trail

ORIENTATIONS = 36
LINE_PX = 29
LINE_SIGMA_PX = 0.95
SEED_RESPONSE = 7.0
FOLLOW_RESPONSE = 4.0
STEP_PX = 6.0
SHORTEST_PX = 20.0
NARROWEST_FWHM_PX = 1.7
WIDEST_FWHM_PX = 2.9
SEEDS_PER_TRAIL = 6
LONGEST_GROWTH = 12


def _without_sources(pixels: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The image in units of noise, compact sources and round galaxies at 0, clipped to -3 … 4; and their mask."""
    level, sigma = sky_statistics(pixels)
    noise = np.nan_to_num((pixels - level) / sigma).astype(np.float32)
    noise -= gaussian_filter(np.clip(noise, -3, 3), 14)
    groups, count = label(noise > 4.0, structure=np.ones((3, 3)))
    masked = np.zeros(pixels.shape, dtype=bool)
    if count:
        for index, box in enumerate(find_objects(groups), start=1):
            rows, columns = np.nonzero(groups[box] == index)
            extent = max(np.ptp(rows), np.ptp(columns)) + 1
            peak = float(noise[box][rows, columns].max())
            if extent < 4 and peak < 9:
                continue
            spread = np.linalg.eigvalsh(np.cov(rows, columns)) if rows.size > 2 else np.ones(2)
            ratio = spread[1] / max(spread[0], 0.1)
            thin = ratio > 150 or (spread[0] < 4.0 and ratio > 12)
            if (extent < 15 and peak > 9) or (extent >= 8 and not thin and rows.size > 0.3 * extent**2):
                masked[box][rows, columns] = True
    masked = binary_dilation(masked, iterations=2)
    noise[masked] = 0
    return np.clip(noise, -3, 4), masked


def _responses(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Best response over all orientations in units of its own noise, and the orientation (in steps of 5 degrees)."""
    side = LINE_PX + 6
    shape = tuple(next_fast_len(n + side, real=True) for n in image.shape)
    transformed = rfft2(image, shape)
    axis = np.arange(side) - side // 2
    best = np.full(image.shape, -np.inf, dtype=np.float32)
    which = np.zeros(image.shape, dtype=np.int16)
    for index in range(ORIENTATIONS):
        angle = math.pi * index / ORIENTATIONS
        u = axis[None, :] * math.cos(angle) + axis[:, None] * math.sin(angle)
        v = axis[:, None] * math.cos(angle) - axis[None, :] * math.sin(angle)
        kernel = np.exp(-0.5 * (v / LINE_SIGMA_PX) ** 2) / (1 + np.exp((np.abs(u) - LINE_PX / 2) / 0.6))
        kernel -= 0.35 * np.exp(-0.5 * (v / (3 * LINE_SIGMA_PX)) ** 2) / (1 + np.exp((np.abs(u) - LINE_PX / 2) / 0.6))
        kernel /= np.sqrt(np.sum(kernel**2))
        padded = np.zeros(shape, dtype=np.float32)
        padded[:side, :side] = kernel[::-1, ::-1]
        padded = np.roll(padded, (-(side // 2), -(side // 2)), axis=(0, 1))
        found = irfft2(transformed * rfft2(padded), shape)[: image.shape[0], : image.shape[1]]
        better = found > best
        best[better] = found[better]
        which[better] = index
    return best, which


def _follow(
    best: NDArray[np.float32], which: NDArray[np.int16], x: float, y: float, heading: float
) -> tuple[float, float]:
    """Walk along a ridge in steps of 6 px as long as the response holds; returns where it ends."""
    height, width = best.shape
    for _ in range(int(2 * math.hypot(height, width) / STEP_PX)):
        choices = []
        for turn in (-0.35, -0.17, 0.0, 0.17, 0.35):
            nx, ny = x + STEP_PX * math.cos(heading + turn), y + STEP_PX * math.sin(heading + turn)
            column, row = round(nx), round(ny)
            if 0 <= column < width and 0 <= row < height:
                along = math.pi * which[row, column] / ORIENTATIONS
                off = abs(math.sin(along - heading - turn))
                if off < 0.4:
                    choices.append((float(best[row, column]) * (1 - off), nx, ny, heading + turn))
        if not choices:
            break
        response, nx, ny, heading = max(choices)
        if response < FOLLOW_RESPONSE:
            break
        x, y = nx, ny
    return x, y


def _plausible(trail: Trail, masked: NDArray[np.bool_]) -> bool:
    """Whether a measured curve is a trail: long, as wide as the PSF (or a wide one crossing much), lit throughout."""
    if trail.length_px < SHORTEST_PX or trail.ridge_snr < 1.4 or trail.coverage < 0.8:
        return False
    if trail.width_fwhm_px < NARROWEST_FWHM_PX:
        return False
    if trail.width_fwhm_px > WIDEST_FWHM_PX and trail.length_px < 30 * trail.width_fwhm_px:
        return False
    columns = np.clip(np.rint(trail.curve_x).astype(int), 0, masked.shape[1] - 1)
    rows = np.clip(np.rint(trail.curve_y).astype(int), 0, masked.shape[0] - 1)
    return float(np.mean(masked[rows, columns])) < 0.45


def _measured(pixels: NDArray[np.floating], end1: tuple[float, float], end2: tuple[float, float]) -> Trail | None:
    """Measure, and measure again from the new ends as long as the trail goes on beyond them."""
    trail: Trail | None = None
    for _ in range(LONGEST_GROWTH):
        try:
            longer = measure_trail(pixels, end1, end2)
        except ValueError:
            break
        if trail is not None and longer.length_px < trail.length_px + 12:
            break
        trail, end1, end2 = longer, (longer.x1, longer.y1), (longer.x2, longer.y2)
    return trail


def find_trails(pixels: NDArray[np.floating], *, max_trails: int = 3) -> list[Trail]:
    """Find up to ``max_trails`` trails in a tile or exposure, strongest first.

    ``pixels`` is a (height, width) image in any linear unit, NaN where there is no data. Meant for ridge
    SNR of 3 and more and 40 px and more; diffraction spikes and edge-on galaxies may pass for trails.
    """
    if min(pixels.shape) < LINE_PX or not np.isfinite(pixels).any():
        return []
    image, masked = _without_sources(pixels)
    best, which = _responses(image)
    peaks = (best == maximum_filter(best, 9)) & (best > SEED_RESPONSE)
    rows, columns = np.nonzero(peaks)
    order = np.argsort(best[rows, columns])[::-1]
    free = np.ones(pixels.shape, dtype=bool)
    found: list[Trail] = []
    tried = 0
    for row, column in zip(rows[order], columns[order], strict=True):
        if len(found) >= max_trails or tried >= SEEDS_PER_TRAIL * max_trails:
            break
        if not free[row, column]:
            continue
        tried += 1
        angle = math.pi * float(which[row, column]) / ORIENTATIONS
        end1 = _follow(best, which, float(column), float(row), angle + math.pi)
        end2 = _follow(best, which, float(column), float(row), angle)
        if math.hypot(end2[0] - end1[0], end2[1] - end1[1]) < 8:
            _cover(free, np.array([column]), np.array([row]))
            continue
        trail = _measured(pixels, end1, end2)
        _cover(free, np.linspace(end1[0], end2[0], 40), np.linspace(end1[1], end2[1], 40))
        if trail is None:
            continue
        _cover(free, np.array(trail.curve_x), np.array(trail.curve_y))
        if _plausible(trail, masked) and not any(same_trail(trail, other) for other in found):
            found.append(trail)
    return found


def _cover(free: NDArray[np.bool_], xs: Floats, ys: Floats, reach: int = 10) -> None:
    """Take the surroundings of a curve out of the search, in place."""
    for x, y in zip(xs, ys, strict=True):
        row, column = max(0, round(float(y)) - reach), max(0, round(float(x)) - reach)
        free[row : row + 2 * reach + 1, column : column + 2 * reach + 1] = False
