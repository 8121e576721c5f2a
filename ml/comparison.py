"""Two models on the same cutouts: where they agree, which is nearer to what people decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.core.cache import cache
from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Abs
from numpy.typing import NDArray

from ml.advice import Share
from ml.evaluation.measures import average_precision
from ml.labels import labels_that_count
from ml.models import Model, Score, TrainingLabel
from ml.selectors import scored_at

KEPT_S = 300
LARGEST_SHOWN = 24
LABELS_AT_MOST = 20_000
DRAWS = 200
LEAST_POSITIVES = 2
Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often both models, each at its own threshold, say the same of the cutouts that both scored."""

    both: int = 0
    neither: int = 0
    only_first: int = 0
    only_second: int = 0

    @property
    def total(self) -> int:
        return self.both + self.neither + self.only_first + self.only_second

    @property
    def share(self) -> Share:
        return Share(self.both + self.neither, self.total)


@dataclass(frozen=True, slots=True)
class Judged:
    """One model against people's labels, at its threshold. ``ap``: average precision with its 95 % interval."""

    precision: Share
    recall: Share
    ap: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A cutout on which the two differ, and by how much."""

    score: Score
    other: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything of the page but the cards."""

    agreement: Agreement
    labels: int = 0
    asteroids: int = 0
    first: Judged | None = None
    second: Judged | None = None
    ap_difference: tuple[float, float, float] | None = None
    differences: list[Difference] = field(default_factory=list)


def comparison(first: Model, second: Model) -> Comparison:
    """Compare two models on all cutouts that both scored; at most five minutes old (it reads all their scores)."""
    key = f"ml:compare:{first.pk}:{first.threshold}:{second.pk}:{second.threshold}:{scored_at()}".replace(" ", "_")
    made: Any = cache.get_or_set(key, lambda: _comparison(first, second), KEPT_S)
    return made


def _comparison(first: Model, second: Model) -> Comparison:
    agreement = _agreement(first, second)
    if not agreement.total:
        return Comparison(agreement)
    truth, scores = _against_people(first, second)
    return Comparison(
        agreement=agreement,
        labels=int(truth.size),
        asteroids=int(truth.sum()),
        first=judged(scores[:, 0], truth, first.threshold) if truth.size else None,
        second=judged(scores[:, 1], truth, second.threshold) if truth.size else None,
        ap_difference=ap_difference(scores[:, 0], scores[:, 1], truth),
        differences=_differences(first, second),
    )


def _shared(first: Model, second: Model) -> Any:
    """Scores of the first model, each with the second's of the same cutout; those without one are left out."""
    return Score.objects.filter(model=first, cutout__scores__model=second).annotate(
        other=F("cutout__scores__p_asteroid")
    )


def _agreement(first: Model, second: Model) -> Agreement:
    def flag(condition: Q) -> Case:
        return Case(When(condition, then=Value(True)), default=Value(False))

    rows = (
        _shared(first, second)
        .order_by()
        .values(one=flag(Q(p_asteroid__gte=first.threshold)), two=flag(Q(other__gte=second.threshold)))
        .annotate(n=Count("pk"))
    )
    counts = {(row["one"], row["two"]): row["n"] for row in rows}
    return Agreement(
        both=counts.get((True, True), 0),
        neither=counts.get((False, False), 0),
        only_first=counts.get((True, False), 0),
        only_second=counts.get((False, True), 0),
    )


def _against_people(first: Model, second: Model) -> tuple[Flags, Array]:
    """Which labelled cutouts are asteroids (n,), and both models' scores of them (n, 2); the newest labels."""

    def of(model: Model) -> Subquery:
        return Subquery(Score.objects.filter(cutout=OuterRef("cutout"), model=model).values("p_asteroid")[:1])

    labels = labels_that_count().annotate(one=of(first), two=of(second)).exclude(one=None).exclude(two=None)
    rows = list(labels.order_by("-decided_at").values_list("label", "one", "two")[:LABELS_AT_MOST])
    truth = np.array([label == TrainingLabel.Label.ASTEROID for label, _, _ in rows], dtype=bool)
    return truth, np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 2)


def judged(score: Array, truth: Flags, threshold: float) -> Judged:
    """Precision and recall at a threshold (Wilson's intervals), average precision (interval by resampling)."""
    passed = score >= threshold
    hits = int((passed & truth).sum())
    return Judged(Share(hits, int(passed.sum())), Share(hits, int(truth.sum())), _ap(score, truth))


def _ap(score: Array, truth: Flags) -> tuple[float, float, float] | None:
    if truth.sum() < LEAST_POSITIVES:
        return None
    drawn = [average_precision(score[rows], truth[rows]) for rows in _draws(truth)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return average_precision(score, truth), float(low), float(high)


def ap_difference(first: Array, second: Array, truth: Flags) -> tuple[float, float, float] | None:
    """How much higher the second's average precision is, with a 95 % interval; both see the same draws."""
    if truth.sum() < LEAST_POSITIVES:
        return None
    drawn = [
        average_precision(second[rows], truth[rows]) - average_precision(first[rows], truth[rows])
        for rows in _draws(truth)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return average_precision(second, truth) - average_precision(first, truth), float(low), float(high)


def _draws(truth: Flags) -> list[NDArray[np.intp]]:
    """Rows drawn with replacement, asteroids and others apart."""
    rng = np.random.default_rng(0)
    yes, no = np.flatnonzero(truth), np.flatnonzero(~truth)
    return [
        np.concatenate([rng.choice(yes, yes.size), rng.choice(no, no.size) if no.size else no]) for _ in range(DRAWS)
    ]


def _differences(first: Model, second: Model) -> list[Difference]:
    rows = _shared(first, second).annotate(gap=Abs(F("p_asteroid") - F("other"))).filter(gap__gt=0)
    rows = rows.select_related("cutout__exposure__observation").defer("cutout__exposure__wcs")
    return [Difference(row, row.other) for row in rows.order_by("-gap", "pk")[:LARGEST_SHOWN]]
