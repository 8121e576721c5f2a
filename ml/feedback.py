"""What people say of a model: where they disagree with it, and what it misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.dateparse import parse_datetime

from jobs.paging import Page, keyset_page
from ml.labels import labels_that_count
from ml.models import Model, Score, TrainingLabel
from ml.scores import UNLIKELY
from ml.selectors import scored_at

KEPT_S = 30
DISAGREEMENTS_A_PAGE = 24
MISSED, FALSE = "missed", "false"
"""People say asteroid and the model does not; the reverse."""
ASTEROID = TrainingLabel.Label.ASTEROID


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts of what people decided, held against what the model said of the same cutouts.

    ``judged`` cutouts have a label and a score; ``missed`` of them people call an asteroid and the model does not,
    ``false`` the reverse. ``proposed`` reach the threshold and were validated by the team, ``pure`` of them as
    asteroids. ``drawn_low`` score low and were shown to people at random, ``drawn_missed`` of them are asteroids.
    """

    new_labels: dict[str, int] = field(default_factory=dict)
    new_asteroids: int = 0
    judged: int = 0
    missed: int = 0
    false: int = 0
    proposed: int = 0
    pure: int = 0
    drawn_low: int = 0
    drawn_missed: int = 0

    @property
    def disagreements(self) -> int:
        return self.missed + self.false


def evidence(model: Model) -> Evidence:
    """All counts at once; at most half a minute old (they read every label)."""
    key = f"ml:evidence:{model.pk}:{model.threshold}:{scored_at()}".replace(" ", "_")
    found: Any = cache.get_or_set(key, lambda: _evidence(model), KEPT_S)
    return found


def learnt_until(model: Model) -> datetime:
    """Up to when people's labels could have gone into a model: what its card says, else when it was registered."""
    labels = model.card.get("labels") if isinstance(model.card, dict) else None
    said = labels.get("until") if isinstance(labels, dict) else None
    try:
        return (parse_datetime(said) if isinstance(said, str) else None) or model.created_at
    except ValueError:
        return model.created_at


def _evidence(model: Model) -> Evidence:
    new = TrainingLabel.objects.filter(decided_at__gt=learnt_until(model)).order_by()
    by_source = dict(new.values_list("source").annotate(n=Count("pk")))
    counts: Counter[str] = Counter()
    for row in _judged(model):
        counts["judged"] += row["n"]
        if row["yes"] != row["passed"]:
            counts["missed" if row["yes"] else "false"] += row["n"]
        if row["passed"] and row["team"]:
            counts["proposed"] += row["n"]
            counts["pure"] += row["n"] * row["yes"]
        if row["drawn_low"]:
            counts["drawn_low"] += row["n"]
            counts["drawn_missed"] += row["n"] * row["yes"]
    return Evidence(new_labels=by_source, new_asteroids=new.filter(label=ASTEROID).count(), **counts)


def _judged(model: Model) -> Iterable[dict[str, Any]]:
    """Labelled and scored cutouts, counted by what people and the model say of them."""
    drawn = TrainingLabel.objects.filter(cutout=OuterRef("cutout"), drawn=True)
    team = [TrainingLabel.Source.VALIDATION, TrainingLabel.Source.GOLD]
    scored = labels_that_count().filter(cutout__scores__model=model).order_by()
    rows: Any = scored.values(
        yes=_flag(Q(label=ASTEROID)),
        passed=_flag(Q(cutout__scores__p_asteroid__gte=model.threshold)),
        team=_flag(Q(source__in=team)),
        drawn_low=_flag(Q(cutout__scores__p_asteroid__lt=UNLIKELY) & Q(Exists(drawn))),
    )
    return list(rows.annotate(n=Count("pk")))


def _flag(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False))


def disagreements(model: Model, kind: str) -> QuerySet[Score]:
    """Scores that people's decisions contradict, of one kind.

    What was missed is few (people see an asteroid in one cutout of a hundred): found from the labels. What is false
    has a high score: found from the top of the scores.
    """
    scores = Score.objects.filter(model=model).select_related("cutout__exposure__observation")
    scores = scores.defer("cutout__exposure__wcs")
    counted = labels_that_count().filter(cutout=OuterRef("cutout"))
    if kind == MISSED:
        asteroids = labels_that_count().filter(label=ASTEROID)
        low = Score.objects.filter(model=model, p_asteroid__lt=model.threshold)
        missed = low.filter(cutout__in=asteroids.values("cutout"))
        # Two steps: in one, the planner may walk all scores from below in search of a page of them.
        return scores.filter(pk__in=list(missed.values_list("pk", flat=True)))
    return scores.filter(Exists(counted.exclude(label=ASTEROID)), p_asteroid__gte=model.threshold)


def disagreement_page(model: Model, kind: str, at: str = "", *, size: int = DISAGREEMENTS_A_PAGE) -> Page[Score]:
    """One page of them, the most surprising first, each score with the label that it contradicts."""
    page = keyset_page(disagreements(model, kind), at=at, size=size, key="p_asteroid", rising=kind == MISSED)
    labels = labels_that_count().filter(cutout__in=[row.cutout_id for row in page.rows])
    by_cutout = {label.cutout_id: label for label in labels}
    for row in page.rows:
        row.decided = by_cutout.get(row.cutout_id)  # type: ignore[attr-defined]
    return page
