"""Shapes of charts, for templates to draw as SVG: numbers only, no markup."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ml.selectors import Bar, ScoreCounts

WIDTH, HEIGHT = 640, 220
LEFT, BOTTOM, TOP = 56, 40, 12
GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A bar of the chart in its units, and the figures it stands for."""

    x: float
    y: float
    width: float
    height: float
    bar: Bar


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram with a logarithmic count axis."""

    width: int
    height: int
    left: int
    floor: int
    right: int
    top: int
    columns: list[Column]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    threshold_x: float
    threshold: float
    total: int
    above: int


def histogram(counts: ScoreCounts, threshold: float) -> Histogram:
    """Lay out bars from 0 to 1. Counts are drawn as log10(1 + n): most cutouts are empty, few matter."""
    bars = counts.bars
    floor, right = HEIGHT - BOTTOM, WIDTH - 12
    decades = max(1, math.ceil(math.log10(1 + max((bar.count for bar in bars), default=0)) - 1e-9))
    across, up = right - LEFT, floor - TOP

    def height(count: float) -> float:
        return round(up * math.log10(1 + count) / math.log10(1 + 10**decades), 2)

    columns = [
        Column(
            x=round(LEFT + bar.low * across + GAP / 2, 2),
            y=round(floor - height(bar.count), 2),
            width=round((bar.high - bar.low) * across - GAP, 2),
            height=height(bar.count),
            bar=bar,
        )
        for bar in bars
    ]
    return Histogram(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        floor=floor,
        right=right,
        top=TOP,
        columns=columns,
        x_ticks=[Tick(round(LEFT + share * across, 2), f"{share:g}") for share in (0, 0.25, 0.5, 0.75, 1)],
        y_ticks=[Tick(round(floor - height(10**n), 2), _power(n)) for n in range(decades + 1)],
        threshold_x=round(LEFT + threshold * across, 2),
        threshold=threshold,
        total=counts.total,
        above=counts.above_threshold,
    )


def _power(exponent: int) -> str:
    """10 to some power, short enough for a phone: 1, 10, 100, 1k, 10k, 100k, 1M."""
    thousands, rest = divmod(exponent, 3)
    return f"{10**rest}{('', 'k', 'M', 'G')[thousands]}"
