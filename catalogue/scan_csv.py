"""All figures of a scan as one CSV: a row per figure, so that any tool can draw them again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from catalogue.scan import FIELDS, prescreening, scan_counts, score_spread
from catalogue.scan_figures import Against, against_people, card_completeness
from jobs.cells import formula_safe
from ml.advice import Share
from ml.charts import LineChart
from ml.models import Model

COLUMNS = ("figure", "series", "at", "value", "low", "high", "of")
Row = tuple[object, ...]


def scan_csv(model: Model | None) -> Iterator[bytes]:
    """The figures in pieces of UTF-8, header first. ``low`` and ``high`` end 95 % intervals; shares are of ``of``.

    A histogram's ``at`` is the range's start, inclusive; its end is outside, but for 1.
    """
    job = prescreening(model)
    yield _lines([COLUMNS])
    yield _lines([("funnel", name, "", count) for name, count in asdict(scan_counts(model, job)).items()])
    if model is None:
        return
    yield _lines([("model", formula_safe(str(model)), "threshold", model.threshold)])
    for kind in FIELDS:
        yield _lines([("histogram", kind, bar.low, bar.count) for bar in score_spread(model, kind, job).bars])
    yield _lines(list(_people(against_people(model))))
    for chart in card_completeness(model):
        yield _lines(list(_drawn(chart)))


def _people(found: Against) -> Iterator[Row]:
    yield "people", "asteroids", "", found.asteroids
    yield "people", "others", "", found.others
    if found.drawn:
        yield _share("people-recall", "shown at random", "threshold", found.drawn)
    for level in found.levels:
        yield _share("people-precision", "all", level.threshold, level.precision)
        yield _share("people-recall", "all", level.threshold, level.recall)
    for chart in found.charts:
        if chart.key == "people-reliability":
            yield from _drawn(chart)


def _drawn(chart: LineChart) -> Iterator[Row]:
    for name, at, value, interval in chart.rows:
        low, _, high = interval.partition("–")
        yield chart.key, formula_safe(name), formula_safe(at), value, low, high


def _share(figure: str, series: str, at: object, share: Share) -> Row:
    if not share.of:
        return figure, series, at, "", "", "", 0
    return figure, series, at, f"{share.value:.4f}", f"{share.low:.4f}", f"{share.high:.4f}", share.of


def _lines(rows: list[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows((*row, *[""] * (len(COLUMNS) - len(row))) for row in rows)
    return text.getvalue().encode()
