"""The ends of a trail sharpened on the pixels: a heat map's cells are 4 px wide, its blur is wider.

The tile is straightened along the detection's path, the path moved onto the ridge, and the ridge's height at
each pixel along it found by a matched filter across; the ends are where a step up and a step down fit best
(after :mod:`sky.trail_measure`, which does it fully and a hundred times slower). Pure numpy and scipy.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, map_coordinates, uniform_filter, uniform_filter1d

from ml.detect import Detection
from ml.preprocess import LINEAR_TO_SIGMA, NetworkInput
from ml.ridges import smooth

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
BEYOND_PX = 34
SMOOTH_PX = 8
SIDE_PX = 14
ACROSS = np.arange(-SIDE_PX, SIDE_PX + 1)
SHIFT_PX = 5.0
DIRECTION_PX = 28
WIDTHS_PX = (1.0, 1.9, 3.6)
"""Gaussian sigmas of the ridge that are tried: in focus, out of it, wide (satellites, bright trails clipped)."""
LOWEST, CEILING = -4.0, 3.0
MOST_ASINH = 6.0
BIN_PX = 14
LEAST_BIN_SNR = 1.5
LEAST_SNR = 7.0
"""Of the whole trail. Pure noise reaches 6, since the path is moved to where it is brightest."""
SHORTEST_PX = 6
LONGEST_HIDDEN_PX = 34
NEAR_HIDDEN_PX = 3
LOCAL_PX = 40
LEAST_SHARE = 0.8
"""A trail brightens and fades along its way, but not below this share of what is usual on it: asteroids turn."""
HIDDEN_COST = 0.2
"""Each pixel that something hides costs this share of the height: what shines beyond must be worth the way there."""
UNLIKE = 2.0
"""Noise units, root of the mean square of what a ridge's profile leaves of the pixels: more is a star or galaxy."""
FREE_PX, BEYOND_COST = 4, 0.1
"""Further than this beyond the heat's end, each pixel costs this share of the height: the network saw nothing there."""


def refined(detection: Detection, tile: NetworkInput) -> Detection:
    """The same detection with its path on the ridge and its ends where the light ends, to 2 px or so.

    An end under a mark or hole is put half way under it, one outside the tile at its edge. Where the pixels do
    not show the trail well enough (a total signal-to-noise below 7, or hardly any length), it stays as it was.
    """
    line, inside = _prolonged(np.column_stack([detection.xs, detection.ys]))
    width_px, shift = _ridge(_straightened(tile, line)[:, inside])
    line = line + np.pad(shift, BEYOND_PX, mode="edge")[:, None] * _normal(line)
    strip = _straightened(tile, line)
    heights, hidden = _heights(strip, width_px, inside)
    within = ((line >= 0) & (line <= (tile.width - 1, tile.height - 1))).all(axis=1)
    found = _span(heights, hidden, within & np.isnan(strip[SIDE_PX]), inside)
    if found is None:
        return detection
    steps = np.linspace(*found, max(2, round((found[1] - found[0]) / 4) + 1))
    xs, ys = (np.interp(steps, np.arange(len(line)), line[:, axis]) for axis in (0, 1))
    return replace(detection, xs=np.clip(xs, 0, tile.width - 1.0), ys=np.clip(ys, 0, tile.height - 1.0))


def _prolonged(points: Array) -> tuple[Array, slice]:
    """The path in steps of 1 px, going on straight beyond both ends; and where in it the path itself is."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0.0, along[-1], max(4, round(float(along[-1])) + 1))
    fine = smooth(np.column_stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)]), SMOOTH_PX)
    # The last cells bend at will, with the blur of the network: the direction comes from further in.
    reach = int(np.clip(len(fine) // 3, 1, DIRECTION_PX))
    steps = np.arange(1, BEYOND_PX + 1)[:, None]
    out = []
    for part in (fine, fine[::-1]):
        way = part[:reach].mean(axis=0) - part[reach : 2 * reach].mean(axis=0)
        out.append(part[0] + steps * way / max(float(np.hypot(*way)), 1e-9))
    return np.vstack([out[0][::-1], fine, out[1]]), slice(BEYOND_PX, BEYOND_PX + len(fine))


def _normal(line: Array) -> Array:
    """Unit vectors across, to the left of the way."""
    tangent = uniform_filter1d(np.gradient(line, axis=0), 9, axis=0, mode="nearest")
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    return np.column_stack([-tangent[:, 1], tangent[:, 0]])


def _straightened(tile: NetworkInput, line: Array) -> Array:
    """The strip along a line, (2 SIDE_PX + 1, n), in units of the sky's noise; NaN where there is no data."""
    normal = _normal(line)
    x, y = line[:, 0] + ACROSS[:, None] * normal[:, 0], line[:, 1] + ACROSS[:, None] * normal[:, 1]
    image = tile.array[0, : tile.height, : tile.width]
    values = map_coordinates(image, [y, x], order=1, mode="constant", cval=np.nan, output=np.float64)
    # What was no data is exactly 0 in the network's input; single pixels may be so by chance, all around hardly.
    hole = uniform_filter((values == 0.0).astype(np.float64), 3) > 0.99
    values = LINEAR_TO_SIGMA * np.sinh(np.minimum(values, MOST_ASINH))
    values[hole] = np.nan
    return np.asarray(values)


def _shape(width_px: float) -> Array:
    shape = np.exp(-0.5 * (ACROSS / width_px) ** 2)
    shape[np.abs(ACROSS) > 2.5 * width_px + 0.5] = 0.0
    return shape


def _ridge(values: Array) -> tuple[float, Array]:
    """Width of the ridge in a strip, and its shift across at each place.

    The clipped pixels of bins along the trail are matched with ridges of some widths at all shifts near 0: the
    width with the largest sum is taken, and the shifts, weighted by their match, are fitted by a low polynomial.
    """
    count = values.shape[1]
    edges = np.linspace(0, count, int(np.clip(count / BIN_PX, 1, 36)) + 1).astype(int)
    middle = np.abs(ACROSS) <= SHIFT_PX
    ceiling = max(CEILING, 1.5 * float(np.median(np.nan_to_num(values[middle]).max(axis=0))))
    tame = np.clip(np.nan_to_num(values), LOWEST, ceiling)
    bins = np.add.reduceat(tame, edges[:-1], axis=1) / np.sqrt(np.diff(edges))
    bins -= np.median(bins, axis=0)
    matches = []
    for width_px in WIDTHS_PX:
        kernel = _shape(width_px) / np.sqrt(np.sum(_shape(width_px) ** 2))
        matches.append(correlate1d(bins, kernel, axis=0, mode="constant")[middle])
    totals = [float(match.max(axis=0).sum()) for match in matches]
    best = int(np.argmax(totals))
    peak = ACROSS[middle][np.argmax(matches[best], axis=0)].astype(np.float64)
    strength = np.maximum(matches[best].max(axis=0), 0.0)
    return WIDTHS_PX[best], _smooth_shift(peak, strength, 0.5 * (edges[1:] + edges[:-1] - 1), count)


def _smooth_shift(peak: Array, strength: Array, at: Array, count: int) -> Array:
    """The shifts of the bins as a smooth curve over all places, outliers (stars beside) left out."""
    unit = (at - count / 2) / (count / 2)
    # The floor keeps the weights of what is seen above 0 where most bins show nothing at all.
    weight = np.sqrt(np.minimum(strength, max(3 * float(np.median(strength)), LEAST_BIN_SNR)))
    degree = int(np.clip(len(peak) // 3, 0, 3))
    good = strength > LEAST_BIN_SNR
    fit = np.zeros(1)
    for _ in range(4):
        if good.sum() <= degree:
            return np.zeros(count)
        fit = np.polyfit(unit[good], peak[good], degree, w=weight[good])
        off = np.abs(peak - np.polyval(fit, unit))
        now = (strength > LEAST_BIN_SNR) & (off <= max(1.0, 2.5 * float(np.median(off[good]))))
        if (now == good).all():
            break
        good = now
    curve = np.polyval(fit, (np.arange(count) - count / 2) / (count / 2))
    return np.asarray(np.clip(curve, -SHIFT_PX, SHIFT_PX))


def _heights(values: Array, width_px: float, inside: slice) -> tuple[Array, Bools]:
    """Height of the ridge over its surroundings at each place; and where something hides it: no data, a star."""
    shape = _shape(width_px)
    missing = np.isnan(values)
    seen = shape**2 @ ~missing
    beside = np.where(shape[:, None] == 0, values, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns without data
        level = np.nan_to_num(np.nanmedian(beside, axis=0))
    excess = np.nan_to_num(values - uniform_filter1d(level, 15, mode="nearest"))
    raw = shape @ excess / np.maximum(seen, 1e-9)
    typical = max(1.0, float(np.median(raw[inside])))
    tame = np.clip(excess, LOWEST, np.maximum(CEILING, 2.0 * typical * shape[:, None] + 1.0))
    heights = shape @ tame / np.maximum(seen, 1e-9)
    rest = np.clip(excess, -CEILING, 4 * typical) - shape[:, None] * np.minimum(raw, 2 * typical)
    rest = uniform_filter1d(np.mean(rest[np.abs(ACROSS) <= SIDE_PX // 2] ** 2, axis=0), 3)
    hidden = (seen < 0.5 * np.sum(shape**2)) | (level > 3.0 + typical) | (rest > (UNLIKE + 0.5 * typical) ** 2)
    return heights, hidden


def _span(heights: Array, hidden: Bools, empty: Bools, inside: slice) -> tuple[float, float] | None:
    """First and last place of the trail: the run with the largest sum of (height - half of what is usual there).

    That is the most likely step up and down for a known height in white noise (Kadane's maximum sub-array). An end
    beside places without data is half way into them.
    """
    core = np.arange(len(heights))[inside]
    core = core[~hidden[core]]
    if core.size < SHORTEST_PX:
        return None
    typical = _local_height(heights, core)
    noise = float(np.median(np.abs(np.diff(heights[~hidden])))) * 1.05
    if np.median(typical) * np.sqrt(core.size) < LEAST_SNR * noise:
        return None
    gain = np.where(hidden, -HIDDEN_COST * typical, np.clip(heights, -0.7 * typical, 1.5 * typical) - 0.5 * typical)
    beyond = np.ones(len(heights), dtype=bool)
    beyond[max(0, inside.start - FREE_PX) : inside.stop + FREE_PX] = False
    gain[beyond] -= BEYOND_COST * typical[beyond]
    sums = np.concatenate([[0.0], np.cumsum(gain)])
    lowest = np.minimum.accumulate(sums)
    last = int(np.argmax(sums - lowest))
    first = int(np.argmin(sums[: last + 1]))
    if last - first < SHORTEST_PX:
        return None
    return first - 0.5 * _run(empty[:first][::-1]), last - 1 + 0.5 * _run(empty[last:])


def _local_height(heights: Array, core: NDArray[np.intp]) -> Array:
    """Usual height of the ridge near each place, from the places known to be on it; trails brighten and fade."""
    parts = np.array_split(core, max(1, core.size // LOCAL_PX))
    at = [float(part.mean()) for part in parts]
    height = [float(np.median(heights[part])) for part in parts]
    floor = LEAST_SHARE * max(float(np.median(heights[core])), 0.2)
    return np.maximum(np.interp(np.arange(len(heights)), at, height), floor)


def _run(empty: Bools) -> int:
    """How many places beside an end are empty, at most :data:`LONGEST_HIDDEN_PX`; 0 where the nearest are not."""
    first = np.flatnonzero(empty[:NEAR_HIDDEN_PX])
    if not first.size:
        return 0
    after = np.flatnonzero(~empty[first[0] :])
    return int(min(first[0] + (after[0] if after.size else empty.size - first[0]), LONGEST_HIDDEN_PX))
