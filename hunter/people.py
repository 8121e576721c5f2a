"""Reads about one person: their numbers, discoveries, answers and favourites, gathered from all rooms."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, Prefetch, Sum, Value
from django.db.models.fields import DurationField
from django.db.models.functions import Least, TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User, Volunteer
from catalogue.models import Candidate, CandidateSubject
from classify import statistics
from classify.models import YES, Classification, Project
from classify.statistics import PeriodCount, Span, filled, midnight
from classify.texts import workflow_texts
from jobs.paging import Page, keyset_page

LONGEST_ANSWER = timedelta(minutes=5)
"""Of a longer time no more counts: the page lay open meanwhile."""
KEPT_S = 3600
RECENT, FAVOURITES, DISCOVERIES = 12, 12, 12
CHART_WEEKS = 26


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a person has done."""

    by_day: list[tuple[date, int]] = field(default_factory=list)
    seconds: float = 0.0
    training_seen: int = 0
    training_right: int = 0

    @property
    def classifications(self) -> int:
        return sum(count for _day, count in self.by_day)

    @property
    def hours(self) -> float:
        return self.seconds / 3600

    @property
    def minutes(self) -> int:
        return round(self.seconds / 60)

    @property
    def days(self) -> int:
        return len(self.by_day)

    @property
    def first(self) -> date | None:
        return self.by_day[0][0] if self.by_day else None

    @property
    def last(self) -> date | None:
        return self.by_day[-1][0] if self.by_day else None


@dataclass(frozen=True, slots=True)
class Discoveries:
    """Confirmed trails that a person said yes to: how many, and the newest of them."""

    count: int = 0
    newest: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the person's own answers, in the words of its button."""

    classification: Classification
    label: str


def numbers_of(volunteer: Volunteer | None) -> Numbers:
    """A person's numbers. Their votes are counted anew only after the next one (days are those of UTC)."""
    if volunteer is None:
        return Numbers()
    newest = Classification.objects.filter(volunteer=volunteer).order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        return Numbers()
    by_day, seconds = statistics.kept(
        f"person:{volunteer.pk}:{newest}", lambda: _days_of(volunteer), timeout=KEPT_S
    )  # fmt: skip
    training = volunteer.skills.aggregate(seen=Sum("training_seen"), right=Sum("training_right"))
    return Numbers(by_day, seconds, training["seen"] or 0, training["right"] or 0)


def _days_of(volunteer: Volunteer) -> tuple[list[tuple[date, int]], float]:
    took = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    rows = Classification.objects.filter(volunteer=volunteer).exclude(set_aside=Classification.SetAside.UNDONE)
    days = rows.annotate(day=TruncDate("created_at", tzinfo=UTC)).values("day").order_by("day")
    found = days.annotate(count=Count("pk"), time=Sum(Least(took, Value(LONGEST_ANSWER), output_field=DurationField())))
    listed = list(found.values_list("day", "count", "time"))
    return [(day, count) for day, count, _time in listed], sum(time.total_seconds() for *_rest, time in listed)


def weeks_of(numbers: Numbers) -> tuple[Span, list[PeriodCount]] | None:
    """The last half year's classifications by the week, from the first vote on; None before it."""
    last = statistics.today()
    since = last - timedelta(weeks=CHART_WEEKS - 1)
    days = [(day, count) for day, count in numbers.by_day if day >= since]
    if not days or numbers.first is None:
        return None
    span = Span("week", max(since, min(numbers.first, last - timedelta(weeks=3))), last)
    weeks: dict[datetime, int] = {}
    for day, count in days:
        monday = midnight(day - timedelta(days=day.weekday()))
        weeks[monday] = weeks.get(monday, 0) + count
    return span, filled(span, [PeriodCount(monday, count) for monday, count in sorted(weeks.items())])


def encouragement(numbers: Numbers) -> str:
    """A kind word that asks for nothing: no streaks, no ranks."""
    count = numbers.classifications
    if count == 0:
        return _("Your first image is waiting. You need to know nothing about the sky to begin.")
    if count < 10:
        return _("A good beginning. Every look helps, also at an image with nothing in it.")
    if count < 100:
        return _("Most images are empty. Saying so is what lets the team look where something is.")
    if count < 1000:
        return _("Your eyes have gone over a good piece of Hubble's archive. Thank you.")
    return _("You know these images by now as few people do. Thank you for all this time.")


def discoveries_of(volunteer: Volunteer | None, *, limit: int = DISCOVERIES) -> Discoveries:
    """Trails that the team accepted, on images where this person's counted answer was yes; the newest first."""
    if volunteer is None:
        return Discoveries()
    yes = Classification.objects.filter(
        volunteer=volunteer, subject=OuterRef("subject"), answer=YES, counted=True
    )  # fmt: skip
    mine = CandidateSubject.objects.filter(Exists(yes))
    found = Candidate.objects.filter(state=Candidate.State.ACCEPTED).filter(
        Exists(mine.filter(candidate=OuterRef("pk")))
    )
    rows = found.select_related("exposure__observation").defer("exposure__wcs").order_by("-updated_at", "pk")
    links = Prefetch("links", mine.select_related("subject__cutout").order_by("pk"), to_attr="mine")
    newest = list(rows.prefetch_related(links)[:limit])
    count = len(newest) if len(newest) < limit else found.count()
    return Discoveries(count, [_discovery(one) for one in newest])


def _discovery(candidate: Any) -> dict[str, Any]:
    what, subject = candidate.get_trail_class_display(), candidate.mine[0].subject
    observation = candidate.exposure.observation
    return {
        "image_url": reverse("archive:image", args=[subject.cutout.public_id]) if subject.cutout else "",
        "alt": _("Hubble image with a trail: %(what)s") % {"what": what},
        "caption": f"{what} · {observation.name}",
        "url": reverse("talk:subject", args=[subject.pk]),
        "simulated": observation.simulated,
    }


def answers_of(volunteer: Volunteer | None, *, at: str = "") -> tuple[Page[Classification], list[Answer]]:
    """One page of the person's own answers, the newest first."""
    rows = Classification.objects.filter(volunteer=volunteer) if volunteer else Classification.objects.none()
    shown = rows.select_related("workflow", "subject__cutout").defer("metadata", "annotations", "subject__metadata")
    page = keyset_page(shown, at=at, size=RECENT)
    return page, [Answer(row, _label(row)) for row in page.rows]


def _label(row: Classification) -> str:
    answers = workflow_texts(row.workflow).answers
    return next((str(one["label"]) for one in answers if one["value"] == row.answer), row.answer)


def projects_of(volunteer: Volunteer) -> list[str]:
    """The names of the projects a person has answered in."""
    rows = Project.objects.filter(workflows__classifications__volunteer=volunteer).distinct().order_by("pk")
    return list(rows.values_list("name", flat=True)[:3])


def profile_of(username: str) -> User | None:
    """The account whose owner lets everybody see its numbers, or None."""
    return User.objects.filter(username=username, public_profile=True, is_active=True, left_at=None).first()
