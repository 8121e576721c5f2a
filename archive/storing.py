"""Files in Django's storage: complete or not there, under names that follow from their content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

BLOCK_BYTES = 1 << 20


class FileChanged(OSError):
    """The file was written to while it was read."""


def sha256_of(path: Path) -> str:
    """The content's hash, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def bytes_put(name: str, content: bytes) -> None:
    """Store ``content`` under exactly ``name``; what lay there is replaced. Never two writers of a name at once."""
    _put(name, lambda target: target.write(content) and None, lambda: ContentFile(content))


def file_put(name: str, path: Path, sha256: str) -> None:
    """Store a copy of a file under exactly ``name``, block by block.

    Raises
    ------
    FileChanged
        Its content is not that of ``sha256`` any more; nothing was stored.
    """

    def copy(target: IO[bytes]) -> None:
        digest = hashlib.sha256()
        with path.open("rb") as source:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                target.write(block)
        if digest.hexdigest() != sha256:
            raise FileChanged("The file was changed while it was read.")

    _put(name, copy, lambda: File(path.open("rb")))


def _put(name: str, write: Callable[[IO[bytes]], None], content: Callable[[], File]) -> None:
    if not _is_local():
        default_storage.delete(name)  # some storages would choose another name beside an old file
        with content() as handle:
            stored = default_storage.save(name, handle)
        if stored != name:
            raise OSError(f"The storage kept {name} as {stored}; it must keep the names it is given.")
        return
    final = Path(default_storage.path(name))
    final.parent.mkdir(parents=True, exist_ok=True)
    # One name per target: what a killed process left is overwritten by the one that goes on.
    part = final.with_name(final.name + ".part")
    try:
        with part.open("wb") as target:
            write(target)
            target.flush()
            os.fsync(target.fileno())
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
        path = Path(folder) / Path(stored.name).name
        with stored.storage.open(stored.name) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, BLOCK_BYTES)
        yield path
