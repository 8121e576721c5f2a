"""Celery entry points: take ids, call a service."""

from __future__ import annotations

import uuid
from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup

from ml.inference import share_cores
from ml.prescreening import prescreen_assist


@celeryd_after_setup.connect
def cores_shared(instance: Any, **_: Any) -> None:
    """A worker's processes are forked after this, and share the cores. A lone one leaves room for another worker's."""
    share_cores(max(2, instance.concurrency))


@shared_task(name="ml.prescreen_assist")
def assist(job_id: str) -> None:
    """Help with a pre-screening that somebody else holds."""
    prescreen_assist(uuid.UUID(job_id))
