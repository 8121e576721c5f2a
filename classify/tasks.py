"""Celery entry points: call a service. Twice is once."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache
from django.db import OperationalError

from classify import consensus

PRIORITISED = "classify.prioritised"


@shared_task(name="classify.tasks.aggregate", time_limit=300, autoretry_for=(OperationalError,), max_retries=3)
def aggregate() -> None:
    """Count the classifications that are not yet in the consensus."""
    consensus.classifications_aggregate()


@shared_task(name="classify.tasks.prioritise", time_limit=300)
def prioritise() -> None:
    """Let new scores decide what is shown first. A lost mark in the cache only means looking at all again."""
    before = cache.get(PRIORITISED, 0)
    now = consensus.subjects_prioritise(after=before)
    cache.set(PRIORITISED, now, timeout=3600)  # once an hour all are looked at again
