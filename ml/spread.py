"""How a model's scores are spread here: a histogram, and the scores of before and since it settled in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.cache import cache
from django.db.models import BooleanField, Case, Count, F, FloatField, Func, IntegerField, Value, When

from jobs.models import Job, JobState
from ml.models import Activation, Model, Score
from ml.selectors import scored_at

BINS = 20
KEPT_S = 60
DRIFT_EDGES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9)
"""Most scores are small: equal bins would see nothing move."""
EDGES = tuple(sorted({*DRIFT_EDGES, *(i / BINS for i in range(1, BINS))}))


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram: from (inclusive) to (exclusive, but for 1), and how many scores."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """How a model's scores are spread here.

    ``before`` and ``since`` count them between `DRIFT_EDGES`: those from its settling in, and later ones.
    """

    bars: list[Bar]
    above_threshold: int
    before: list[int]
    since: list[int]

    @property
    def total(self) -> int:
        return sum(bar.count for bar in self.bars)


def score_counts(model: Model) -> ScoreCounts:
    """How often this installation's cutouts got which p_asteroid; at most a minute old (it reads every score)."""
    key = f"ml:spread:{model.pk}:{model.threshold}:{scored_at()}".replace(" ", "_")
    counts: Any = cache.get_or_set(key, lambda: _counts(model), KEPT_S)
    return counts


def settled_at(model: Model) -> datetime | None:
    """When a model had scored everything there was after it was put to work last; None before that."""
    activation = Activation.objects.filter(model=model).order_by("-created_at", "-pk").first()
    if activation is None:
        return None
    jobs = Job.objects.filter(
        kind="prescreen", state=JobState.DONE, arguments={"model": model.pk}, finished_at__gte=activation.created_at
    )
    return jobs.order_by("finished_at").values_list("finished_at", flat=True).first()


def _counts(model: Model) -> ScoreCounts:
    scores = Score.objects.filter(model=model).order_by()
    settled = settled_at(model)
    edges = Value(list(EDGES), output_field=ArrayField(FloatField()))
    place = Func(F("p_asteroid"), edges, function="width_bucket", output_field=IntegerField())
    late: Any = Value(False)
    if settled is not None:
        late = Case(When(created_at__gt=settled, then=True), default=False, output_field=BooleanField())
    rows = scores.values(place=place, late=late).annotate(count=Count("pk"))
    fine = {False: [0] * (len(EDGES) + 1), True: [0] * (len(EDGES) + 1)}
    for row in rows:
        fine[row["late"]][row["place"]] = row["count"]
    both = [a + b for a, b in zip(fine[False], fine[True], strict=True)]
    bars = _merged(both, [i / BINS for i in range(1, BINS)])
    return ScoreCounts(
        bars=[Bar(i / BINS, (i + 1) / BINS, count) for i, count in enumerate(bars)],
        above_threshold=scores.filter(p_asteroid__gte=model.threshold).count(),
        before=_merged(fine[False], DRIFT_EDGES) if settled else [],
        since=_merged(fine[True], DRIFT_EDGES) if settled else [],
    )


def _merged(fine: list[int], edges: list[float] | tuple[float, ...]) -> list[int]:
    """Counts between `EDGES` as counts between some of them."""
    counts = [0] * (len(edges) + 1)
    lows = (0.0, *EDGES)
    for low, count in zip(lows, fine, strict=True):
        counts[sum(low >= edge for edge in edges)] += count
    return counts
