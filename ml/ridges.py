"""The ridges of a heat map: lines along its hottest cells. Pure numpy and scipy, bounded work on any map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label, map_coordinates
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ml.chains import Line

Array = NDArray[np.float64]
LOW, HIGH = 0.10, 0.20
"""A group holds cells above the first and at least one above the second (hysteresis)."""
PEAK_SHARE = 0.3
MAX_CELLS = 5_000
"""A map with more cells above the threshold has it raised: the work is bounded, and no line fills that much."""
MAX_GROUPS = 24
MAX_PIECES = 40
PASSES = 3
SHORTEST_CELLS = 3
EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=int)
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))


def ridges(cells: Array) -> list[Line]:
    """Lines (n, 2) of x, y in cells: the hottest long way through each group, then through what it leaves aside."""
    left = _active(cells)
    pieces: list[Line] = []
    for _ in range(PASSES):
        groups, chosen = _groups(cells, left)
        if not chosen.size:
            break
        ways = _longest_ways(cells, groups, chosen)
        pieces += [_on_ridge(cells, way) for way in ways if len(way) >= SHORTEST_CELLS]
        if len(pieces) >= MAX_PIECES:
            break
        left &= ~_beside(groups, chosen, ways)
    return pieces[:MAX_PIECES]


def _active(cells: Array) -> NDArray[np.bool_]:
    """Cells above the threshold, never more than :data:`MAX_CELLS`."""
    active = cells > LOW
    if np.count_nonzero(active) > MAX_CELLS:
        active = cells > np.partition(cells, -MAX_CELLS, axis=None)[-MAX_CELLS]
    return active


def _groups(cells: Array, active: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Numbered groups, and the numbers of those worth a look, the one with the most heat first.

    Around a bright trail the network's heat fades slowly: there a group keeps the cells above a share of its peak.
    """
    groups, count = label(active, structure=EIGHT_NEIGHBOURS)
    flat = groups.ravel()
    peaks = np.zeros(count + 1)
    np.maximum.at(peaks, flat, cells.ravel())
    groups, count = label(active & (cells >= PEAK_SHARE * peaks[groups]), structure=EIGHT_NEIGHBOURS)
    flat = groups.ravel()
    sums = np.bincount(flat, cells.ravel(), minlength=count + 1)
    seeds = np.bincount(flat, cells.ravel() > HIGH, minlength=count + 1)
    sizes = np.bincount(flat, minlength=count + 1)
    good = (seeds > 0) & (sizes >= SHORTEST_CELLS)
    good[0] = False
    order = np.argsort(-sums, kind="stable")
    return groups, order[good[order]][:MAX_GROUPS]


def _longest_ways(cells: Array, groups: NDArray[np.int32], chosen: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Per group the way along the hottest cells that gathers most heat: (n, 2) of row, column.

    From the hottest cell to the end of the best way from there, and from that end to the best other end. All
    groups are in one graph: they are not connected, so one source in each reaches its own group only.
    """
    row, column = np.nonzero(np.isin(groups, chosen))
    number = groups[row, column]
    heat = cells[row, column]
    place = np.full(groups.shape, -1)
    place[row, column] = np.arange(row.size)
    graph = _graph(cells, place)
    start = _best_of(heat, number, chosen)
    for _ in range(2):
        _, before, _ = dijkstra(graph, indices=start, min_only=True, return_predecessors=True)
        start = _best_of(_gathered(heat, before), number, chosen)
    ways = []
    for end in start:
        way = [int(end)]
        while (previous := int(before[way[-1]])) >= 0:
            way.append(previous)
        ways.append(np.column_stack([row[way], column[way]]))
    return ways


def _gathered(heat: Array, before: NDArray[np.int32]) -> Array:
    """Sum of the heat from the source to each node of a tree of predecessors (negative: none), by doubling steps."""
    total = np.append(heat, 0.0)
    jump = np.append(np.where(before < 0, heat.size, before), heat.size)
    while (jump != heat.size).any():
        total = total + total[jump]
        jump = jump[jump]
    return total[:-1]


def _best_of(value: Array, number: NDArray[np.int32], chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    """Index of the largest value within each chosen group."""
    order = np.lexsort((value, number))
    ends = np.searchsorted(number[order], chosen, side="right") - 1
    return np.asarray(order[ends])


def _graph(cells: Array, place: NDArray[np.intp]) -> csr_array:
    """Neighbouring cells joined by their distance over their heat."""
    count = int(place.max()) + 1
    starts, stops, costs = [], [], []
    rows, columns = place.shape
    for down, right in STEPS:
        left = max(0, -right)
        a = (slice(0, rows - down), slice(left, columns - max(0, right)))
        b = (slice(down, rows), slice(left + right, columns - max(0, right) + right))
        joined = (place[a] >= 0) & (place[b] >= 0)
        starts.append(place[a][joined])
        stops.append(place[b][joined])
        costs.append(float(np.hypot(down, right)) / (0.5 * (cells[a][joined] + cells[b][joined]) + 0.02))
    start, stop = np.concatenate(starts), np.concatenate(stops)
    edges = np.concatenate([start, stop]), np.concatenate([stop, start])
    return csr_array((np.tile(np.concatenate(costs), 2), edges), shape=(count, count))


def _beside(groups: NDArray[np.int32], chosen: NDArray[np.intp], ways: list[NDArray[np.intp]]) -> NDArray[np.bool_]:
    """Cells that belong to the ways, with their blur: within 2.5 cells, or the width of the group if that is more."""
    sizes = np.bincount(groups.ravel())
    off = np.ones(groups.shape, dtype=bool)
    reach = np.zeros(groups.shape)
    for number, way in zip(chosen, ways, strict=True):
        off[way[:, 0], way[:, 1]] = False
        reach[way[:, 0], way[:, 1]] = max(2.5, 0.75 * sizes[number] / len(way) + 1.0)
    distance, nearest = distance_transform_edt(off, return_indices=True)
    return np.asarray(distance <= reach[tuple(nearest)])


def _on_ridge(cells: Array, way: NDArray[np.intp]) -> Line:
    """The way moved across onto the ridge of the heat and smoothed; its first and last points stay the ends."""
    line = smooth(way[:, ::-1].astype(np.float64))
    if len(line) < 4:
        return line
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    across = np.arange(-2.0, 2.01, 0.5)
    x = line[:, 0, None] - tangent[:, 1, None] * across
    y = line[:, 1, None] + tangent[:, 0, None] * across
    weight = map_coordinates(cells, [y, x], order=1, mode="constant") ** 2
    shift = (weight @ across) / np.maximum(weight.sum(axis=1), 1e-9)
    return smooth(line + shift[:, None] * np.column_stack([-tangent[:, 1], tangent[:, 0]]))


def smooth(line: Line, reach: int = 2) -> Line:
    """Running mean whose window shrinks towards the ends, so that these stay."""
    n = len(line)
    sums = np.vstack([np.zeros(2), np.cumsum(line, axis=0)])
    half = np.minimum(np.minimum(np.arange(n), np.arange(n)[::-1]), reach)
    low, high = np.arange(n) - half, np.arange(n) + half + 1
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None])
