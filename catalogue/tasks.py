"""Celery entry points: call a service. Twice is once."""

from __future__ import annotations

from celery import shared_task
from django.db import OperationalError

from catalogue import services


@shared_task(
    name="catalogue.tasks.candidates_refresh", time_limit=600, autoretry_for=(OperationalError,), max_retries=3
)
def candidates_refresh() -> None:
    """Make candidates of what the voting and the model ended with."""
    services.candidates_refresh()
