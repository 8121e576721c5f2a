"""Classifications over time as pictures, with the words that go with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classify import statistics
from classify.charts import LEFT, STRIP_HEIGHT, WIDTH, Bar, BarChart, bar_chart, columns
from classify.models import Workflow
from classify.statistics import PeriodCount, Span
from classify.statistics_span import Asked, period_short, period_words


def activity_chart(span: Span, counts: list[PeriodCount]) -> BarChart:
    """Classifications per period as bars, and what they say in a sentence."""
    bars = [Bar(period_words(span.period, one), period_short(span.period, one, span), one.count) for one in counts]
    titles = {
        "hour": _("Classifications per hour"),
        "day": _("Classifications per day"),
        "week": _("Classifications per week"),
    }
    return bar_chart(
        "activity", titles[span.period], _takeaway(span, bars), bars,
        label_words=_("Begins (UTC)"), count_words=_("Classifications"),
    )  # fmt: skip


def _takeaway(span: Span, bars: list[Bar]) -> str:
    total, most = sum(bar.count for bar in bars), max(bars, key=lambda bar: bar.count)
    days = {"first": date_format(span.first, "j M Y"), "last": date_format(span.last, "j M Y")}
    if not total:
        return _("No classifications from %(first)s to %(last)s.") % days
    said = ngettext(
        "%(total)s classification from %(first)s to %(last)s.",
        "%(total)s classifications from %(first)s to %(last)s.",
        total,
    ) % {"total": number_format(total, use_l10n=True, force_grouping=True), **days}
    top = _("The most: %(count)s (%(when)s).") % {
        "count": number_format(most.count, use_l10n=True, force_grouping=True),
        "when": most.label,
    }
    return f"{said} {top}"


def history_strip(shown: Asked, found: Workflow | None) -> dict[str, Any] | None:
    """The whole time since the first vote, small, with the days shown in it marked; None when there is none."""
    days = statistics.history(found)
    if not days:
        return None
    first, last = min(days[0][0], shown.span.first), statistics.today()
    length = (last - first).days + 1
    per_bar = max(1, -(-length // 200))
    tallied = [0] * -(-length // per_bar)
    for day, count in days:
        if day <= last:
            tallied[(day - first).days // per_bar] += count
    scale = (WIDTH - 12 - LEFT) / length
    right = WIDTH - 12
    bars = columns(
        [Bar("", "", count) for count in tallied], left=LEFT, across=scale * per_bar * len(tallied),
        floor=STRIP_HEIGHT, up=STRIP_HEIGHT - 8, most=max(1, *tallied),
    )  # fmt: skip
    bars[-1] = replace(bars[-1], width=round(max(0.5, min(bars[-1].width, right - bars[-1].x)), 2))
    return {
        "first": first, "last": last, "columns": bars, "width": WIDTH, "height": STRIP_HEIGHT, "left": LEFT,
        "right": right, "from_x": round(LEFT + (shown.span.first - first).days * scale, 2),
        "window": round(((shown.span.last - shown.span.first).days + 1) * scale, 2),
    }  # fmt: skip
