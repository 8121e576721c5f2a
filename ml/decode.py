"""From a heat map to the two ends of the best trail. Pure numpy and scipy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from ml.contract import STRIDE_PX

FLOOR = 0.15
PEAK_SHARE = 0.35
EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=int)


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


def trail_ends(heat: NDArray[np.floating], *, width: int, height: int) -> Ends | None:
    """Ends of the strongest trail of one class, or None where the map shows none.

    Cells above a third of the map's highest value (and above 0.15) are joined with their neighbours; the
    group with the largest sum is taken. Its ends are its furthest cells along its principal axis, so a
    curved trail keeps its true ends; each is averaged, weighted by the heat, over the cells that touch it.

    Parameters
    ----------
    heat : (rows, columns) of probabilities, a cell being 4 x 4 pixels, row 0 at the bottom
    width, height : the tile's own pixels (what is beyond is padding); ends are kept inside them
    """
    rows, columns = -(-height // STRIDE_PX), -(-width // STRIDE_PX)
    heat = np.asarray(heat, dtype=np.float64)[:rows, :columns]
    floor = max(FLOOR, PEAK_SHARE * float(heat.max(initial=0.0)))
    groups, count = label(heat > floor, structure=EIGHT_NEIGHBOURS)
    if not count:
        return None
    sums = np.bincount(groups.ravel(), heat.ravel())
    best = 1 + int(np.argmax(sums[1:]))
    row, column = np.nonzero(groups == best)
    weight = heat[row, column]
    points = np.column_stack([column, row]).astype(np.float64)
    along = (points - np.average(points, axis=0, weights=weight)) @ _axis(points, weight)
    (x1, y1), (x2, y2) = (_end(points, weight, along, sign) for sign in (-1.0, 1.0))
    return Ends(_pixel(x1, width), _pixel(y1, height), _pixel(x2, width), _pixel(y2, height))


def _axis(points: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector along which the points spread most."""
    offset = points - np.average(points, axis=0, weights=weight)
    spread = (offset * weight[:, None]).T @ offset
    return np.asarray(np.linalg.eigh(spread)[1][:, -1])


def _end(
    points: NDArray[np.float64], weight: NDArray[np.float64], along: NDArray[np.float64], sign: float
) -> tuple[float, float]:
    furthest = int(np.argmax(sign * along))
    near = np.hypot(*(points - points[furthest]).T) <= 1.5
    x, y = np.average(points[near], axis=0, weights=weight[near])
    return float(x), float(y)


def _pixel(cell: float, size: int) -> float:
    """Pixel coordinate of a cell's middle, kept inside the tile."""
    return float(np.clip((cell + 0.5) * STRIDE_PX - 0.5, 0.0, size - 1.0))
