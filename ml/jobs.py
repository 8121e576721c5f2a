"""The kinds of job of this room."""

from __future__ import annotations

from typing import Any

from jobs.registry import JobRun, job_kind
from ml import learning, prescreening
from ml.learning import TRAIN
from ml.services import PRESCREEN


@job_kind(PRESCREEN)
def prescreen(run: JobRun) -> dict[str, Any]:
    """Score what is not yet scored."""
    return prescreening.prescreen(run)


@job_kind(TRAIN)
def train(run: JobRun) -> dict[str, Any]:
    """Train a model and register it."""
    return learning.train(run)
