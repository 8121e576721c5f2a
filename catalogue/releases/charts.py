"""A release's histograms laid out for templates to draw as SVG: figures only, no markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from catalogue.models import Release
from catalogue.releases.figures import GROUPS
from catalogue.releases.skymap import MOST_POINTS, SkyMap, sky_map
from classify.charts import scale_steps, short_count
from ml.charts import Tick

WIDTH, HEIGHT = 480, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 44
GAP = 1.5
TICKS = 7


@dataclass(frozen=True, slots=True)
class Block:
    """Part of a bar: what it counts, for whom."""

    x: float
    y: float
    width: float
    height: float
    group: str
    label: str


@dataclass(frozen=True, slots=True)
class TableLine:
    """A bin as a line of a table: its range and the count of each group, as a number or in words."""

    label: str
    counts: Sequence[int | str]


@dataclass(frozen=True, slots=True)
class Stacked:
    """Stacked bars: the groups one over the other, and the same as a table. ``legend``: their colours need words."""

    key: str
    title: str
    takeaway: str
    axis: str
    width: int
    height: int
    left: int
    floor: int
    right: int
    blocks: list[Block]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[TableLine]
    groups: list[tuple[str, str]]
    legend: bool = True


def release_charts(release: Release) -> list[Stacked]:
    """The histograms of a release that count anything."""
    of = release.figures
    every = [
        ("magnitude", _("Brightness of the asteroids"), _("AB magnitude")),
        ("ecliptic_latitude", _("Asteroids over the ecliptic"), _("Ecliptic latitude, degrees")),
        ("absolute_magnitude", _("Absolute magnitude"), _("H, magnitudes")),
        ("diameter", _("Size, for an albedo of 0.15"), _("Diameter, kilometres")),
    ]
    return [_stacked(key, title, axis, of[key]) for key, title, axis in every if _total(of[key])]


def release_map(release: Release) -> SkyMap:
    """Where the trails of a release lie on the sky: of the first ones, as many as can be drawn."""
    rows = release.rows.order_by("number").values_list("ra_deg", "dec_deg", "values__identification", "values__class")
    places = [
        (ra, dec, group if kind == "asteroid" else "other", f"{kind} {ra:.4f} {dec:+.4f}")
        for ra, dec, group, kind in rows[:MOST_POINTS]
    ]
    return replace(sky_map(places), left_out=release.rows_count - len(places))


def group_names() -> list[tuple[str, str]]:
    """The identifications in people's words, in the order they are stacked."""
    names = {"known": _("known objects"), "unidentified": _("unidentified"), "unchecked": _("not checked")}
    return [(key, names[key]) for key in GROUPS]


def _total(histogram: dict[str, Any]) -> int:
    return sum(sum(counts) for counts in histogram["counts"].values())


def _stacked(key: str, title: str, axis: str, histogram: dict[str, Any]) -> Stacked:
    edges, counts = histogram["edges"], histogram["counts"]
    heights = [sum(counts[group][index] for group in GROUPS) for index in range(len(edges) - 1)]
    first, last = _filled(heights)
    edges, heights = edges[first : last + 1], heights[first:last]
    counts = {group: counts[group][first:last] for group in GROUPS}
    steps = scale_steps(max(heights))
    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    step, unit = (right - LEFT) / len(heights), (floor - TOP) / steps[-1]
    names = group_names()
    peak = max(range(len(heights)), key=heights.__getitem__)
    return Stacked(
        key=key,
        title=title,
        takeaway=_("%(n)d asteroids; most, %(most)d, between %(low)g and %(high)g.")
        % {"n": sum(heights), "most": heights[peak], "low": edges[peak], "high": edges[peak + 1]},
        axis=axis,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        floor=floor,
        right=right,
        blocks=_blocks(edges, counts, step, unit, floor),
        x_ticks=[
            Tick(round(LEFT + step * index, 1), f"{edge:g}")
            for index, edge in enumerate(edges)
            if index % max(1, len(edges) // TICKS) == 0
        ],
        y_ticks=[Tick(round(floor - unit * value, 1), short_count(value)) for value in steps],
        lines=[
            TableLine(f"{edges[i]:g} – {edges[i + 1]:g}", [counts[group][i] for group in GROUPS])
            for i in range(len(heights))
        ],
        groups=names,
    )


def _blocks(
    edges: Sequence[float], counts: dict[str, list[int]], step: float, unit: float, floor: float
) -> list[Block]:
    blocks = []
    for index in range(len(edges) - 1):
        top = floor
        for group, name in group_names():
            n = counts[group][index]
            top -= n * unit
            label = f"{edges[index]:g} – {edges[index + 1]:g}: {n} {name}"
            x, width = LEFT + step * index + GAP / 2, step - GAP
            if n:
                blocks.append(Block(round(x, 1), round(top, 1), round(width, 1), round(n * unit, 1), group, label))
    return blocks


def _filled(heights: Sequence[int]) -> tuple[int, int]:
    """The bins from the first that counts anything to the last, one more to each side where there is one."""
    where = [index for index, n in enumerate(heights) if n]
    return max(0, where[0] - 1), min(len(heights), where[-1] + 2)
