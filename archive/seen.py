"""Files that were read before and not touched since. Their content is known without reading 160 MB each."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from archive.models import FileSeen, SourceFile
from archive.storing import Content

CHUNK = 500


def files_untouched(paths: Sequence[Path], *, of_job: uuid.UUID | None) -> Iterator[tuple[Path, SourceFile | None]]:
    """Each path with what it is known as, or None when it must be read.

    ``of_job``: trust only what this job has read itself.
    """
    for start in range(0, len(paths), CHUNK):
        chunk = paths[start : start + CHUNK]
        rows = FileSeen.objects.filter(path_sha256__in=[_key(path) for path in chunk]).select_related("source")
        rows = rows.exclude(source__state=SourceFile.State.PENDING)
        if of_job is not None:
            rows = rows.filter(job=of_job)
        seen = {row.path_sha256: row for row in rows}
        for path in chunk:
            row = seen.get(_key(path))
            yield path, row.source if row is not None and _untouched(path, row) else None


def file_remember(path: Path, content: Content, source: SourceFile, job_id: uuid.UUID) -> None:
    """Note what lies at a path, as it was when ``content`` was read."""
    row = FileSeen(
        path_sha256=_key(path),
        size_bytes=content.size_bytes,
        written_ns=content.written_ns,
        changed_ns=content.changed_ns,
        source=source,
        job_id=job_id,
    )
    fields = ["size_bytes", "written_ns", "changed_ns", "source", "job"]
    FileSeen.objects.bulk_create([row], update_conflicts=True, unique_fields=["path_sha256"], update_fields=fields)


def _key(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()


def _untouched(path: Path, row: FileSeen) -> bool:
    try:
        now = path.stat()
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) == (row.size_bytes, row.written_ns, row.changed_ns)
