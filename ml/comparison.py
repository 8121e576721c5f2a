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
Interval = tuple[float, float, float]
"""A figure, and the ends of its 95 % interval."""


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
    ap: Interval | None


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
    ap_difference: Interval | None = None
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
    drawn = resampled_precision(scores, truth)
    judgements = [
        judged(scores[:, i], truth, model.threshold, drawn[:, i]) if truth.size else None
        for i, model in enumerate((first, second))
    ]
    gain = None
    if drawn.size:
        precisions = [average_precision(score, truth) for score in scores.T]
        gain = _with_interval(precisions[1] - precisions[0], drawn[:, 1] - drawn[:, 0])
    return Comparison(
        agreement=agreement,
        labels=int(truth.size),
        asteroids=int(truth.sum()),
        first=judgements[0],
        second=judgements[1],
        ap_difference=gain,
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


def judged(score: Array, truth: Flags, threshold: float, drawn: Array) -> Judged:
    """Precision and recall at a threshold (Wilson's intervals), average precision (interval from ``drawn``)."""
    passed = score >= threshold
    hits = int((passed & truth).sum())
    precision = None if not drawn.size else _with_interval(average_precision(score, truth), drawn)
    return Judged(Share(hits, int(passed.sum())), Share(hits, int(truth.sum())), precision)


def _with_interval(value: float, drawn: Array) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return value, float(low), float(high)


def resampled_precision(scores: Array, truth: Flags) -> Array:
    """Average precision of each model in draws with replacement, asteroids and others drawn apart: (draws, models).

    ``scores`` (n, models); all models see the same draws. Each ranking is made once: a draw only says how often
    each row is in it. Without a few asteroids there is nothing to draw: (0, models).
    """
    if truth.sum() < LEAST_POSITIVES:
        return np.empty((0, scores.shape[1]))
    rng = np.random.default_rng(0)
    orders = [np.argsort(-score, kind="stable") for score in scores.T]
    kinds = [np.flatnonzero(kind) for kind in (truth, ~truth) if kind.any()]
    found = np.empty((DRAWS, scores.shape[1]))
    times = np.zeros(truth.size)
    for draw in found:
        for rows in kinds:
            times[rows] = np.bincount(rng.integers(0, rows.size, rows.size), minlength=rows.size)
        for model, order in enumerate(orders):
            hits = times[order] * truth[order]
            precision = np.cumsum(hits) / np.maximum(np.cumsum(times[order]), 1)
            draw[model] = (precision * hits).sum() / hits.sum()
    return found


def _differences(first: Model, second: Model) -> list[Difference]:
    rows = _shared(first, second).annotate(gap=Abs(F("p_asteroid") - F("other"))).filter(gap__gt=0)
    rows = rows.select_related("cutout__exposure__observation").defer("cutout__exposure__wcs")
    return [Difference(row, row.other) for row in rows.order_by("-gap", "pk")[:LARGEST_SHOWN]]
