"""Files in Django's storage: complete or not there, under names that follow from their content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

BLOCK_BYTES = 1 << 20


class FileChanged(OSError):
    """The file was written to while it was read."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file held when it was read: its hash, its size, and how to see that it was written to since.

    ``changed_ns`` (of the inode) moves where a program sets ``written_ns`` back, as tar and rsync do.
    """

    sha256: str
    size_bytes: int
    written_ns: int
    changed_ns: int


def content_of(path: Path) -> Content:
    """Read the file in blocks and describe what it holds."""
    with path.open("rb") as handle:
        before = os.fstat(handle.fileno())
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    return Content(sha256, before.st_size, before.st_mtime_ns, before.st_ctime_ns)


def bytes_put(name: str, content: bytes) -> None:
    """Store ``content`` under exactly ``name``; what lay there is replaced. Never two writers of a name at once."""
    if not _is_local():
        _put_elsewhere(name, ContentFile(content))
        return
    with _appearing(name) as part:
        part.write_bytes(content)


def file_put(name: str, path: Path, content: Content) -> None:
    """Store a copy of a file under exactly ``name``.

    Raises
    ------
    FileChanged
        It is not what ``content`` describes any more; nothing was stored.
    """
    if not _is_local():
        with path.open("rb") as handle:
            _put_elsewhere(name, File(handle))
        _check(path, content)
        return
    with _appearing(name) as part:
        shutil.copyfile(path, part)  # inside the kernel, where it can
        _check(path, content)


def _check(path: Path, content: Content) -> None:
    now = path.stat()
    if (now.st_size, now.st_mtime_ns) != (content.size_bytes, content.written_ns):
        raise FileChanged("The file was changed while it was read.")


def _put_elsewhere(name: str, content: File[bytes]) -> None:
    default_storage.delete(name)  # some storages would choose another name beside an old file
    stored = default_storage.save(name, content)
    if stored != name:
        raise OSError(f"The storage kept {name} as {stored}; it must keep the names it is given.")


@contextlib.contextmanager
def _appearing(name: str) -> Iterator[Path]:
    """A path to write to; what was written appears under ``name`` at once and on disk, or not at all."""
    final = Path(default_storage.path(name))
    final.parent.mkdir(parents=True, exist_ok=True)
    # One name per target: what a killed process left is overwritten by the one that goes on.
    part = final.with_name(final.name + ".part")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
    except Exception:
        part.unlink(missing_ok=True)
        raise
    part.replace(final)


def _is_local() -> bool:
    """Whether the storage is a folder of this machine (Django's storages elsewhere have no paths)."""
    try:
        default_storage.path("x")
    except NotImplementedError:
        return False
    return True


@contextlib.contextmanager
def on_disk(stored: FieldFile) -> Iterator[Path]:
    """A path to a stored file: its own, or that of a temporary copy where the storage is elsewhere."""
    if _is_local():
        yield Path(stored.path)
        return
    with tempfile.TemporaryDirectory(prefix="original-") as folder:
        path = Path(folder) / Path(str(stored.name)).name
        with stored.storage.open(str(stored.name)) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, BLOCK_BYTES)
        yield path
