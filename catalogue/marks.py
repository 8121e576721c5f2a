"""What is drawn over the image of a candidate: rails beside the trail, never on it, and its ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archive.models import Cutout
from catalogue.models import Candidate
from sky.stretch import display_xy

RAIL_PX = 11.0


@dataclass(frozen=True)
class Marks:
    """Shapes in pixels of the picture, from its upper left corner, as SVG takes them."""

    width: int
    height: int
    rails: list[str]
    ends: list[tuple[str, str]]
    circle: tuple[str, str, str] | None


def marks_of(candidate: Candidate, cutout: Cutout) -> Marks:
    """The marks of a candidate on one cutout; a circle of its error where no trail was measured."""
    points = np.array(candidate.curve, dtype=np.float64).reshape(-1, 2)
    if not len(points) and candidate.end1_x is not None:
        points = np.array([(candidate.end1_x, candidate.end1_y), (candidate.end2_x, candidate.end2_y)])
    if len(points) < 2:
        radius = candidate.position_sigma_arcsec / cutout.exposure.pixel_scale_arcsec
        (x,), (y,) = _svg(np.array([(candidate.mid_x, candidate.mid_y)]), cutout)
        circle = (_number(x), _number(y), _number(min(radius, cutout.width / 2 - 4)))
        return Marks(cutout.width, cutout.height, [], [], circle)
    along = np.asarray(np.gradient(points, axis=0))
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    rails = []
    for side in (-RAIL_PX, RAIL_PX):
        xs, ys = _svg(points + side * across, cutout)
        rails.append(" ".join(f"{_number(x)},{_number(y)}" for x, y in zip(xs, ys, strict=True)))
    xs, ys = _svg(points[[0, -1]], cutout)
    ends = [(_number(x), _number(y)) for x, y in zip(xs, ys, strict=True)]
    return Marks(cutout.width, cutout.height, rails, ends, None)


def _svg(points: np.ndarray, cutout: Cutout) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of the exposure to SVG units: a pixel's centre is half a unit from its corner, rows run downward."""
    x, y = display_xy(points[:, 0] - cutout.x0, points[:, 1] - cutout.y0, cutout.height)
    return x + 0.5, y + 0.5


def _number(value: float) -> str:
    """Without the decimal comma of some languages: SVG reads points only."""
    return f"{value:.1f}"
