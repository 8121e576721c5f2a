from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.services import ingest_start
from jobs.models import Job
from jobs.services import job_run


@pytest.fixture(autouse=True)
def _small_tiles(settings: Any) -> None:
    settings.TILE_SIZE, settings.TILE_OVERLAP = 64, 8


@pytest.fixture
def ingest(db: None) -> Callable[..., Job]:
    """Run an ingest to its end; the finished job."""

    def run(*paths: Path, **options: Any) -> Job:
        job = ingest_start(paths, **options)
        job_run(job.pk)
        job.refresh_from_db()
        return job

    return run
