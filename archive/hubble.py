"""Where HST was, from the files that the people of this site put into the data folder.

``DATA_DIR/hubble/`` holds two-line elements (``*.tle``, ``*.txt``) and state vectors (``*.csv``, columns
``mjd_utc,x_km,y_km,z_km``: geocentric, ICRF). Files are read again when they change.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from numpy.typing import ArrayLike

from sky.observer import HubbleOrbit, ObserverFault, best, read_state_vectors, read_two_line_elements

log = logging.getLogger(__name__)
SUFFIXES = (".csv", ".tle", ".txt")


def hubble_folder() -> Path:
    """Where the files lie."""
    return Path(settings.DATA_DIR) / "hubble"


def hubble_orbit(mjd_utc: ArrayLike) -> HubbleOrbit:
    """What tells best where HST was at all of some times; the Earth's centre, with its error, where no file does."""
    return best(hubble_orbits(), mjd_utc)


def hubble_file_take(path: Path) -> None:
    """Copy a file into the folder under its name; what is there under it, or a file that is not, stays as it is."""
    target = hubble_folder() / path.name
    if path.exists() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        shutil.copyfile(path, part)
        part.replace(target)


def hubble_orbits() -> Sequence[HubbleOrbit]:
    """All that the files tell of where HST was."""
    folder = hubble_folder()
    paths = sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES) if folder.is_dir() else []
    return _read(tuple((path, path.stat().st_mtime_ns) for path in paths))


@lru_cache(maxsize=2)
def _read(files: tuple[tuple[Path, int], ...]) -> Sequence[HubbleOrbit]:
    found: list[HubbleOrbit] = []
    for path, _ in files:
        read = read_state_vectors if path.suffix == ".csv" else read_two_line_elements
        try:
            found.append(read(path))
        except ObserverFault:
            log.exception("%s is left out", path)
    return found
