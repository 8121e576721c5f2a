"""Celery entry points: call a service. Twice is once."""

from __future__ import annotations

from celery import shared_task

from talk import notifying


@shared_task(name="talk.tasks.tell", time_limit=120)
def tell() -> None:
    """Tell people of new comments, messages, reports and what moderators did."""
    notifying.tell()
