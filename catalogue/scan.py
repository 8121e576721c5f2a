"""The scan of the archive in figures: from observations to the catalogue, and how the scores are spread.

Counting six hundred thousand cutouts takes parts of a second: counts are kept for a while, the longer the more
they cost, and are made anew when a pre-screening begins or ends.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Count, F, FloatField, Func, IntegerField, Value
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from archive.models import Cutout, Exposure, Observation
from catalogue.models import Candidate, TrailClass
from jobs.models import Job
from jobs.selectors import job_pace
from ml.models import Model, Score
from ml.services import PRESCREEN
from ml.spread import Bar, ScoreCounts

KEPT_S = 30.0
KEPT_TIMES = 50
"""Counts are kept for so many times what counting took, but at least `KEPT_S`."""
BINS = 10
FIELDS = {"asteroid": "p_asteroid", "satellite": "p_satellite", "arc": "p_arc"}
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is at each step. ``decided`` of the candidates are accepted or rejected."""

    observations: int = 0
    exposures: int = 0
    cutouts: int = 0
    scored: int = 0
    above: int = 0
    candidates: int = 0
    by_model: int = 0
    accepted: int = 0
    rejected: int = 0
    asteroids: int = 0

    @property
    def decided(self) -> int:
        return self.accepted + self.rejected


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel. ``share`` of the step before it (None: it is no part of that), ``bar`` from 0 to 100."""

    key: str
    words: str
    count: int
    bar: float
    share: float | None = None
    note: str = ""

    @property
    def share_words(self) -> str:
        """The share in per cent with three digits that count."""
        return "" if self.share is None else f"{100 * self.share:.3g} %"


@dataclass(frozen=True, slots=True)
class Progress:
    """The pre-screening that runs now: items per second and time left, as far as they are known."""

    job: Job
    rate: float | None
    left: timedelta | None


def kept(key: str, make: Callable[[], Kept]) -> Kept:
    """What is kept under a key of the cache, made if there is nothing."""
    found: Kept | None = cache.get(f"catalogue:scan:{key}")
    if found is None:
        began = time.monotonic()
        found = make()
        cache.set(f"catalogue:scan:{key}", found, max(KEPT_S, KEPT_TIMES * (time.monotonic() - began)))
    return found


def prescreening(model: Model | None) -> Job | None:
    """The newest pre-screening with this model, over or not."""
    if model is None:
        return None
    return Job.objects.filter(kind=PRESCREEN, arguments__model=model.pk).order_by("-created_at").first()


def scan_progress(job: Job | None) -> Progress | None:
    """How a pre-screening goes on; None when it is over."""
    return Progress(job, *job_pace(job)) if job is not None and job.is_open else None


def scan_counts(model: Model | None, job: Job | None = None) -> Counts:
    """Everything that is counted; scores are the given model's, ``job`` is its newest pre-screening."""
    return kept(f"counts:{_state(model, job)}", lambda: _counts(model))


def funnel(counts: Counts) -> list[Step]:
    """The steps in words. Bars are logarithmic: one trail is found in hundreds of cutouts."""
    most = math.log10(1 + max(counts.cutouts, counts.candidates, 1))
    sources = _("%(model)d by the model, %(people)d by volunteers") % {
        "model": counts.by_model, "people": counts.candidates - counts.by_model
    }  # fmt: skip
    decisions = _("%(accepted)d accepted, %(rejected)d rejected") % {
        "accepted": counts.accepted, "rejected": counts.rejected
    }  # fmt: skip
    asteroids = ngettext("%(n)d asteroid", "%(n)d asteroids", counts.asteroids) % {"n": counts.asteroids}

    def step(key: str, words: str, count: int, of: int | None = None, note: str = "") -> Step:
        share = None if of is None else count / of if of else 0.0
        return Step(key, words, count, round(100 * math.log10(1 + count) / most, 1), share, note)

    return [
        step("observations", _("Observations"), counts.observations),
        step("exposures", _("Exposures"), counts.exposures),
        step("cutouts", _("Cutouts"), counts.cutouts),
        step("scored", _("Scored"), counts.scored, counts.cutouts),
        step("above", _("Above the threshold"), counts.above, counts.scored),
        step("candidates", _("Candidates"), counts.candidates, note=sources),
        step("validated", _("Validated"), counts.decided, counts.candidates, decisions),
        step("catalogue", _("In the catalogue"), counts.accepted, counts.decided, asteroids),
    ]


def score_spread(model: Model, kind: str, job: Job | None = None) -> ScoreCounts:
    """How often the model's probability of a class (asteroid, satellite, arc) lies in which tenth.

    Empty where the model does not know the class.
    """
    return kept(f"spread:{kind}:{_state(model, job)}", lambda: _spread(model, FIELDS[kind]))


def _state(model: Model | None, job: Job | None) -> str:
    """What changes with the model, its threshold, and when a pre-screening begins or ends."""
    by = f"{model.pk}:{model.threshold}" if model else "none"
    return f"{by}:{job.pk}:{job.state}" if job else by


def _counts(model: Model | None) -> Counts:
    scores = Score.objects.filter(model=model) if model else Score.objects.none()
    states: Counter[str] = Counter()
    rows = Candidate.objects.values_list("state", "source", "trail_class").annotate(n=Count("pk")).order_by()
    for state, source, trail_class, number in rows:
        states[state] += number
        states["all"] += number
        states[source] += number
        if (state, trail_class) == (Candidate.State.ACCEPTED, TrailClass.ASTEROID):
            states["asteroids"] += number
    return Counts(
        observations=Observation.objects.count(),
        exposures=Exposure.objects.count(),
        cutouts=Cutout.objects.count(),
        scored=scores.count(),
        above=scores.filter(p_asteroid__gte=model.threshold).count() if model else 0,
        candidates=states["all"],
        by_model=states[Candidate.Source.MODEL],
        accepted=states[Candidate.State.ACCEPTED],
        rejected=states[Candidate.State.REJECTED],
        asteroids=states["asteroids"],
    )


def _spread(model: Model, field: str) -> ScoreCounts:
    scores = Score.objects.filter(model=model, **{f"{field}__isnull": False}).order_by()
    bounds = (Value(0.0, output_field=FloatField()), Value(1.0, output_field=FloatField()), Value(BINS))
    tenth = Func(F(field), *bounds, function="width_bucket", output_field=IntegerField())
    counts = [0] * BINS
    for row in scores.values(tenth=tenth).annotate(count=Count("pk")):
        counts[min(row["tenth"], BINS) - 1] += row["count"]  # 1 itself is past the last
    return ScoreCounts(
        bars=[Bar(i / BINS, (i + 1) / BINS, count) for i, count in enumerate(counts)],
        above_threshold=scores.filter(**{f"{field}__gte": model.threshold}).count(),
        before=[],
        since=[],
    )
