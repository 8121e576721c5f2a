"""One file on its way in: hashed, read, kept, cut; or refused with the reason. Safe to repeat from any point."""

from __future__ import annotations

import errno
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.cutting import Recipe, exposure_cut, exposure_record, plan_of
from archive.finding import name_shown
from archive.locks import one_at_a_time
from archive.models import SourceFile
from archive.seen import file_remember
from archive.storing import Content, content_of, file_put
from sky.fits import ScienceImage, UnusableImage, read_images

log = logging.getLogger(__name__)
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
State = SourceFile.State


class NotReadNow(Exception):
    """The file cannot be read at the moment, which says nothing about its content; the message says why."""


@dataclass(frozen=True, slots=True)
class Intake:
    """How to take a file in: for which job, whether a refusal is judged anew, whom to tell the progress.

    ``known_as``: what it was when it was last read, if it was not touched since. ``remember``: for the next time.
    """

    job_id: uuid.UUID
    again: bool
    progress: Callable[[str], None]
    known_as: SourceFile | None = None
    remember: bool = True


def file_take_in(path: Path, intake: Intake) -> tuple[SourceFile, bool]:
    """Bring one file to a verdict: its row, accepted or rejected, and whether that was known before this job.

    Raises
    ------
    NotReadNow
        The file is gone, may not be read, or changed meanwhile. It leaves no trace and can be offered again.
    """
    name = name_shown(path)
    intake.progress(name)
    if intake.known_as is not None:
        return intake.known_as, intake.known_as.job_id != intake.job_id
    try:
        content = content_of(path)
    except OSError as error:
        raise NotReadNow(f"The file cannot be read: {error.strerror or error}.") from error
    with one_at_a_time(f"ingest {content.sha256}", lambda: intake.progress(name)):
        source, _ = SourceFile.objects.get_or_create(
            sha256=content.sha256, defaults={"name": name, "size_bytes": content.size_bytes, "job_id": intake.job_id}
        )
        refused_before = source.state == State.REJECTED and source.job_id != intake.job_id
        if source.state == State.PENDING or (refused_before and intake.again):
            _read(source, path, content, intake)
    if intake.remember:
        file_remember(path, content, source, intake.job_id)
    return source, source.job_id != intake.job_id


def _read(source: SourceFile, path: Path, content: Content, intake: Intake) -> None:
    """Take every usable image of the file in, then write the verdict."""
    skipped: list[str] = []
    reader = Reader(path, skipped)
    taken = 0
    while (image := reader.next()) is not None:
        try:
            plan = plan_of(image, Recipe.current())
        except UnusableImage as error:
            skipped.append(error.reason)
            continue
        _keep_original(source, path, content)
        exposure = exposure_record(source, image, plan)
        exposure_cut(exposure, image, plan, lambda done, all_: intake.progress(f"{source.name}: tile {done}/{all_}"))
        taken += 1
        del image, plan
    source.state = State.ACCEPTED if taken else State.REJECTED
    source.job_id = intake.job_id
    reasons = " ".join(dict.fromkeys(skipped))
    if taken and skipped:
        reasons = f"{len(skipped)} of its images left out: {reasons}"
    source.reason = reasons[:500]
    source.save(update_fields=["state", "reason", "job"])


def _keep_original(source: SourceFile, path: Path, content: Content) -> None:
    """Copy the file into the storage, once."""
    if source.stored:
        return
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    name = f"originals/{source.sha256}.fits{'.gz' if packed else ''}"
    try:
        file_put(name, path, content)
    except OSError as error:
        if error.errno in FULL_DISK:
            raise
        _forget(source)
        raise NotReadNow(f"{error.strerror or error}") from error
    source.stored.name = name
    source.save(update_fields=["stored"])


def _forget(source: SourceFile) -> None:
    if not source.exposures.exists():
        source.delete()


class Reader:
    """The images of a file, one at a time; whatever a damaged file does to the reader becomes a reason."""

    def __init__(self, path: Path, reasons: list[str]) -> None:
        self._images = read_images(path, skipped=reasons)
        self._reasons = reasons

    def next(self) -> ScienceImage | None:
        """The next image, or None after the last."""
        try:
            return next(self._images, None)
        except UnusableImage as error:
            self._reasons.append(error.reason)
        except MemoryError:
            self._reasons.append("It needs more memory than this machine has.")
        except Exception as error:  # a hostile file must not stop the others, whatever it makes the reader raise
            if isinstance(error, OSError) and error.errno in FULL_DISK:
                raise
            log.exception("reading a file raised something unexpected")
            self._reasons.append(f"It cannot be read as FITS ({type(error).__name__}).")
        return None
