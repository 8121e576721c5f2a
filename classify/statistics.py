"""Reads for the public statistics. Votes come from hourly counters: no page ever counts the votes themselves.

All hours, days, weeks (from Monday), months and years are those of UTC.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Trunc, TruncDate
from django.utils import timezone

from accounts.models import Volunteer
from classify.completion import Completion, completion
from classify.models import Classification, Consensus, HourlyCount, Workflow

PERIODS = ("hour", "day", "week", "month", "year")
KEPT_S = 600
"""Figures that need more than counters are at most so old."""
PACE_DAYS = 14
BY_PEOPLE = [Consensus.Reason.NO, Consensus.Reason.YES, Consensus.Reason.UNSURE, Consensus.Reason.COUNT]
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class PeriodCount:
    """How many classifications came in a period that begins then."""

    start: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first to the last, both included, in steps of a period."""

    period: str
    first: date
    last: date

    @property
    def hours(self) -> tuple[datetime, datetime]:
        """The first hour, and the one after the last."""
        return midnight(self.first), midnight(self.last + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class People:
    """How many people answered, ever and in the last seven days."""

    total: int
    week: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a workflow is, and when it may be done."""

    workflow: Workflow
    subjects: int
    retired: int
    estimate: Completion | None

    @property
    def share(self) -> float:
        return self.retired / self.subjects if self.subjects else 0.0

    @property
    def remaining(self) -> int:
        return max(0, self.subjects - self.retired)

    @property
    def earliest(self) -> date | None:
        return today() + timedelta(days=math.floor(self.estimate.least_days)) if self.estimate else None

    @property
    def latest(self) -> date | None:
        days = self.estimate.most_days if self.estimate else None
        return None if days is None else today() + timedelta(days=math.ceil(days))


def today() -> date:
    """The day it is in UTC."""
    return timezone.now().astimezone(UTC).date()


def midnight(day: date) -> datetime:
    """When a day begins in UTC."""
    return datetime.combine(day, time(), UTC)


def kept(key: str, make: Callable[[], Kept], *, timeout: int = KEPT_S) -> Kept:
    """What the cache keeps under a key, made if there is nothing."""
    found: Kept | None = cache.get(f"statistics:{key}")
    if found is None:
        found = make()
        cache.set(f"statistics:{key}", found, timeout)
    return found


def workflows_shown() -> list[Workflow]:
    """The workflows whose figures are public: of live projects, open or not."""
    rows = Workflow.objects.filter(project__live=True).select_related("project").defer("crowd")
    return list(rows.order_by("-active", "pk"))


def _hours(workflow: Workflow | None) -> QuerySet[HourlyCount]:
    if workflow:
        return HourlyCount.objects.filter(workflow=workflow)
    return HourlyCount.objects.filter(workflow__project__live=True)


def period_counts(span: Span, workflow: Workflow | None = None) -> list[PeriodCount]:
    """Classifications of each period in which there were any, in order."""
    first, end = span.hours
    rows = _hours(workflow).filter(hour__gte=first, hour__lt=end, classifications__gt=0)
    periods = rows.annotate(start=Trunc("hour", span.period, tzinfo=UTC)).values_list("start")
    return [PeriodCount(*row) for row in periods.annotate(count=Sum("classifications")).order_by("start")]


def filled(span: Span, counts: list[PeriodCount]) -> list[PeriodCount]:
    """The same with the periods between in which nothing came."""
    known = {one.start: one.count for one in counts}
    return [PeriodCount(start, known.get(start, 0)) for start in period_starts(span)]


def period_starts(span: Span) -> Iterator[datetime]:
    """When each period of a span begins; the first may begin before the span."""
    at, end = _period_start(span), span.hours[1]
    while at < end:
        yield at
        at = _period_after(at, span.period)


def _period_start(span: Span) -> datetime:
    day = span.first
    if span.period == "week":
        day -= timedelta(days=day.weekday())
    elif span.period in ("month", "year"):
        day = day.replace(day=1, month=1 if span.period == "year" else day.month)
    return midnight(day)


def _period_after(at: datetime, period: str) -> datetime:
    if period == "year":
        return at.replace(year=at.year + 1)
    if period == "month":
        return (at.replace(day=1) + timedelta(days=32)).replace(day=1)
    return at + {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[period]


def history(workflow: Workflow | None = None) -> list[tuple[date, int]]:
    """Classifications of each day since the first, days without any left out; at most a minute old."""

    def make() -> list[tuple[date, int]]:
        days = _hours(workflow).filter(classifications__gt=0).annotate(day=TruncDate("hour", tzinfo=UTC))
        return list(days.values_list("day").annotate(count=Sum("classifications")).order_by("day"))

    return kept(f"history:{workflow.pk if workflow else 'all'}", make, timeout=60)


def people(workflow: Workflow | None = None) -> People:
    """How many people answered; at most ten minutes old."""

    def make() -> People:
        recent = Classification.objects.filter(created_at__gte=timezone.now() - timedelta(days=7))
        if workflow is None:
            total = Volunteer.objects.filter(classifications_count__gt=0).count()
        else:
            recent = recent.filter(workflow=workflow)
            total = workflow.skills.count()  # everybody who answers gets one
        week = recent.aggregate(n=Count("volunteer", distinct=True))["n"]
        return People(max(total, week), week)

    return kept(f"people:{workflow.pk if workflow else 'all'}", make)


def progress(workflow: Workflow) -> Progress:
    """How far a workflow is; the pace is at most ten minutes old."""
    remaining = workflow.subjects_count - workflow.retired_count
    pace = kept(f"ended:{workflow.pk}:{today()}", lambda: _ended_per_day(workflow)) if remaining > 0 else []
    estimate = completion(pace, remaining) if workflow.active else None
    return Progress(workflow, workflow.subjects_count, workflow.retired_count, estimate)


def _ended_per_day(workflow: Workflow) -> list[int]:
    """How many subjects votes ended on each of the last whole days; days before the first vote do not count."""
    began = workflow.hours.order_by("hour").values_list("hour", flat=True).first()
    if began is None:
        return []
    first = max(today() - timedelta(days=PACE_DAYS), began.astimezone(UTC).date())
    rows = workflow.consensuses.filter(
        retired_at__gte=midnight(first), retired_at__lt=midnight(today()), retirement_reason__in=BY_PEOPLE
    )
    days = rows.annotate(day=TruncDate("retired_at", tzinfo=UTC)).values_list("day").annotate(n=Count("pk"))
    known = dict(days)
    return [known.get(first + timedelta(days=n), 0) for n in range((today() - first).days)]
