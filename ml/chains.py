"""Pieces of lines whose ends face each other are one line: stars cut trails, other trails cross them.

Pure numpy and scipy. A line is (n, 2) of x, y in cells of a heat map.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Line = NDArray[np.float64]
LARGEST_GAP = 24.0
GAP_FREE, GAP_SHARE = 4.0, 0.7
"""A gap may be this many cells, and this share of the two pieces' lengths more, up to the largest."""
ASIDE_FREE, ASIDE_SHARE = 1.5, 0.36
"""How far aside of the other's direction an end may lie: cells, and per cell of gap (20 degrees)."""
LARGEST_TURN_COS = float(np.cos(np.radians(45.0)))
DIRECTION_CELLS = 7.0
SHORT_CELLS = 4.0
"""Pieces shorter than this have no direction of their own."""
ASIDE_COST, TURN_COST, UNEQUAL_COST, COLD_COST = 1.0, 12.0, 30.0, 4.0
"""In cells of gap: a cell aside, a radian of turn, a piece without heat beside a hot one, no heat between them."""
WARM_SHARE, STRAIGHT = 0.3, float(np.radians(15.0))
"""Across more than the free gap, pieces are one trail where there is heat between them, or all lie in one line."""
SHARP_COS, BRANCH_COS = float(np.cos(np.radians(60.0))), float(np.cos(np.radians(15.0)))
BRANCH_REACH = 8.0
CORNER_REACH = 5
MOST_CUTS = 3


def along_of(line: Line) -> NDArray[np.float64]:
    """Distance of each point from the first, along the line."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def chains(pieces: list[Line], cells: NDArray[np.float64]) -> list[Line]:
    """Join pieces of a heat map end to end, the best fitting pair first; what fits to nothing stays as it is.

    Where two trails cross, the way through the group may have turned into the other: so pieces are cut at
    corners first, and each arm finds the one it goes on in. Arms that find no other are joined again, but for those
    that meet at an angle too sharp for one trail: two that end at one place.
    """
    pieces, cuts = _cut_at_corners(pieces)
    cuts = [pair for pair in cuts if _turn_cos(pieces, *pair) >= SHARP_COS]
    partner: dict[int, int] = {}
    owner = list(range(len(pieces)))
    for a, b in [*_pairs(pieces, cells, cuts), *cuts]:
        first, second = _root(owner, a // 2), _root(owner, b // 2)
        if a in partner or b in partner or first == second:
            continue
        partner[a], partner[b] = b, a
        owner[first] = second
    return [_walk(pieces, partner, start) for start in _starts(len(pieces), partner)]


def _root(owner: list[int], piece: int) -> int:
    while owner[piece] != piece:
        piece = owner[piece]
    return piece


def _starts(count: int, partner: dict[int, int]) -> Iterator[int]:
    """One free end of every chain (an end is 2 * piece for its first point, + 1 for its last)."""
    seen: set[int] = set()
    for end in range(2 * count):
        if end in partner or end in seen:
            continue
        last = end ^ 1
        while last in partner:
            last = partner[last] ^ 1
        seen.update((end, last))
        yield end


def _walk(pieces: list[Line], partner: dict[int, int], end: int) -> Line:
    """The pieces of a chain in order, from its free end."""
    parts = []
    while True:
        piece = pieces[end // 2]
        parts.append(piece if end % 2 == 0 else piece[::-1])
        if end ^ 1 not in partner:
            return np.vstack(parts)
        end = partner[end ^ 1]


def _pairs(pieces: list[Line], cells: NDArray[np.float64], cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ends that may be joined, the best first: close, straight on, equally hot, with heat between them."""
    if len(pieces) < 2:
        return []
    place = np.array([line[i] for line in pieces for i in (0, -1)])
    out = np.array([way for line in pieces for way in (_outward(line), _outward(line[::-1]))])
    length = np.repeat([along_of(line)[-1] + 1.0 for line in pieces], 2)
    heat = np.repeat(
        [float(map_coordinates(cells, line.T[::-1], order=1, mode="nearest").mean()) for line in pieces], 2
    )
    gap = place[None] - place[:, None]
    distance = np.hypot(gap[..., 0], gap[..., 1])
    aside = np.abs(gap[..., 0] * out[:, None, 1] - gap[..., 1] * out[:, None, 0])
    ahead = gap[..., 0] * out[:, None, 0] + gap[..., 1] * out[:, None, 1]
    short = length < SHORT_CELLS
    faces = short[:, None] | ((aside <= ASIDE_FREE + ASIDE_SHARE * distance) & (ahead >= -2.5))
    turn = -(out @ out.T)
    reach = np.minimum(LARGEST_GAP, GAP_FREE + GAP_SHARE * (length[:, None] + length[None]))
    fits = faces & faces.T & (distance <= reach)
    fits &= (turn >= LARGEST_TURN_COS) | short[:, None] | short[None]
    fits &= ~(short[:, None] & short[None])
    for pair in cuts:
        fits[pair] = True
    a, b = np.nonzero(fits & (np.arange(len(place))[:, None] // 2 < np.arange(len(place))[None] // 2))
    one_short = short[a] | short[b]
    off = np.where(short[a], 0.0, aside[a, b]) + np.where(short[b], 0.0, aside[b, a])
    turned = np.where(one_short, 0.0, np.arccos(np.clip(turn[a, b], -1.0, 1.0)))
    least = np.minimum(heat[a], heat[b])
    warm = _between(cells, place[a], place[b]) / np.maximum(least, 1e-9)
    straight = (turned <= STRAIGHT) & (off <= 2 * STRAIGHT * distance[a, b])
    joined = (distance[a, b] <= GAP_FREE) | (warm >= WARM_SHARE) | straight
    a, b, off, turned, least, warm = (values[joined] for values in (a, b, off, turned, least, warm))
    cost = distance[a, b] + ASIDE_COST * off + TURN_COST * turned
    cost += UNEQUAL_COST * (1.0 - least / np.maximum(np.maximum(heat[a], heat[b]), 1e-9))
    cost += COLD_COST * (1.0 - np.minimum(1.0, warm))
    order = np.argsort(cost, kind="stable")
    return [(int(a[i]), int(b[i])) for i in order]


def _between(cells: NDArray[np.float64], starts: Line, stops: Line) -> NDArray[np.float64]:
    """Mean heat on the straight way between two places each."""
    share = np.linspace(0.0, 1.0, 7)[:, None, None]
    at = starts + share * (stops - starts)
    heat = map_coordinates(cells, [at[..., 1], at[..., 0]], order=1, mode="nearest")
    return np.asarray(heat.mean(axis=0))


def _turn_cos(pieces: list[Line], a: int, b: int) -> float:
    """Cosine of the turn from one end's piece into the other's: 1 where the way goes straight on."""
    first, second = (_outward(pieces[end // 2][:: -1 if end % 2 else 1]) for end in (a, b))
    return -float(first @ second)


def _outward(line: Line) -> NDArray[np.float64]:
    """Unit vector with which the line leaves at its first point; zero for a single point."""
    along = along_of(line)
    near = line[along <= DIRECTION_CELLS]
    if len(near) < 2:
        near = line[:2]
    way = near[0] - near[1:].mean(axis=0) if len(near) > 1 else np.zeros(2)
    return np.asarray(way / max(float(np.hypot(*way)), 1e-9))


def _cut_at_corners(pieces: list[Line]) -> tuple[list[Line], list[tuple[int, int]]]:
    """The pieces cut at their corners, and the pairs of ends (numbered as in :func:`_starts`) that were one."""
    whole: list[Line] = []
    cuts: list[tuple[int, int]] = []
    for number, line in enumerate(pieces):
        ends = np.array([other[i] for k, other in enumerate(pieces) if k != number for i in (0, -1)])
        rest = line
        for _ in range(MOST_CUTS):
            corner = _corner(rest, ends)
            if corner is None:
                break
            # The corner itself belongs to neither arm: it bends both.
            whole.append(rest[: corner - 1])
            rest = rest[corner + 2 :]
            cuts.append((2 * len(whole) - 1, 2 * len(whole)))
        whole.append(rest)
    return whole, cuts


def _corner(line: Line, ends: Line) -> int | None:
    """Index of the sharpest corner: a turn where another piece ends, or one too sharp for any trail."""
    reach = CORNER_REACH
    if len(line) < 2 * reach + 5:
        return None
    middle = np.arange(reach, len(line) - reach)
    before, after = line[middle] - line[middle - reach], line[middle + reach] - line[middle]
    cos = np.sum(before * after, axis=1) / np.maximum(np.hypot(*before.T) * np.hypot(*after.T), 1e-9)
    allowed = np.full(middle.size, SHARP_COS)
    if len(ends):
        distance = np.hypot(*np.moveaxis(line[middle][:, None] - ends[None], 2, 0)).min(axis=1)
        allowed[distance <= BRANCH_REACH] = BRANCH_COS
    cos = np.where(cos < allowed, cos, 1.0)
    sharpest = int(np.argmin(cos))
    return int(middle[sharpest]) if cos[sharpest] < 1.0 else None
