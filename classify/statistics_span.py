"""Which days a page of statistics shows, from what its address says; nonsense gives the usual days, not an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from classify.statistics import PeriodCount, Span, today

SHOWN = ("hour", "day", "week")
USUAL_DAYS = {"hour": 2, "day": 30, "week": 7 * 26}
MOST_DAYS = {"hour": 14, "day": 366, "week": 3660}
"""More bars than about 370 or 520 are no longer told apart."""
MOST_DAYS_API = {"hour": 366, "day": 3660, "week": 36600, "month": 36600, "year": 36600}
FIRST_DAY = date(1990, 4, 24)
"""Hubble's launch: nothing was classified before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page shows, and whether more days had been asked for than it can show."""

    span: Span
    shortened: bool = False


def day_of(given: str | None) -> date | None:
    """The day that a text like 2026-11-27 names; None when it names none."""
    try:
        found = date.fromisoformat((given or "").strip()[:10])
    except ValueError:
        return None
    return found if FIRST_DAY <= found <= today() + timedelta(days=1) else None


def asked(given: Mapping[str, str]) -> Asked:
    """The span that ``per``, ``from`` and ``to`` of an address mean."""
    period = given.get("per", "day")
    period = period if period in SHOWN else "day"
    last = min(day_of(given.get("to")) or today(), today())
    first = day_of(given.get("from")) or last - timedelta(days=USUAL_DAYS[period] - 1)
    if first > last:
        first, last = last, min(first, today())
    earliest = last - timedelta(days=MOST_DAYS[period] - 1)
    return Asked(Span(period, max(first, earliest), last), shortened=first < earliest)


def period_words(period: str, count: PeriodCount) -> str:
    """A period in full: “27 Nov 2026, 14:00” for an hour, the first day for a week."""
    if period == "hour":
        return date_format(count.start, "j M Y, H:i")
    if period == "week":
        return _("week from %(day)s") % {"day": date_format(count.start, "j M Y")}
    return date_format(count.start, "j M Y")


def period_short(period: str, count: PeriodCount, span: Span) -> str:
    """A period in short, as it stands under the chart."""
    if period == "hour":
        return date_format(count.start, "H:i" if (span.last - span.first).days < 2 else "j M H:i")
    return date_format(count.start, "j M" if (span.last - span.first).days < 300 else "M Y")
