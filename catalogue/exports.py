"""The validated catalogue as it stands, as a file."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from astropy.table import Table
from django.conf import settings
from django.utils import timezone

from catalogue.columns import COLUMNS, entries
from catalogue.tables import FORMATS, table_bytes, table_of
from sky.files import file_whole

__all__ = ["FORMATS", "catalogue_bytes", "catalogue_table", "file_whole", "software_version"]


@lru_cache(maxsize=1)
def software_version() -> str:
    """The version of this software, as its project file says."""
    text = (Path(settings.BASE_DIR) / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def catalogue_table(*, made_by: str) -> Table:
    """The accepted candidates, oldest first, each column with unit, UCD and description; unknowns are masked."""
    rows = [[column.value(entry) for column in COLUMNS] for entry in entries()]
    meta = {
        "NAME": "Asteroid Hunter: validated trails",
        "CREATOR": made_by,
        "DATE": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SOFTWARE": f"Asteroid Hunter {software_version()}",
    }
    return table_of(COLUMNS, rows, meta)


def catalogue_bytes(fmt: str, *, made_by: str) -> bytes:
    """The validated catalogue as the content of a file of one of ``tables.FORMATS``."""
    return table_bytes(fmt, catalogue_table(made_by=made_by))
