"""Reads about models and scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from archive.models import Cutout
from jobs.models import OPEN_STATES, Job
from ml.models import Activation, Model, Score

EXPOSURES_AT_ONCE = 32


def model_active() -> Model | None:
    """The model whose scores count now."""
    return Model.objects.filter(active=True).first()


def models_listed() -> list[Model]:
    """All models, the active one first, then the newest."""
    return list(Model.objects.order_by("-active", "-created_at", "-pk")[:200])


def work_open() -> list[Job]:
    """Trainings and pre-screenings that wait or run, the oldest first."""
    rows = Job.objects.filter(kind__in=["train", "prescreen"], state__in=OPEN_STATES).defer("result")
    return list(rows.order_by("created_at")[:5])


def trainings(limit: int = 5) -> list[Job]:
    """The trainings that ended last, the newest first."""
    rows = Job.objects.filter(kind="train").exclude(state__in=OPEN_STATES).order_by("-created_at")
    return list(rows[:limit])


def scored_at() -> datetime | None:
    """When the last pre-screening ended: what was counted before is out of date."""
    ended = Job.objects.filter(kind="prescreen", finished_at__isnull=False).order_by("-created_at")
    return ended.values_list("finished_at", flat=True).first()


def activations(limit: int = 20) -> list[Activation]:
    """Which model was put to work when, the newest first."""
    rows = Activation.objects.select_related("model", "replaced", "by", "job").order_by("-created_at", "-pk")
    return list(rows[:limit])


def roll_back_target() -> Model | None:
    """The model that the active one replaced when it was put to work last."""
    last = Activation.objects.filter(model__active=True).select_related("replaced")
    newest = last.order_by("-created_at", "-pk").first()
    return newest.replaced if newest else None


def cutouts_unscored(model: Model) -> QuerySet[Cutout]:
    """Cutouts without a score of this model."""
    return Cutout.objects.filter(~Exists(Score.objects.filter(cutout=OuterRef("pk"), model=model)))


def exposures_unscored(model: Model) -> Iterator[int]:
    """Ids of the exposures with cutouts without a score of this model, in ascending order.

    They are read by and by, so scores written in between are seen.
    """
    last = 0
    while True:
        rows = cutouts_unscored(model).filter(exposure_id__gt=last).order_by("exposure_id")
        found = list(rows.values_list("exposure_id", flat=True).distinct()[:EXPOSURES_AT_ONCE])
        if not found:
            return
        yield from found
        last = found[-1]
