"""Which trails were found, and which detections are false: the rule of all figures by detection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ml.evaluation.truth import counts
from ml.simulate import Trail

Array = NDArray[np.float64]
WITHIN_PX = 6.0
ON_SHARE = 0.6
COVERED_SHARE = 0.3
MISSED = -1.0


class Line(Protocol):
    """What any detector says: a score, and points (n,) of the trail from end to end in pixels of the tile."""

    @property
    def score(self) -> float: ...
    @property
    def xs(self) -> Array: ...
    @property
    def ys(self) -> Array: ...


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Best score that found each trail that counts (-1: missed), in their order, and scores of what is false."""

    found: Array
    false: Array


def matched(detections: Sequence[Line], trails: Sequence[Trail], size: int) -> Matched:
    """Hold detections of a tile of ``size`` pixels against its trails.

    A detection lies on a trail when 60 % of its points (one a pixel) are within 6 px of it; it finds the trail
    when its points pass within 6 px of 30 % of what the tile shows of it. What lies on any trail is never false:
    a second piece of one, or one on a trail too faint or short to be asked for (:func:`ml.evaluation.truth.counts`).
    Satellites and arcs are no asteroids: what lies on them is false.
    """
    paths = [_inside(resampled(trail.xs, trail.ys), size) for trail in trails]
    best = np.full(len(trails), MISSED)
    false = []
    for detection in detections:
        points = _inside(resampled(detection.xs, detection.ys), size)
        if not len(points):
            continue
        on_any = False
        for number, path in enumerate(paths):
            if len(path) and _near(points, path).mean() >= ON_SHARE:
                on_any = True
                if _near(path, points).mean() >= COVERED_SHARE:
                    best[number] = max(best[number], detection.score)
        if not on_any:
            false.append(detection.score)
    asked = np.array([counts(trail, size) for trail in trails], dtype=bool)
    return Matched(best[asked], np.array(false, dtype=np.float64))


def resampled(xs: Array, ys: Array) -> Array:
    """Points (n, 2) one pixel apart along a path, both ends included."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(xs), np.diff(ys)))])
    at = np.linspace(0.0, along[-1], max(1, int(np.ceil(along[-1])) + 1))
    return np.column_stack([np.interp(at, along, xs), np.interp(at, along, ys)])


def _inside(points: Array, size: int) -> Array:
    return np.asarray(points[((points >= -0.5) & (points <= size - 0.5)).all(axis=1)])


def _near(points: Array, path: Array) -> NDArray[np.bool_]:
    distance, _ = KDTree(path).query(points, distance_upper_bound=WITHIN_PX)
    return np.isfinite(distance)
