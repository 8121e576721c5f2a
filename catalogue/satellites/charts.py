"""The shares of crossed exposures laid out as bars with their errors, and as a table beside the published ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from catalogue.releases.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Block, Stacked, TableLine
from catalogue.releases.skymap import SkyMap, sky_map
from catalogue.satellites.counting import Counted
from catalogue.satellites.published import published_percent
from classify.charts import scale_steps
from ml.charts import Tick
from sky.satellites import Fraction

GAP = 4.0
ERROR_WIDTH = 1.5
TICK_WIDTH = 46


@dataclass(frozen=True, slots=True)
class Line:
    """A group of exposures as people read it; ``published`` is the paper's share of the same group, in per cent."""

    of: Fraction
    what: str
    percent: str
    chance: str
    published: str


def table_lines(counted: Counted) -> list[Line]:
    """The groups in the order of the table: everything, then each instrument with its filters and years."""
    return [
        Line(
            row,
            _what(row),
            _percent(row.fraction, row.fraction_sigma),
            _percent(row.chance, row.chance_sigma),
            _plain(published_percent(row.instrument, row.filter, row.year)),
        )
        for row in counted.table
    ]


def fraction_charts(counted: Counted) -> list[Stacked]:
    """For each instrument the shares by year and by filter, where there are exposures."""
    charts = []
    for instrument in dict.fromkeys(row.instrument for row in counted.table if row.instrument != "all"):
        rows = [row for row in counted.table if row.instrument == instrument]
        by_year = [(row.year, row) for row in rows if row.year != "all"]
        by_filter = [(row.filter, row) for row in rows if row.filter != "all"]
        key = "".join(letter for letter in instrument.lower() if letter.isalnum())
        charts += [
            _bars(f"{key}-years", _("%(instrument)s by year") % {"instrument": instrument}, _("Year"), by_year),
            _bars(f"{key}-filters", _("%(instrument)s by filter") % {"instrument": instrument}, _("Filter"), by_filter),
        ]
    return charts


def crossed_map(counted: Counted) -> SkyMap:
    """Where the crossed exposures looked."""
    return sky_map([(place.ra_deg, place.dec_deg, "crossed", place.name) for place in counted.crossed])


def _bars(key: str, title: str, axis: str, rows: Sequence[tuple[str, Fraction]]) -> Stacked:
    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    steps = scale_steps(ceil(min(100, max(_share_high(row) for _name, row in rows))))
    step, unit = (right - LEFT) / len(rows), (floor - TOP) / steps[-1]
    every = ceil(TICK_WIDTH / step)
    name, most = max(rows, key=lambda one: one[1].fraction)
    takeaway = _("Exposures that a satellite crosses, in per cent, with errors. The most: %(percent)s (%(name)s).")
    return Stacked(
        key=key,
        title=title,
        takeaway=takeaway % {"percent": _percent(most.fraction, most.fraction_sigma), "name": name},
        axis=axis,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        floor=floor,
        right=right,
        blocks=[block for at, one in enumerate(rows) for block in _bar(*one, LEFT + step * at, step, unit, floor)],
        x_ticks=[
            Tick(round(LEFT + step * (at + 0.5), 1), rows[at][0]) for at in range((every - 1) // 2, len(rows), every)
        ],
        y_ticks=[Tick(round(floor - unit * value, 1), f"{value} %") for value in steps],
        lines=[TableLine(name, _cells(row)) for name, row in rows],
        groups=[("exposures", _("exposures")), ("crossed", _("crossed")), ("percent", _("per cent"))],
        legend=False,
    )


def _bar(name: str, row: Fraction, left: float, step: float, unit: float, floor: float) -> list[Block]:
    if not row.crossed:
        return []
    height = 100 * row.fraction * unit
    low, high = max(0.0, 2 * height - _share_high(row) * unit), min(100.0, _share_high(row)) * unit
    label = f"{name}: {_percent(row.fraction, row.fraction_sigma)}"
    gap = min(GAP, step / 4)
    middle = left + step / 2 - ERROR_WIDTH / 2
    return [
        Block(
            round(left + gap / 2, 1), round(floor - height, 1), round(step - gap, 1), round(height, 1), "crossed", label
        ),
        Block(round(middle, 1), round(floor - high, 1), ERROR_WIDTH, round(high - low, 1), "error", label),
    ]


def _share_high(row: Fraction) -> float:
    """The upper end of a share's error, per cent."""
    return 100 * (row.fraction + row.fraction_sigma)


def _cells(row: Fraction) -> list[int | str]:
    return [row.exposures, row.crossed, _percent(row.fraction, row.fraction_sigma)]


def _what(row: Fraction) -> str:
    if row.instrument == "all":
        return _("All exposures")
    return " ".join(part for part in (row.instrument, row.filter, row.year) if part != "all")


def _percent(share: float, sigma: float) -> str:
    return f"{_two_digits(100 * share)} ± {_two_digits(100 * sigma)} %"


def _plain(percent: float | None) -> str:
    return "" if percent is None else f"{_two_digits(percent)} %"


def _two_digits(value: float) -> str:
    return number_format(f"{value:.2f}", 2)  # of a number it would cut digits off
