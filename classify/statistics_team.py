"""How people answer, for the team: over the newest votes of a workflow, however many there are."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Case, Count, F, FloatField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Greatest
from django.utils.translation import gettext as _

from classify.models import ANSWER_VALUES, Classification, Consensus, Workflow
from classify.statistics import kept

NEWEST = 20_000
"""So many votes are looked at."""
LONGEST_S = 3 * 3600
"""A time per answer is cut here, as on Zooniverse: the page lay open."""
TRAINING_AT_LEAST = 5
PHONE_BELOW, TABLET_BELOW = 600, 1000
TIME_EDGES = (1, 2, 4, 8, 15, 30, 60, 120, 300)
SHARE_EDGES = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a distribution: how many, and which share of all."""

    label: str
    count: int
    of: int

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 0.0

    @property
    def width(self) -> float:
        """Of a bar 100 long."""
        return round(100 * self.share, 1)


@dataclass(frozen=True, slots=True)
class Device:
    """What came from windows of one size."""

    label: str
    votes: int
    of: int
    people: int
    median_s: float
    yes: int

    @property
    def share(self) -> float:
        return self.votes / self.of if self.of else 0.0

    @property
    def yes_share(self) -> float:
        return self.yes / self.votes if self.votes else 0.0

    @property
    def per_hour(self) -> float:
        """Answers in an hour of looking at this median time each."""
        return 3600 / self.median_s if self.median_s else 0.0


@dataclass(frozen=True, slots=True)
class TeamFigures:
    """All figures of the page."""

    votes: int = 0
    since: datetime | None = None
    until: datetime | None = None
    devices: list[Device] = field(default_factory=list)
    times: list[Row] = field(default_factory=list)
    median_s: float = 0.0
    ninth_s: float = 0.0
    answers: list[Row] = field(default_factory=list)
    aside: list[Row] = field(default_factory=list)
    agreement: list[Row] = field(default_factory=list)
    training: list[Row] = field(default_factory=list)
    reasons: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Vote:
    volunteer_id: int
    answer: str
    set_aside: str
    seconds: float
    device: str
    created_at: datetime


def team_figures(workflow: Workflow) -> TeamFigures:
    """The figures of one workflow, by four queries; the one on all subjects is kept for ten minutes."""
    votes = _newest(workflow)
    without = TeamFigures(training=_training(workflow), reasons=_reasons(workflow))
    if not votes:
        return without
    seconds = sorted(vote.seconds for vote in votes)
    labels = {answer["value"]: answer["label"] for answer in workflow.answers}
    answers = Counter(vote.answer for vote in votes)
    aside = Counter(vote.set_aside for vote in votes)
    reasons = [(str(word), value) for value, word in Classification.SetAside.choices]
    return replace(
        without,
        votes=len(votes),
        since=votes[-1].created_at,
        until=votes[0].created_at,
        devices=_devices(votes),
        times=_histogram(seconds, TIME_EDGES, _time_words()),
        median_s=statistics.median(seconds),
        ninth_s=seconds[min(len(seconds) - 1, int(0.9 * len(seconds)))],
        answers=_rows([(labels.get(value, value), answers[value]) for value in ANSWER_VALUES if answers[value]]),
        aside=_rows([(_("counted"), aside[""])] + [(word, aside[value]) for word, value in reasons]),
        agreement=_agreement(workflow),
    )


def _newest(workflow: Workflow) -> list[_Vote]:
    rows = Classification.objects.filter(workflow=workflow).order_by("-pk").annotate(
        width=KT("metadata__viewport__width")
    )  # fmt: skip
    found = rows.values_list("volunteer_id", "answer", "set_aside", "started_at", "finished_at", "width", "created_at")
    return [
        _Vote(who, answer, aside, min((end - start).total_seconds(), LONGEST_S), device_of(width), created)
        for who, answer, aside, start, end, width, created in found[:NEWEST]
    ]


def device_of(width: str | None) -> str:
    """The kind of device that a window's width in CSS pixels speaks for."""
    try:
        pixels = float(width or "")
    except ValueError:
        return "unknown"
    if not 0 < pixels < 100_000:
        return "unknown"
    return "phone" if pixels < PHONE_BELOW else "tablet" if pixels < TABLET_BELOW else "computer"


def _device_words() -> dict[str, str]:
    return {
        "phone": _("phone (narrower than 600 px)"),
        "tablet": _("tablet (narrower than 1000 px)"),
        "computer": _("computer (1000 px and wider)"),
        "unknown": _("not told"),
    }


def _devices(votes: Sequence[_Vote]) -> list[Device]:
    groups: dict[str, list[_Vote]] = defaultdict(list)
    for vote in votes:
        groups[vote.device].append(vote)
    return [
        Device(
            label=words,
            votes=len(group),
            of=len(votes),
            people=len({vote.volunteer_id for vote in group}),
            median_s=statistics.median(vote.seconds for vote in group),
            yes=sum(vote.answer == "yes" for vote in group),
        )
        for device, words in _device_words().items()
        if (group := groups.get(device))
    ]


def _rows(counts: Iterable[tuple[str, int]]) -> list[Row]:
    found = list(counts)
    total = sum(count for _label, count in found)
    return [Row(label, count, total) for label, count in found]


def _histogram(values: Iterable[float], edges: Sequence[float], words: Sequence[str]) -> list[Row]:
    """How many values lie under the first edge, between each two (the lower included), and from the last on."""
    counts = Counter(sum(value >= edge for edge in edges) for value in values)
    return _rows([(word, counts[number]) for number, word in enumerate(words)]) if counts else []


def _time_words() -> list[str]:
    ranges = [f"{low}–{high} s" for low, high in zip(TIME_EDGES[:6], TIME_EDGES[1:7], strict=True)]
    return [_("under 1 s"), *ranges, _("1–2 min"), _("2–5 min"), _("5 min and more")]


def _share_words() -> list[str]:
    ranges = [f"{low:.0%}–{high:.0%}" for low, high in zip(SHARE_EDGES, (*SHARE_EDGES[1:], 1.0), strict=True)]
    return [_("under 50%"), *ranges]


def _agreement(workflow: Workflow) -> list[Row]:
    """Of decided subjects among the newest votes: the share of their votes that gave the commonest answer."""
    newest = Classification.objects.filter(workflow=workflow).order_by("-pk").values("subject_id")[:NEWEST]
    votes = F("votes_yes") + F("votes_no") + F("votes_unsure")
    rows = (
        Consensus.objects.filter(workflow=workflow, state=Consensus.State.RETIRED)
        .annotate(votes_all=votes, agreed=Greatest("votes_yes", "votes_no", "votes_unsure"))
        .filter(subject_id__in=newest, votes_all__gte=2)
    )
    shares = rows.annotate(part=Cast("agreed", FloatField()) / Cast("votes_all", FloatField()))
    return _histogram(shares.values_list("part", flat=True), SHARE_EDGES, _share_words())


def _training(workflow: Workflow) -> list[Row]:
    """Of people who met a few training subjects: the share they answered rightly. Each person is one."""
    people = workflow.skills.filter(training_seen__gte=TRAINING_AT_LEAST)
    part = people.annotate(part=Cast("training_right", FloatField()) / Cast("training_seen", FloatField()))
    bins = [When(part__lt=edge, then=Value(number)) for number, edge in enumerate(SHARE_EDGES)]
    counted = part.annotate(bin=Case(*bins, default=Value(len(SHARE_EDGES)))).values_list("bin")
    counts = dict(counted.annotate(n=Count("pk")))
    words = _share_words()
    return _rows([(word, counts.get(number, 0)) for number, word in enumerate(words)]) if counts else []


def _reasons(workflow: Workflow) -> list[Row]:
    """Why subjects retired, all of them; at most ten minutes old."""

    def make() -> dict[str, int]:
        rows = workflow.consensuses.filter(state=Consensus.State.RETIRED).values_list("retirement_reason")
        return dict(rows.annotate(n=Count("pk")))

    counts = kept(f"reasons:{workflow.pk}", make)
    words = [(str(word), counts.get(value, 0)) for value, word in Consensus.Reason.choices]
    return _rows([(word, count) for word, count in words if count])
