"""Satellites by the geometry of the whole exposure: they cross it, asteroids do not.

A satellite passes in a second, so its trail runs straight from border to border; an asteroid's ends within some
hundred pixels. A tile alone cannot tell a thin satellite from a bright asteroid, all tiles together can. Pure
numpy and scipy, no Django.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from archive.tiling import Box
from ml.contract import HEATMAP_CLASSES, STRIDE_PX
from ml.detect import Detection, Ends
from ml.preprocess import NetworkInput
from ml.runtime import Network, Verdict, verdict

Array = NDArray[np.float64]
Heat = NDArray[np.floating]
BATCH = 8
POOL = 4
CELL_PX = STRIDE_PX * POOL
SMALL_PX = 900
"""A part of an exposure rather than a whole one: its side is shorter than two tiles."""
LIT = 0.25
MAX_POINTS = 6_000
"""Cells that vote for lines: the hottest; a map with more than these is full of something else."""
ANGLES = 360
MOST_LINES = 5
NEAR_CELLS = 3.0
ON_CELLS = 1.75
BESIDE_CELLS = 8.0
LARGEST_CHANCE = 0.35
"""Where more than this would be lit by chance (a field full of stars), the best of many lines means nothing."""
BIN_CELLS = 2.0
ON_LINE_PX = 16.0
LEAST_IN_TILE_PX = 24.0
ON_LINE_SHARE = 0.6
KEPT_SHARE = 0.02
"""What is left of a tile's asteroid probability when all its trails belong to a satellite."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a line is a satellite's: how long and covered its way across is at least, how bent it is at most.

    ``bend``: the sagitta as a share of the length. Parallax bends the trails of asteroids more, satellites hardly
    move: over 300 s HST's own way has a sagitta of up to 92 km, which at 0.1 au is 1.3", at 2 au over 45 minutes
    some 5", a twentieth of the trail and more.
    """

    length_px: float
    coverage: float
    bend: float


WHOLE, PART = Rule(700.0, 0.6, 0.03), Rule(450.0, 0.9, 0.01)
"""For exposures, and for parts of them, across which an asteroid's trail may run as well: there it must be straighter
and without gaps."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A satellite's trail over the exposure: points (n, 2) of x, y in pixels about 8 px apart, and its coverage."""

    points: Array
    coverage: float


def exposure_verdicts(
    network: Network,
    boxes: Sequence[Box],
    read: Callable[[Box], NetworkInput],
    shape: tuple[int, int],
    *,
    batch: int = BATCH,
) -> list[Verdict]:
    """Verdicts on all tiles of one exposure, judged together. ``shape`` is (rows, columns) of the exposure.

    ``read`` gives the tile in a box; the next batch is read in another thread while the network works on one.

    Raises
    ------
    ModelRefused
        The model fails on a tile, or does not answer as the contract says.
    """
    verdicts: list[Verdict] = []
    heats: list[Heat] = []
    parts = [boxes[start : start + batch] for start in range(0, len(boxes), batch)]
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="tiles") as pool:
        coming = [pool.submit(_read_all, read, part) for part in parts[:1]]
        for following in [*parts[1:], None]:
            tiles = coming.pop().result()
            if following is not None:
                coming.append(pool.submit(_read_all, read, following))
            heat, probabilities = network.run(np.stack([tile.array for tile in tiles]))
            verdicts += [verdict(*found) for found in zip(tiles, heat, probabilities, strict=True)]
            heats += list(heat.astype(np.float16))
    return judge_exposure(boxes, verdicts, heats, shape)


def _read_all(read: Callable[[Box], NetworkInput], boxes: Sequence[Box]) -> list[NetworkInput]:
    return [read(box) for box in boxes]


def judge_exposure(
    boxes: Sequence[Box], verdicts: Sequence[Verdict], heats: Sequence[Heat], shape: tuple[int, int]
) -> list[Verdict]:
    """The verdicts on the tiles of one exposure, corrected by the satellites that cross it.

    Where such a line crosses a tile, its probability of a satellite is raised to 1 - (1 - coverage)^2; the
    asteroid's trails that lie on the line are taken away, and its probability is lowered with them. Other tiles
    stay as they are.

    Parameters
    ----------
    boxes, verdicts, heats : one per tile: its place, its own verdict, its heat map (classes, 128, 128)
    shape : (rows, columns) of the exposure in pixels
    """
    lines = satellite_lines(boxes, heats, shape)
    return [_corrected(box, each, lines) for box, each in zip(boxes, verdicts, strict=True)]


def satellite_lines(boxes: Sequence[Box], heats: Sequence[Heat], shape: tuple[int, int]) -> list[Line]:
    """The straight, or slightly curved, lines that cross an exposure, best first.

    A line counts when so much of its way across the exposure is lit in the heat maps of satellites and asteroids
    together as its rule says (`WHOLE`, `PART`). Chip gaps and a jog of 30 px between two chips are tolerated.
    """
    rule = PART if min(shape) < SMALL_PX else WHOLE
    heat = _stitched(boxes, heats, shape)
    rows, columns = np.nonzero(heat > LIT)
    if rows.size > MAX_POINTS:
        hottest = np.argsort(-heat[rows, columns], kind="stable")[:MAX_POINTS]
        rows, columns = rows[hottest], columns[hottest]
    points = np.column_stack([columns, rows]).astype(np.float64)
    weights = heat[rows, columns]
    found: list[Line] = []
    for _ in range(MOST_LINES):
        if len(points) * CELL_PX < rule.length_px * rule.coverage:
            break
        line, on = _best_line(points, weights, heat.shape, rule)
        if line is not None:
            found.append(line)
        if not on.any():
            break
        points, weights = points[~on], weights[~on]
    return found


def _stitched(boxes: Sequence[Box], heats: Sequence[Heat], shape: tuple[int, int]) -> Array:
    """Heat of satellites or asteroids over the exposure, in cells of 16 px: the largest of each cell's parts."""
    rows, columns = (-(-side // CELL_PX) * POOL for side in shape)
    whole = np.zeros((rows, columns), dtype=np.float32)
    kinds = [HEATMAP_CLASSES.index(kind) for kind in ("asteroid", "satellite")]
    for box, heat in zip(boxes, heats, strict=True):
        high, wide = -(-box.height // STRIDE_PX), -(-box.width // STRIDE_PX)
        row, column = round(box.y0 / STRIDE_PX), round(box.x0 / STRIDE_PX)
        part = whole[row : row + high, column : column + wide]
        np.maximum(part, heat[kinds, : part.shape[0], : part.shape[1]].max(axis=0), out=part)
    return whole.reshape(rows // POOL, POOL, columns // POOL, POOL).max(axis=(1, 3)).astype(np.float64)


def _best_line(
    points: Array, weights: Array, shape: tuple[int, ...], rule: Rule
) -> tuple[Line | None, NDArray[np.bool_]]:
    """The line most points vote for (Hough), fitted; None if it is no satellite's. And which points lie on it."""
    angle, distance = _most_voted(points, weights, shape)
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    normal, way = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    u, v = (points - middle) @ way, (points - middle) @ normal - distance
    on = np.abs(v) <= NEAR_CELLS
    curve = np.zeros(3)
    for degree, reach in ((1, NEAR_CELLS), (2, ON_CELLS), (2, ON_CELLS)):
        if on.sum() < 8:
            return None, np.abs(v) <= NEAR_CELLS
        curve = np.polyfit(u[on], v[on], degree, w=np.sqrt(weights[on]))
        on = np.abs(v - np.polyval(curve, u)) <= reach
    span = _chord(middle + normal * distance, way, shape)
    line = _judged(u, v - np.polyval(curve, u), curve, span, rule)
    if line is not None:
        at, coverage = line
        place = middle + at[:, None] * way + (np.polyval(curve, at) + distance)[:, None] * normal
        return Line((place + 0.5) * CELL_PX - 0.5, coverage), on
    return None, on | (np.abs(v) <= 1.0)


def _most_voted(points: Array, weights: Array, shape: tuple[int, ...]) -> tuple[float, float]:
    """Angle of the normal and distance from the middle of the line with most votes: the Hough transform."""
    angles = np.arange(ANGLES) * (np.pi / ANGLES)
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    reach = int(np.ceil(np.hypot(shape[0], shape[1]) / 2)) + 2
    width = 2 * reach + 1
    distance = (points - middle) @ np.vstack([np.cos(angles), np.sin(angles)])
    index = np.rint(distance).astype(np.int64) + reach + width * np.arange(ANGLES)
    # Each cell votes the same, hot or not quite: a line is told by how far it goes.
    votes = np.bincount(index.ravel(), np.repeat(np.minimum(weights, 0.5), ANGLES), minlength=width * ANGLES)
    votes = votes.reshape(ANGLES, width)
    votes = votes + 0.5 * (np.roll(votes, 1, axis=1) + np.roll(votes, -1, axis=1))  # the margins are empty
    best_angle, best_distance = np.unravel_index(int(np.argmax(votes)), votes.shape)
    return float(angles[best_angle]), float(best_distance - reach)


def _chord(place: Array, way: Array, shape: tuple[int, ...]) -> tuple[float, float]:
    """From where to where, along the way from its foot, a line lies within the map."""
    low, high = -np.inf, np.inf
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    for axis, side in ((0, shape[1]), (1, shape[0])):
        if abs(way[axis]) > 1e-9:
            ends = sorted(((edge - place[axis]) / way[axis]) for edge in (-0.5, side - 0.5))
            low, high = max(low, ends[0]), min(high, ends[1])
    shift = float((place - middle) @ way)
    return low + shift, high + shift


def _judged(u: Array, off: Array, curve: Array, span: tuple[float, float], rule: Rule) -> tuple[Array, float] | None:
    """Places along a satellite's line and its coverage; None for what is too short, patchy or bent.

    ``u`` and ``off`` are the points' places along and across. The coverage is net of what would be lit by chance:
    the mean of two lines beside it.
    """
    length = span[1] - span[0]
    if length * CELL_PX < rule.length_px:
        return None
    bins = max(2, int(length / BIN_CELLS))
    lit, left, right = (
        float((np.histogram(u[np.abs(off - aside) <= ON_CELLS], bins=bins, range=span)[0] > 0).mean())
        for aside in (0.0, BESIDE_CELLS, -BESIDE_CELLS)
    )
    chance = (left + right) / 2
    if chance > LARGEST_CHANCE:
        return None
    coverage = (lit - chance) / (1 - chance)
    if coverage < rule.coverage or coverage * length * CELL_PX < rule.length_px:
        return None
    if abs(curve[0]) * (length / 2) ** 2 > rule.bend * length:
        return None
    return np.arange(span[0], span[1] + 0.25, 0.5), coverage


def _corrected(box: Box, found: Verdict, lines: Sequence[Line]) -> Verdict:
    for line in lines:
        inside = _inside(line, box)
        if len(inside) >= 2 and np.hypot(*(inside[-1] - inside[0])) >= LEAST_IN_TILE_PX:
            found = _crossed(found, inside, line.coverage)
    return found


def _inside(line: Line, box: Box) -> Array:
    """The line's points in a tile, in the tile's pixels."""
    places = line.points - (box.x0, box.y0)
    inside = (places >= -0.5) & (places < (box.width - 0.5, box.height - 0.5))
    return places[inside.all(axis=1)]


def _crossed(found: Verdict, line: Array, coverage: float) -> Verdict:
    """A tile's verdict with a satellite along these points in it."""
    kept = [each for each in found.detections if _share_on(each, line) < ON_LINE_SHARE]
    p_asteroid = found.p_asteroid
    if len(kept) < len(found.detections):
        best = found.detections[0].score
        p_asteroid *= max(KEPT_SHARE, kept[0].score / best if kept and best > 0 else 0.0)
    p_satellite = max(found.p_satellite, 1 - (1 - coverage) ** 2)
    nothing = (1 - p_asteroid) * (1 - p_satellite) * (1 - (found.p_arc or 0.0))
    ends: Ends | None = Ends(float(line[0, 0]), float(line[0, 1]), float(line[-1, 0]), float(line[-1, 1]))
    if p_asteroid >= p_satellite:
        ends = kept[0].ends if kept else None
    return replace(found, p_asteroid=p_asteroid, p_satellite=p_satellite, p_nothing=nothing, ends=ends, detections=kept)


def _share_on(detection: Detection, line: Array) -> float:
    """Which part of a detection's points lies on the line."""
    dx, dy = detection.xs[:, None] - line[:, 0], detection.ys[:, None] - line[:, 1]
    return float((np.hypot(dx, dy).min(axis=1) <= ON_LINE_PX).mean())
