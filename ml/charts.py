"""Shapes of charts, for templates to draw as SVG: numbers only, no markup."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ml.spread import Bar, ScoreCounts

WIDTH, HEIGHT = 640, 220
LINES_HEIGHT = 360
LEFT, BOTTOM, TOP = 56, 40, 12
GAP = 2
Point = tuple[float, ...]
"""x, y, and, where it is known, the lower and upper end of y's interval."""


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


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows: words, range, ticks, whether it is logarithmic; its places may have names."""

    words: str
    low: float
    high: float
    ticks: Sequence[float]
    log: bool = False
    names: Sequence[str] = ()

    def share(self, value: float) -> float:
        """Where a value lies, 0 to 1; what is outside lies on the edge."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return (at - low) / (high - low)

    def text(self, value: float) -> str:
        """A value in words."""
        if self.names and value == round(value) and 0 <= round(value) < len(self.names):
            return self.names[round(value)]
        return f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class Series:
    """A line with its name: the path, the area of its intervals (empty: none), its points."""

    name: str
    number: int
    path: str
    band: str
    dots: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over two axes, and the same as a table."""

    key: str
    title: str
    x_words: str
    y_words: str
    width: int
    height: int
    left: int
    floor: int
    right: int
    top: int
    series: list[Series]
    diagonal: bool
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    rows: list[tuple[str, str, str, str]]

    @property
    def has_intervals(self) -> bool:
        return any(interval for *_row, interval in self.rows)


def line_chart(
    key: str, title: str, x: Axis, y: Axis, lines: Sequence[tuple[str, Sequence[Point]]], *, diagonal: bool = False
) -> LineChart:
    """Lay out lines. ``key`` names the chart in the page; the diagonal is where x equals y."""
    floor, right = LINES_HEIGHT - BOTTOM - 18, WIDTH - 16
    across, up = right - LEFT, floor - TOP

    def at_x(value: float) -> float:
        return round(LEFT + x.share(value) * across, 2)

    def at_y(value: float) -> float:
        return round(floor - y.share(value) * up, 2)

    return LineChart(
        key=key,
        title=title,
        x_words=x.words,
        y_words=y.words,
        width=WIDTH,
        height=LINES_HEIGHT,
        left=LEFT,
        floor=floor,
        right=right,
        top=TOP,
        series=[_series(name, number, points, at_x, at_y) for number, (name, points) in enumerate(lines, 1)],
        diagonal=diagonal,
        x_ticks=[Tick(at_x(value), x.text(value)) for value in x.ticks],
        y_ticks=[Tick(at_y(value), y.text(value)) for value in y.ticks],
        rows=[
            (name, x.text(point[0]), f"{point[1]:.3f}", _interval(point)) for name, points in lines for point in points
        ],
    )


def _series(
    name: str, number: int, points: Sequence[Point], at_x: Callable[[float], float], at_y: Callable[[float], float]
) -> Series:
    dots = [(at_x(point[0]), at_y(point[1])) for point in points]
    path = "M" + "L".join(f"{a} {b}" for a, b in dots) if dots else ""
    wide = [point for point in points if len(point) == 4]
    upper = [f"{at_x(point[0])},{at_y(point[3])}" for point in wide]
    lower = [f"{at_x(point[0])},{at_y(point[2])}" for point in reversed(wide)]
    return Series(name, number, path, " ".join(upper + lower) if len(wide) > 1 else "", dots if len(dots) <= 20 else [])


def _interval(point: Point) -> str:
    return f"{point[2]:.3f}–{point[3]:.3f}" if len(point) == 4 else ""
