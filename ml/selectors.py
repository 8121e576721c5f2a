"""Reads about models and scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Floor, Least

from archive.models import Cutout
from ml.models import Model, Score

CHUNK = 256
BINS = 20
HISTOGRAM_KEPT_S = 60
ABOVE = -1


def model_active() -> Model | None:
    """The model whose scores count now."""
    return Model.objects.filter(active=True).first()


def models_listed() -> list[Model]:
    """All models, the active one first, then the newest."""
    return list(Model.objects.order_by("-active", "-created_at", "-pk")[:200])


def cutouts_unscored(model: Model) -> QuerySet[Cutout]:
    """Cutouts without a score of this model."""
    return Cutout.objects.filter(~Exists(Score.objects.filter(cutout=OuterRef("pk"), model=model)))


def unscored_chunks(model: Model, leave_out: set[int]) -> Iterator[list[Cutout]]:
    """What is left to score, exposure by exposure, in keyset order; exposures in ``leave_out`` are passed over.

    Each list is read when it is asked for, so scores written in between are seen.
    """
    exposure_id, cutout_id = 0, 0
    while True:
        rows = cutouts_unscored(model).filter(
            Q(exposure_id__gt=exposure_id) | Q(exposure_id=exposure_id, pk__gt=cutout_id)
        )
        if leave_out:
            rows = rows.exclude(exposure_id__in=leave_out)
        rows = rows.select_related("exposure__source_file", "exposure__observation").defer("exposure__wcs", "footprint")
        chunk = list(rows.order_by("exposure_id", "pk")[:CHUNK])
        if not chunk:
            return
        yield chunk
        exposure_id, cutout_id = chunk[-1].exposure_id, chunk[-1].pk


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram: from (inclusive) to (exclusive, but for 1), and how many scores."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """How a model's scores are spread here."""

    bars: list[Bar]
    above_threshold: int

    @property
    def total(self) -> int:
        return sum(bar.count for bar in self.bars)


def score_counts(model: Model) -> ScoreCounts:
    """How often this installation's cutouts got which p_asteroid; at most a minute old (it reads every score)."""
    key = f"ml:scores:{model.pk}:{model.threshold}"
    counts: Any = cache.get_or_set(key, lambda: _counts(model), HISTOGRAM_KEPT_S)
    bars = [Bar(i / BINS, (i + 1) / BINS, counts.get(i, 0)) for i in range(BINS)]
    return ScoreCounts(bars, counts[ABOVE])


def _counts(model: Model) -> dict[int, int]:
    scores = Score.objects.filter(model=model).order_by()
    bins: Any = Least(Floor(F("p_asteroid") * float(BINS)), float(BINS - 1))
    rows = scores.values(bin=bins).annotate(count=Count("pk"))
    above = scores.filter(p_asteroid__gte=model.threshold).count()
    return {int(row["bin"]): row["count"] for row in rows} | {ABOVE: above}
