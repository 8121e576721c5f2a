"""The validated catalogue as a table that says what it holds: units, UCDs, descriptions; written by astropy.

In FITS the UCDs stand in TUCDn, descriptions in TCOMMn.
"""

from __future__ import annotations

import io
import os
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import CooSys, Info, TimeSys
from astropy.table import MaskedColumn, Table
from django.conf import settings
from django.utils import timezone

from catalogue.columns import COLUMNS, COUNT, REAL, SHORT, TEXT, TRUTH, Column, entries
from jobs.cells import formula_safe

MJD_ZERO_JD = 2_400_000.5


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file."""

    name: str
    label: str
    suffix: str
    content_type: str


FORMATS = {
    kind.name: kind
    for kind in (
        Format("csv", "CSV", "csv", "text/csv; charset=utf-8"),
        Format("ecsv", "ECSV", "ecsv", "application/x-ecsv; charset=utf-8"),
        Format("votable", "VOTable", "vot", "application/x-votable+xml"),
        Format("fits", "FITS", "fits", "application/fits"),
    )
}


@lru_cache(maxsize=1)
def software_version() -> str:
    """The version of this software, as its project file says."""
    text = (Path(settings.BASE_DIR) / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


DTYPES = {REAL: np.float64, COUNT: np.int32, SHORT: np.int16, TRUTH: np.bool_}
EMPTY = {REAL: np.nan, COUNT: -1, SHORT: -1, TRUTH: False}


def catalogue_table(*, made_by: str) -> Table:
    """The accepted candidates, oldest first, each column with unit, UCD and description; unknowns are masked."""
    rows = [[column.value(entry) for column in COLUMNS] for entry in entries()]
    table = Table(masked=True)
    for index, column in enumerate(COLUMNS):
        values = [row[index] for row in rows]
        table.add_column(_column(column, values))
    table.meta = {
        "NAME": "Asteroid Hunter: validated trails",
        "CREATOR": made_by,
        "DATE": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SOFTWARE": f"Asteroid Hunter {software_version()}",
        "ROWS": len(table),
        "FRAME": "ICRS",
        "TIMESCAL": "UTC",
    }
    return table


def _column(column: Column, values: list[Any]) -> MaskedColumn:
    mask = [value is None for value in values]
    if column.kind == TEXT:
        # One line each: not every reader of these formats takes a line break inside a value.
        data = np.array([" ".join((value or "").split()) for value in values], dtype=np.str_)
    else:
        filled = [EMPTY[column.kind] if value is None else value for value in values]
        data = np.array(filled, dtype=DTYPES[column.kind])
    made = MaskedColumn(data, mask=mask, name=column.name, unit=column.unit, description=column.description)
    made.meta["ucd"] = column.ucd
    return made


def catalogue_bytes(fmt: str, *, made_by: str) -> bytes:
    """The validated catalogue as the content of a file of one of ``FORMATS``."""
    table = catalogue_table(made_by=made_by)
    return {"csv": _csv, "ecsv": _ecsv, "votable": _votable, "fits": _fits}[fmt](table)


def _csv(table: Table) -> bytes:
    _change_text(table, formula_safe)
    text = io.StringIO()
    table.write(text, format="ascii.csv")
    return text.getvalue().encode()


def _change_text(table: Table, change: Callable[[str], str]) -> None:
    for name in [column.name for column in table.itercols() if column.dtype.kind == "U"]:
        table[name] = np.array([change(str(value)) for value in table[name]], dtype=np.str_).astype("U")


def _ecsv(table: Table) -> bytes:
    text = io.StringIO()
    table.write(text, format="ascii.ecsv", delimiter=",")
    return text.getvalue().encode()


def _votable(table: Table) -> bytes:
    votable = from_table(table)
    votable.description = "Trails of moving objects in images of the Hubble Space Telescope, validated by the team."
    resource = votable.resources[0]
    resource.coordinate_systems.append(CooSys(ID="icrs", system="ICRS"))
    resource.time_systems.append(
        TimeSys(
            ID="utc",
            timeorigin=MJD_ZERO_JD,
            timescale="UTC",
            refposition="UNKNOWN",
            config={"version": "1.4", "version_1_4_or_later": True},
        )
    )
    for name, value in table.meta.items():
        resource.infos.append(Info(name=name, value=str(value)))
    for described in resource.tables[0].fields:
        if described.ucd and described.ucd.startswith("pos.eq"):
            described.ref = "icrs"
        if described.name.endswith("_mjd"):
            described.ref = "utc"
    content = io.BytesIO()
    votable.to_xml(content)
    return content.getvalue()


def _fits(table: Table) -> bytes:
    # A FITS table holds ASCII only.
    _change_text(table, lambda value: value.encode("ascii", "backslashreplace").decode())
    hdu = fits.table_to_hdu(table)
    hdu.name = "CATALOGUE"
    for number, column in enumerate(COLUMNS, start=1):
        hdu.header[f"TUCD{number}"] = column.ucd
        hdu.header[f"TCOMM{number}"] = column.description
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(content, checksum=True)
    return content.getvalue()


@contextmanager
def file_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that appears under its name only when it is complete; what lay there stays until then."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
