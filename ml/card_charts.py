"""The charts of a model's card: how complete and pure it is, how honest its probabilities, how it learnt.

Cards come with models from anywhere: what is missing or of another shape is left out, never an error. Their
structure is in docs/reference/model.md.
"""

from __future__ import annotations

import math
from typing import Any

from django.utils.translation import gettext as _

from ml.charts import Axis, LineChart, Point, line_chart

TENTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
RATE_TICKS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
MOST_POINTS = 400
LARGEST = 1e9  # what is larger, or no number at all, is no figure


def card_charts(card: dict[str, Any]) -> list[LineChart]:
    """All charts that the card has numbers for."""
    figures, training = _part(card, "figures"), _part(card, "training")
    charts = _figure_charts(figures, "simulated", "")
    charts += _figure_charts(_part(figures, "real"), "real", _(", real backgrounds"))
    return [chart for chart in [*charts, *_training_charts(training)] if chart is not None]


def _figure_charts(figures: dict[str, Any], key: str, where: str) -> list[LineChart | None]:
    share = Axis(_("share of trails found"), 0, 1, TENTHS)
    return [
        _froc(_part(figures, "froc"), f"{key}-froc", where, share),
        _binned(figures, "snr", f"{key}-snr", _("Completeness by SNR") + where, _("SNR per ridge pixel"), share),
        _binned(figures, "length_px", f"{key}-length", _("Completeness by length") + where, _("length, px"), share),
        _precision_recall(figures, f"{key}-pr", where),
        _reliability(_part(figures, "reliability"), f"{key}-reliability", where),
    ]


def _froc(froc: dict[str, Any], key: str, where: str, share: Axis) -> LineChart | None:
    names = {"all": _("all trails"), "snr3": _("SNR 3 or more"), "snr5": _("SNR 5 or more")}
    lines = [(words, points) for name, words in names.items() if (points := _points(froc.get(name)))]
    rate = Axis(_("false detections per tile"), 0.01, 5.0, RATE_TICKS, log=True)
    return line_chart(key, _("Completeness against false detections") + where, rate, share, lines) if lines else None


def _binned(figures: dict[str, Any], what: str, key: str, title: str, words: str, share: Axis) -> LineChart | None:
    rates = _part(figures, f"completeness_by_{what}")
    lines: list[tuple[str, list[Point]]] = []
    names: list[str] = []
    for rate, rows in sorted(rates.items(), key=lambda item: _number(item[0])):
        sound = [row for row in rows if _is_row(row)] if isinstance(rows, list) else []
        names = names or [f"{row['from']:g}–{row['to']:g}" for row in sound]
        points = [
            (float(i), *(float(row[name]) for name in ("value", "low", "high")))
            for i, row in enumerate(sound[: len(names)])
            if row.get("of")
        ]
        lines.append((_("at %(rate)s false per tile") % {"rate": str(rate)[:8]}, points))
    if len(names) < 2:
        return None
    ranges = Axis(words, -0.5, len(names) - 0.5, range(len(names)), names=names)
    return line_chart(key, title, ranges, share, lines[:3])


def _number(text: str) -> float:
    """A rate's key as a number; the database keeps keys in an order of its own."""
    try:
        return float(text)
    except ValueError:
        return float("inf")


def _precision_recall(figures: dict[str, Any], key: str, where: str) -> LineChart | None:
    points = _points(figures.get("precision_recall"))
    if len(points) < 2:
        return None
    recall, precision = Axis(_("recall"), 0, 1, TENTHS), Axis(_("precision"), 0, 1, TENTHS)
    return line_chart(key, _("Precision and recall by tile") + where, recall, precision, [(_("asteroid"), points)])


def _reliability(found: dict[str, Any], key: str, where: str) -> LineChart | None:
    bins = found.get("bins")
    sound = [row for row in bins if _is_row(row, "mean")] if isinstance(bins, list) else []
    points = [tuple(float(row[name]) for name in ("mean", "value", "low", "high")) for row in sound]
    if len(points) < 2:
        return None
    said, true = Axis(_("probability that the model gives"), 0, 1, TENTHS), Axis(_("share that is true"), 0, 1, TENTHS)
    lines = [(_("asteroid"), points)]
    return line_chart(key, _("Are its probabilities true?") + where, said, true, lines, diagonal=True)


def _training_charts(training: dict[str, Any]) -> list[LineChart | None]:
    return [
        _course(training.get("curve"), "loss", _("The training: loss"), _("loss")),
        _course(training.get("checks"), "checks", _("The training: average precision"), _("on tiles set aside")),
    ]


def _course(found: Any, key: str, title: str, words: str) -> LineChart | None:
    points = _points(found)
    top = max((point[1] for point in points), default=0.0)
    if len(points) < 2 or top <= 0:
        return None
    step = 10 ** math.floor(math.log10(top))
    step = next(s for s in (step / 5, step / 2, step, 2 * step) if top / s <= 6)
    high = math.ceil(top / step) * step
    ticks = [step * i for i in range(round(high / step) + 1)]
    time = Axis(_("share of the training"), 0, 1, TENTHS)
    return line_chart(key, title, time, Axis(words, 0, high, ticks), [(words, points)])


def _points(found: Any) -> list[Point]:
    """Pairs, or fours with an interval, of numbers; nothing else."""
    rows = found[:MOST_POINTS] if isinstance(found, list) else []
    sound = [row for row in rows if isinstance(row, list | tuple) and len(row) in (2, 4) and all(map(_is_number, row))]
    return [tuple(float(value) for value in row) for row in sound]


def _is_row(row: Any, *names: str) -> bool:
    wanted = names or ("from", "to")
    return isinstance(row, dict) and all(_is_number(row.get(name)) for name in (*wanted, "value", "low", "high"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _part(card: Any, name: str) -> dict[str, Any]:
    part = card.get(name) if isinstance(card, dict) else None
    return part if isinstance(part, dict) else {}
