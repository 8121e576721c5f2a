"""From a class's heat map to the trails in it: where each runs, end to end, and how sure it is.

Ridges of the map (:mod:`ml.ridges`) whose ends face each other (:mod:`ml.chains`) are one trail, cut by a star
or crossed by another. Pure numpy and scipy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from ml.chains import Line, along_of, chains
from ml.contract import HEATMAP_CLASSES, STRIDE_PX
from ml.ridges import ridges

Array = NDArray[np.float64]
END_SHARE = 0.5
"""A trail ends where its heat falls below this share of its median: what is beyond is the blur of the network."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a trail in pixels of the tile, 0-based, y upward as the rows of the pixels count."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def length_px(self) -> float:
        return float(np.hypot(self.x2 - self.x1, self.y2 - self.y1))


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One trail of one tile.

    ``kind`` is a class of the heat map. ``xs, ys`` (n >= 2) are points along the trail from end to end, about
    4 px apart, in pixels of the tile (0-based, y as the rows of the array count).

    ``score`` (0..1) is the mean heat along the path, gaps included: a line that holds together scores more than
    one of scattered pieces. A bonus for length was tried, odds times (length / 48 px) ** p: on simulated tiles
    at 0.1 false detections each, completeness fell from 0.82 (p = 0) to 0.79 (0.4) and 0.77 (0.8), since the
    network has weighed the length already, and what is falsely found is long as well (spikes, satellites).
    """

    kind: str
    score: float
    xs: Array
    ys: Array

    @property
    def x1(self) -> float:
        return float(self.xs[0])

    @property
    def y1(self) -> float:
        return float(self.ys[0])

    @property
    def x2(self) -> float:
        return float(self.xs[-1])

    @property
    def y2(self) -> float:
        return float(self.ys[-1])

    @property
    def length_px(self) -> float:
        """Along the path."""
        return float(np.hypot(np.diff(self.xs), np.diff(self.ys)).sum())

    @property
    def ends(self) -> Ends:
        return Ends(self.x1, self.y1, self.x2, self.y2)


def detections(heat: NDArray[np.floating], *, width: int, height: int, kind: str = "asteroid") -> list[Detection]:
    """The trails of one class, best first; none where the map does not know the class.

    Parameters
    ----------
    heat : (classes, rows, columns) of probabilities, a cell being 4 x 4 pixels, row 0 = row 0 of the pixels;
        classes in the order of :data:`ml.contract.HEATMAP_CLASSES`, later ones may be missing
    width, height : the tile's own pixels (what is beyond is padding); paths are kept inside them
    kind : which class
    """
    index = HEATMAP_CLASSES.index(kind) if kind in HEATMAP_CLASSES else len(heat)
    if index >= len(heat):
        return []
    rows, columns = -(-height // STRIDE_PX), -(-width // STRIDE_PX)
    cells = np.nan_to_num(heat[index, :rows, :columns].astype(np.float64))
    found = []
    for line in chains(ridges(cells), cells):
        detection = _detection(cells, line, kind, width, height)
        if detection is not None:
            found.append(detection)
    return sorted(found, key=lambda each: -each.score)


def _detection(cells: Array, line: Line, kind: str, width: int, height: int) -> Detection | None:
    """Cut the blur off the ends, go on to the border where the trail leaves the tile, and score."""
    along = along_of(line)
    if along[-1] <= 0:
        return None
    at = np.linspace(0.0, along[-1], max(2, round(4 * along[-1]) + 1))
    fine = np.column_stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)])
    profile = map_coordinates(cells, [fine[:, 1], fine[:, 0]], order=1, mode="nearest")
    inside = np.flatnonzero(profile >= END_SHARE * np.median(profile))
    fine, profile = fine[inside[0] : inside[-1] + 1], profile[inside[0] : inside[-1] + 1]
    if len(fine) < 5:
        return None
    score = float(np.clip(profile.mean(), 0.0, 1.0))
    fine = _to_border(fine, cells.shape)
    points = fine[np.unique(np.append(np.arange(0, len(fine), 4), len(fine) - 1))]
    pixels = (points + 0.5) * STRIDE_PX - 0.5
    return Detection(kind, score, np.clip(pixels[:, 0], 0, width - 1.0), np.clip(pixels[:, 1], 0, height - 1.0))


def _to_border(fine: Line, shape: tuple[int, ...]) -> Line:
    """Where an end lies in a border cell, the way goes on to the tile's edge, half a cell further."""
    rows, columns = shape
    for first, inner in ((0, 4), (-1, -5)):
        x, y = fine[first]
        if min(x, y, columns - 1 - x, rows - 1 - y) < 0.75:
            step = fine[first] - fine[inner]
            step = step / max(float(np.hypot(*step)), 1e-9)
            out = fine[first] + 1.25 * step
            fine = np.vstack([out, fine] if first == 0 else [fine, out])
    return fine
