"""Celery entry points: call a service. Twice is once."""

from __future__ import annotations

from time import time
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import OperationalError

from classify import consensus, leases, priority
from ml.selectors import model_active

PRIORITISED = "classify.prioritised.3"
LOOK_AGAIN_S = 3600.0


@shared_task(name="classify.tasks.aggregate", time_limit=300, autoretry_for=(OperationalError,), max_retries=3)
def aggregate() -> None:
    """Count the classifications that are not yet in the consensus."""
    consensus.classifications_aggregate()


@shared_task(name="classify.tasks.prioritise", time_limit=300)
def prioritise() -> None:
    """Let new scores decide what is shown first.

    Another active model, another rule of a workflow, an hour gone, or a lost mark in the cache: all scores are
    looked at again.
    """
    model = model_active()
    if model is None:
        return
    now, decides = time(), [model.pk, *priority.rules()]
    mark: dict[str, Any] | None = cache.get(PRIORITISED)
    if mark is None or mark["decides"] != decides or not 0 <= now - mark["began"] < LOOK_AGAIN_S:
        mark = {"decides": decides, "began": now, "after": 0}
    newest = priority.subjects_prioritise(after=mark["after"])
    # The hour runs from the beginning of a round, not from here: this is written every few seconds.
    cache.set(PRIORITISED, mark | {"after": newest}, timeout=2 * LOOK_AGAIN_S)


@shared_task(name="classify.tasks.leases_sweep", time_limit=60)
def leases_sweep() -> None:
    """Forget the leases that have ended."""
    leases.leases_sweep()
