"""Bars for pages of numbers, laid out for templates to draw as SVG: figures only, no markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ml.charts import Tick

WIDTH, HEIGHT, STRIP_HEIGHT = 640, 220, 56
LEFT, BOTTOM, TOP = 56, 30, 12
WIDEST_GAP = 2.0
TICKS_ACROSS, TICKS_UP = 5, 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it counts, in full and in short, and the count."""

    label: str
    short: str
    count: int


@dataclass(frozen=True, slots=True)
class Column:
    """A bar in the chart's units."""

    x: float
    y: float
    width: float
    height: float
    bar: Bar


@dataclass(frozen=True, slots=True)
class BarChart:
    """Upright bars side by side, and the same as a table. ``key`` names the chart in the page."""

    key: str
    title: str
    takeaway: str
    label_words: str
    count_words: str
    width: int
    height: int
    left: int
    floor: int
    right: int
    top: int
    columns: list[Column]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    total: int


def bar_chart(
    key: str, title: str, takeaway: str, bars: Sequence[Bar], *, label_words: str, count_words: str
) -> BarChart:
    """Lay out bars from left to right, from zero up."""
    floor, right = HEIGHT - BOTTOM, WIDTH - 12
    steps = scale_steps(max((bar.count for bar in bars), default=0))
    across, up = right - LEFT, floor - TOP
    return BarChart(
        key=key,
        title=title,
        takeaway=takeaway,
        label_words=label_words,
        count_words=count_words,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        floor=floor,
        right=right,
        top=TOP,
        columns=columns(bars, left=LEFT, across=across, floor=floor, up=up, most=steps[-1]),
        x_ticks=_ticks_across(bars, across),
        y_ticks=[Tick(round(floor - up * step / steps[-1], 2), short_count(step)) for step in steps],
        total=sum(bar.count for bar in bars),
    )


def columns(bars: Sequence[Bar], *, left: float, across: float, floor: float, up: float, most: float) -> list[Column]:
    """The bars' places: equally wide, with a gap that never eats a narrow bar."""
    step = across / max(1, len(bars))
    gap = min(WIDEST_GAP, step / 4)
    return [
        Column(
            x=round(left + number * step + gap / 2, 2),
            y=round(floor - up * bar.count / most, 2),
            width=round(step - gap, 2),
            height=round(up * bar.count / most, 2),
            bar=bar,
        )
        for number, bar in enumerate(bars)
    ]


def scale_steps(most: int) -> list[int]:
    """Round numbers from 0 to at least ``most``, at most `TICKS_UP` steps apart."""
    rough = max(1, most) / TICKS_UP
    power = 10 ** max(0, math.floor(math.log10(rough)))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [step * number for number in range(math.ceil(max(1, most) / step) + 1)]


def short_count(count: int) -> str:
    """A round count, short enough for a phone: 950, 1.5k, 20k, 3M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:g}{letter}"
    return str(count)


def _ticks_across(bars: Sequence[Bar], across: float) -> list[Tick]:
    if not bars:
        return []
    step, every = across / len(bars), math.ceil(len(bars) / TICKS_ACROSS)
    return [
        Tick(round(LEFT + (number + 0.5) * step, 2), bars[number].short)
        for number in range(every // 2, len(bars), every)
    ]
