"""Celery entry points: call a service. Twice is once."""

from __future__ import annotations

from celery import shared_task

from catalogue import services

FINDINGS_PER_TASK = 10
WITHIN_S = 2.0  # one worker counts the votes, too: they wait this long and for one measurement (some seconds)


# No retries: the next beat is one. The limit ends what hangs; such a finding is put off like one that failed.
@shared_task(name="catalogue.tasks.candidates_refresh", time_limit=120, expires=5)
def candidates_refresh() -> None:
    """Make candidates of some of what the voting and the model ended with; the next beat goes on."""
    services.candidates_refresh(limit=FINDINGS_PER_TASK, within_s=WITHIN_S, wait=False)
