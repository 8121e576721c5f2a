"""The pixels about a trail, each with its place along (s) and across (w) the trail's curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_propagation, distance_transform_edt
from scipy.spatial import cKDTree

from sky.stretch import sky_statistics

Floats = NDArray[np.float64]
REACH_PX = 14
STEP_PX = 0.25
BEND_PX = 60.0
OUTLIER_SIGMAS = 4.0
SPIKE_SIGMAS, SKIRT_SIGMAS = 4.5, 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A centre line, dense in steps of arc length, gone on beyond its ends as it bends there.

    ``s`` (m,) is 0 at the first end and ``length`` at the second; ``xy`` and the unit vectors ``ahead`` are (m, 2).
    """

    s: Floats
    xy: Floats
    ahead: Floats
    length: float

    def at(self, s: Floats) -> Floats:
        return np.column_stack([np.interp(s, self.s, self.xy[:, 0]), np.interp(s, self.s, self.xy[:, 1])])

    def aside(self, s: Floats) -> Floats:
        """Unit vectors (n, 2) to the left of the curve."""
        return np.column_stack([-np.interp(s, self.s, self.ahead[:, 1]), np.interp(s, self.s, self.ahead[:, 0])])


def curve_through(xy: Floats, reach_px: float = REACH_PX + 6) -> Curve:
    """The curve through ordered points (k, 2), extended by parabolas fitted to its last 60 px."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    length = float(along[-1])
    fine = np.linspace(0, length, max(8, int(length / STEP_PX)) + 1)
    inner = np.column_stack([np.interp(fine, along, xy[:, 0]), np.interp(fine, along, xy[:, 1])])
    beyond = np.arange(1, int(reach_px / STEP_PX) + 1) * STEP_PX
    part = min(BEND_PX, length)
    first, last = fine <= part, fine >= length - part
    before = [np.polyval(np.polyfit(fine[first], inner[first, k], 2), -beyond[::-1]) for k in (0, 1)]
    after = [np.polyval(np.polyfit(fine[last] - length, inner[last, k], 2), beyond) for k in (0, 1)]
    whole = np.vstack([np.column_stack(before), inner, np.column_stack(after)])
    s = np.concatenate([-beyond[::-1], fine, length + beyond])
    slope = np.gradient(whole, s, axis=0)
    slope /= np.maximum(np.hypot(*slope.T), 1e-9)[:, None]
    return Curve(s, whole, slope, length)


@dataclass(slots=True, eq=False)
class Strip:
    """Pixels (n,) within 14 px of a curve: value less the sky, variance without the trail's own, s, w, usable."""

    value: Floats
    variance: Floats
    s: Floats
    w: Floats
    good: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    """Where the image has data, hidden by a spike or not."""
    index: NDArray[np.intp]
    shape: tuple[int, int]
    x0: int
    y0: int

    def place(self, curve: Curve) -> None:
        """Find s and w anew, in place."""
        rows, columns = np.divmod(self.index, self.shape[1])
        points = np.column_stack([columns + self.x0, rows + self.y0]).astype(np.float64)
        _, nearest = cKDTree(curve.xy).query(points)
        off = points - curve.xy[nearest]
        ahead = curve.ahead[nearest]
        self.s = curve.s[nearest] + np.sum(off * ahead, axis=1)
        self.w = off[:, 1] * ahead[:, 0] - off[:, 0] * ahead[:, 1]

    def hide_spikes(self, ceiling: Floats, floor: Floats, variance: Floats) -> None:
        """Leave out what rises above a model by itself (cosmic rays, stars) with its skirt, or falls below it."""
        noise = np.sqrt(variance)
        excess = (self.value - ceiling) / noise
        core, skirt = np.zeros(self.shape, dtype=bool), np.zeros(self.shape, dtype=bool)
        core.ravel()[self.index] = (excess > SPIKE_SIGMAS) | ((self.value - floor) / noise < -SPIKE_SIGMAS)
        skirt.ravel()[self.index] = excess > SKIRT_SIGMAS
        hidden = binary_propagation(core, structure=np.ones((3, 3), dtype=bool), mask=core | skirt)
        self.good = self.seen & ~binary_dilation(hidden).ravel()[self.index]

    def hidden_share(self, half_px: float, one: float, other: float) -> float:
        """Share of a stretch of the ridge, between two places along it, that stars or cosmic rays hide."""
        stretch = self.seen & (self.s > min(one, other)) & (self.s < max(one, other)) & (np.abs(self.w) < half_px)
        return 1 - float(np.mean(self.good[stretch])) if stretch.any() else 1.0


def strip_about(pixels: NDArray[np.floating], curve: Curve, bad: NDArray[np.bool_] | None) -> Strip:
    """Cut the pixels about a curve out of an image.

    Raises
    ------
    ValueError
        No usable pixel is there.
    """
    height, width = pixels.shape
    margin = 2 * REACH_PX
    x0, y0 = (max(0, int(np.floor(v)) - margin) for v in curve.xy.min(axis=0))
    x1, y1 = (int(np.ceil(v)) + margin + 1 for v in curve.xy.max(axis=0))
    box = (slice(y0, min(height, y1)), slice(x0, min(width, x1)))
    part = np.asarray(pixels[box], dtype=np.float64)
    if not part.size or not np.isfinite(part).any():
        raise ValueError("There is no image where the trail should be.")
    level, sigma = sky_statistics(part)
    good = np.isfinite(part) if bad is None else np.isfinite(part) & ~bad[box]
    away = np.ones(part.shape, dtype=bool)
    column, row = np.rint(curve.xy - (x0, y0)).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < part.shape[1]) & (row < part.shape[0])
    away[row[inside], column[inside]] = False
    if away.all():
        raise ValueError("There is no image where the trail should be.")
    index = np.flatnonzero(distance_transform_edt(away).ravel() <= REACH_PX)
    value = np.nan_to_num(part.ravel()[index] - level)
    nothing = np.zeros(index.size)
    shape = (part.shape[0], part.shape[1])
    strip = Strip(
        value,
        np.full(index.size, sigma**2),
        nothing,
        nothing,
        good.ravel()[index],
        good.ravel()[index].copy(),
        index,
        shape,
        x0,
        y0,
    )
    if strip.good.sum() < 20:
        raise ValueError("There are too few pixels with data where the trail should be.")
    strip.place(curve)
    return strip


def smooth_offsets(s: Floats, off: Floats, sigma: Floats, length: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Polynomial (in s/length) through offsets, and which of them agree with it."""
    good = np.isfinite(off)
    degree = 2 if length < 40 else 3 if length < 90 else 5
    fitted = np.zeros(1)
    for _ in range(5):
        if good.sum() < degree + 3:
            return fitted, good
        fitted = np.polyfit(s[good] / length, off[good], degree, w=1 / np.hypot(sigma[good], 0.01))
        residual = np.abs(off - np.polyval(fitted, s / length)) / np.hypot(sigma, 0.01)
        scatter = max(1.0, 1.4826 * float(np.median(residual[good])))
        now = np.isfinite(off) & (residual < OUTLIER_SIGMAS * scatter)
        if (now == good).all():
            break
        good = now
    return fitted, good
