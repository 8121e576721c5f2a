"""Which files an ingest is about: those named, and the FITS files of the folders named."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz", ".fits.fz")


class PathRefused(ValueError):
    """A path cannot be taken in; the message is for the person who named it."""


@dataclass
class Found:
    """The files to read, in a stable order, and how many others lay beside them."""

    files: list[Path] = field(default_factory=list)
    skipped: int = 0


def path_checked(given: str | Path, roots: Sequence[str] | None = None) -> Path:
    """The absolute path of a file or folder that exists.

    ``roots`` are the only folders allowed, when given: a path that leads outside of them, through ``..`` or a
    symbolic link, gets the same answer whether something lies there or not.

    Raises
    ------
    PathRefused
        It does not exist, lies outside ``roots``, or is neither a file nor a folder.
    """
    try:
        str(given).encode("utf-8")
        path = Path(given).expanduser().resolve() if roots is None else Path(given).resolve()
    except (OSError, RuntimeError, ValueError):  # loops of links, no home, NUL bytes, names that are not text
        raise PathRefused("This path cannot be read as a name of a file or folder.") from None
    if roots is not None and not _inside(path, roots):
        raise PathRefused(f"{given} is not in a folder this site may ingest from: {', '.join(roots)}.")
    try:
        kind = path.stat().st_mode
    except OSError:
        raise PathRefused(f"There is no file or folder {given}.") from None
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise PathRefused(f"{given} is neither a file nor a folder.")
    return path


def files_find(
    paths: Iterable[Path], roots: Sequence[str] | None = None, suffixes: tuple[str, ...] = FITS_SUFFIXES
) -> Found:
    """Files named come as they are, whatever they are called; folders are walked for names of FITS files.

    ``suffixes`` are the endings, in small letters, of the names wanted in folders.

    Links to folders are not followed. Links to files are, except those that lead outside ``roots``.
    """
    found = Found()
    seen: set[Path] = set()
    for path in paths:
        candidates = [path] if path.is_file() else _walk(path, found, suffixes)
        for candidate in candidates:
            if candidate in seen:
                continue
            seen.add(candidate)
            if roots is not None and not _inside(candidate.resolve(), roots):
                found.skipped += 1
            else:
                found.files.append(candidate)
    return found


def _walk(folder: Path, found: Found, suffixes: tuple[str, ...]) -> list[Path]:
    wanted = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            # A pipe named like a FITS file would be waited for without end.
            if name.lower().endswith(suffixes) and path.is_file():
                wanted.append(path)
            else:
                found.skipped += 1
    return wanted


def _inside(path: Path, roots: Sequence[str]) -> bool:
    return any(path.is_relative_to(Path(root).resolve()) for root in roots)


def name_shown(path: Path) -> str:
    """The file's name as text that can be stored and printed."""
    text = os.fsencode(path.name).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)[:255]
