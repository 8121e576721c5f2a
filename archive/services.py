"""Writes of the archive: ask for an ingest, and run it."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Sum

from accounts.models import User
from archive.finding import PathRefused, files_find, name_shown, path_checked
from archive.intake import Intake, NotReadNow, file_take_in
from archive.models import Cutout, Exposure, SourceFile
from archive.seen import files_untouched
from jobs.models import Job
from jobs.registry import JobRun
from jobs.services import job_enqueue

INGEST = "ingest"
UPLOADS_KEPT_S = 7 * 24 * 3600
SUMMARY_NAMES = 500  # refused files named in a job's result; the files page lists all


def ingest_start(
    paths: Sequence[str | Path],
    *,
    requested_by: User | None = None,
    confined: bool = False,
    again: bool = False,
    held_by: str = "",
) -> Job:
    """Ask for files and folders to be taken in; the job reads every FITS file of the folders.

    ``confined``: only paths inside ``settings.INGEST_ROOTS``, for requests from a browser.
    ``again``: read every file, and judge those anew that were refused before.
    ``held_by``: who runs the job at once (`jobs.services.job_enqueue`).

    Raises
    ------
    PathRefused
        One of the paths is not there or not allowed; nothing was started.
    """
    if not paths:
        raise PathRefused("Name at least one file or folder.")
    checked = [str(path_checked(path, settings.INGEST_ROOTS if confined else None)) for path in paths]
    arguments = {"paths": checked, "confined": confined, "again": again}
    return job_enqueue(kind=INGEST, arguments=arguments, requested_by=requested_by, held_by=held_by)


def ingest_upload(files: Sequence[UploadedFile[Any]], *, requested_by: User, again: bool = False) -> Job:
    """Keep uploaded files beside the data and ask for them to be taken in; the job removes them at its end.

    Raises
    ------
    PathRefused
        Together they are larger than ``settings.INGEST_UPLOAD_MAX_BYTES``; nothing was kept.
    """
    if sum(file.size or 0 for file in files) > settings.INGEST_UPLOAD_MAX_BYTES:
        limit = settings.INGEST_UPLOAD_MAX_BYTES / 1024**2
        raise PathRefused(f"The files are larger than {limit:.0f} MiB together. Put them in a folder of the server.")
    _old_uploads_remove()
    folder = _uploads() / uuid.uuid4().hex
    paths = []
    for number, file in enumerate(files):
        path = folder / str(number) / upload_name(file.name or "")
        path.parent.mkdir(parents=True)
        with path.open("wb") as target:
            for block in file.chunks():
                target.write(block)
        paths.append(str(path))
    arguments = {"paths": paths, "upload": str(folder), "again": again}
    return job_enqueue(kind=INGEST, arguments=arguments, requested_by=requested_by)


def upload_name(given: str) -> str:
    """A harmless file name that still resembles the one given by a browser."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", re.split(r"[/\\]", given)[-1]).lstrip(".")
    return name[-100:] or "unnamed.fits"


def _uploads() -> Path:
    return Path(settings.DATA_DIR) / "uploads"


def _old_uploads_remove() -> None:
    """Drop what jobs that never ended left behind."""
    if _uploads().is_dir():
        for folder in _uploads().iterdir():
            if time.time() - folder.stat().st_mtime > UPLOADS_KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)


def ingest_run(run: JobRun) -> dict[str, Any]:
    """Take in what the job names; goes on where an earlier attempt stopped. Its result is the summary."""
    arguments = run.arguments
    roots = settings.INGEST_ROOTS if arguments.get("confined") else None
    upload = arguments.get("upload")
    paths = [Path(path) for path in arguments["paths"]]
    missing = [path for path in paths if not path.exists()]
    if missing and not upload:
        raise PathRefused(f"There is no file or folder {missing[0]} any more.")
    found = files_find([path for path in paths if path not in missing], roots)
    total = len(found.files)
    run.progress(done=0, total=total)
    seen: set[int] = set()
    known, not_read = 0, []
    again = bool(arguments.get("again"))
    untouched = files_untouched(found.files, of_job=run.job_id if again else None)
    for number, (path, known_as) in enumerate(untouched):
        intake = Intake(
            job_id=run.job_id,
            again=again,
            known_as=known_as,
            remember=not upload,
            progress=lambda message, number=number: run.progress(done=number, total=total, message=message),  # type: ignore[misc]
        )
        try:
            source, was_known = file_take_in(path, intake)
        except NotReadNow as error:
            not_read.append({"name": name_shown(path), "reason": str(error)})
            continue
        accepted = source.state == SourceFile.State.ACCEPTED
        known += accepted and (was_known or source.pk in seen)
        seen.add(source.pk)
    run.progress(done=total, total=total)
    if upload:
        shutil.rmtree(upload, ignore_errors=True)
    return _summary(run, seen, known=known, files=total, skipped=found.skipped, not_read=not_read)


def _summary(
    run: JobRun, seen: set[int], *, known: int, files: int, skipped: int, not_read: list[dict[str, str]]
) -> dict[str, Any]:
    """What the job did, read from the rows, so that an interrupted job tells the same as an undisturbed one."""
    accepted = SourceFile.objects.filter(job=run.job_id, state=SourceFile.State.ACCEPTED)
    rejected = SourceFile.objects.filter(pk__in=seen, state=SourceFile.State.REJECTED).order_by("name", "pk")
    exposures = Exposure.objects.filter(source_file__in=accepted)
    blank = exposures.aggregate(count=Count("pk"), blank=Sum("cutouts_blank", default=0))
    names = [*rejected.values("name", "reason")[:SUMMARY_NAMES], *not_read]
    return {
        "files": files,
        "accepted": accepted.count(),
        "already_known": known,
        "rejected": names[:SUMMARY_NAMES],
        "rejected_count": rejected.count() + len(not_read),
        "skipped_other": skipped,
        "exposures": blank["count"],
        "cutouts": Cutout.objects.filter(exposure__in=exposures).count(),
        "blank": blank["blank"],
    }
