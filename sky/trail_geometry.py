"""The shape of a trail, and how two of them compare. Pixels are 0-based, integers at pixel centres."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CURVE_POINTS = 41
SAME_DIRECTION_DEG = 15.0
LARGEST_GAP_PX = 25.0


@dataclass(frozen=True, slots=True)
class Trail:
    """A measured trail.

    Ends ``x1 … y2`` and ``middle`` (half of the arc length) are in pixels; ``curve_x/y`` are 41 points from
    the first end to the second in even steps of arc length. ``sagitta_px`` is the largest distance of the
    curve from its chord, positive to the left of the way from end 1 to end 2. ``angle_deg`` is the
    chord's direction from +x towards +y (0-360). ``ridge_snr`` is the ridge's height over the sky noise
    per pixel, ``middle_sigma_px`` the estimated error of the middle, ``coverage`` the share of the length
    on which light is seen.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    middle_x: float
    middle_y: float
    length_px: float
    sagitta_px: float
    angle_deg: float
    width_fwhm_px: float
    ridge_snr: float
    middle_sigma_px: float
    coverage: float
    curve_x: tuple[float, ...]
    curve_y: tuple[float, ...]

    def shifted(self, dx: float, dy: float) -> Trail:
        """The same trail in a frame where every x is larger by ``dx`` and every y by ``dy``."""
        return replace(
            self,
            x1=self.x1 + dx, y1=self.y1 + dy, x2=self.x2 + dx, y2=self.y2 + dy,
            middle_x=self.middle_x + dx, middle_y=self.middle_y + dy,
            curve_x=tuple(x + dx for x in self.curve_x), curve_y=tuple(y + dy for y in self.curve_y),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """Coordinates along (u) and across (v, to the left) a straight line from a point."""

    x0: float
    y0: float
    cos: float
    sin: float

    def xy(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        return self.x0 + u * self.cos - v * self.sin, self.y0 + u * self.sin + v * self.cos


def frame_between(end1: tuple[float, float], end2: tuple[float, float]) -> tuple[Frame, float]:
    """Frame with its origin at ``end1`` and u towards ``end2``, and their distance.

    Raises
    ------
    ValueError
        The ends are less than 2 pixels apart, or not finite.
    """
    dx, dy = end2[0] - end1[0], end2[1] - end1[1]
    length = math.hypot(dx, dy)
    if not length >= 2 or not math.isfinite(length):
        raise ValueError("The ends of a trail must lie at least 2 pixels apart.")
    return Frame(end1[0], end1[1], dx / length, dy / length), length


def even_curve(xs: Floats, ys: Floats, count: int = CURVE_POINTS) -> tuple[Floats, Floats, float]:
    """``count`` points of a polyline in even steps of arc length, and its length."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(xs), np.diff(ys)))])
    at = np.linspace(0.0, along[-1], count)
    return np.interp(at, along, xs), np.interp(at, along, ys), float(along[-1])


def signed_sagitta(xs: Floats, ys: Floats) -> float:
    """Largest distance from the chord, positive to the left of the way from the first point to the last."""
    dx, dy = xs[-1] - xs[0], ys[-1] - ys[0]
    chord = max(float(np.hypot(dx, dy)), 1e-9)
    across = ((ys - ys[0]) * dx - (xs - xs[0]) * dy) / chord
    return float(across[int(np.argmax(np.abs(across)))])


def _nearest(points: Floats, line: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Distance of each point (n, 2) to a polyline (m, 2), and the nearest segment of it."""
    start, step = line[:-1], np.diff(line, axis=0)
    relative = points[:, None, :] - start[None]
    share = np.sum(relative * step[None], axis=2) / np.maximum(np.sum(step**2, axis=1), 1e-12)
    foot = np.clip(share, 0, 1)[..., None] * step[None]
    distance = np.hypot(*np.moveaxis(relative - foot, 2, 0))
    nearest = np.argmin(distance, axis=1)
    return distance[np.arange(points.shape[0]), nearest], nearest


def _angle_between(first: Floats, second: Floats) -> Floats:
    """Angle in degrees (0-90) between directions, their sense left aside."""
    cross = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    dot = np.sum(first * second, axis=-1)
    return np.degrees(np.arctan2(np.abs(cross), np.abs(dot)))


def _touch(a: Floats, b: Floats, tolerance_px: float) -> bool:
    """Whether b goes on where a stops: a small gap, along the same line."""
    for end_a, inner_a in ((a[-1], a[-4]), (a[0], a[3])):
        for end_b, inner_b in ((b[-1], b[-4]), (b[0], b[3])):
            way_a, way_b, gap = end_a - inner_a, end_b - inner_b, end_b - end_a
            way_a = way_a / max(float(np.hypot(*way_a)), 1e-9)
            ahead, aside = float(gap @ way_a), abs(float(gap[0] * way_a[1] - gap[1] * way_a[0]))
            opposite = float(way_a @ way_b) < 0
            if opposite and -tolerance_px <= ahead <= LARGEST_GAP_PX and aside <= tolerance_px:
                return bool(_angle_between(way_a, way_b) <= SAME_DIRECTION_DEG)
    return False


def same_trail(a: Trail, b: Trail) -> bool:
    """Whether two measurements in one pixel frame show one trail.

    They do when their curves run together (closer than the tolerance, in the same direction within 15
    degrees) over half of the shorter one or 30 px, or when one goes on where the other stops with a gap
    of at most 25 px. The order of the ends does not matter.
    """
    if a.length_px < b.length_px:
        a, b = b, a
    tolerance_px = max(3.0, 0.8 * a.width_fwhm_px, 0.8 * b.width_fwhm_px)
    line_a = np.column_stack([a.curve_x, a.curve_y])
    line_b = np.column_stack([b.curve_x, b.curve_y])
    distance, nearest = _nearest(line_b, line_a)
    tangents = np.gradient(line_b, axis=0)
    aligned = _angle_between(tangents, np.diff(line_a, axis=0)[nearest]) <= SAME_DIRECTION_DEG
    shared_px = b.length_px * float(np.mean((distance <= tolerance_px) & aligned))
    if shared_px >= min(0.5 * b.length_px, 30.0):
        return True
    return _touch(line_a, line_b, tolerance_px)
