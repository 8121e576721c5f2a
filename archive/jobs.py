"""The kinds of jobs of this room."""

from __future__ import annotations

from typing import Any

from archive import services
from jobs.registry import JobRun, job_kind


@job_kind(services.INGEST)
def ingest(run: JobRun) -> dict[str, Any]:
    """Take in the files and folders of the job's arguments."""
    return services.ingest_run(run)
