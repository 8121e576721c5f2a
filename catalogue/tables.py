"""Tables as files of the formats astronomers use, each saying what its columns hold; written by astropy.

In FITS the UCDs stand in TUCDn, descriptions in TCOMMn.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import CooSys, Info, TimeSys
from astropy.table import MaskedColumn, Table

from catalogue.columns import COUNT, REAL, SHORT, TEXT, TRUTH
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


class Describes(Protocol):
    """What a column says of itself."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def ucd(self) -> str: ...
    @property
    def description(self) -> str: ...


DTYPES = {REAL: np.float64, COUNT: np.int32, SHORT: np.int16, TRUTH: np.bool_}
EMPTY = {REAL: np.nan, COUNT: -1, SHORT: -1, TRUTH: False}


def table_of(columns: Sequence[Describes], rows: Sequence[Sequence[Any]], meta: dict[str, Any]) -> Table:
    """A table with unit, UCD and description of each column; what is None in a row is masked."""
    table = Table(masked=True)
    for index, column in enumerate(columns):
        table.add_column(_column(column, [row[index] for row in rows]))
    table.meta = meta | {"ROWS": len(table), "FRAME": "ICRS", "TIMESCAL": "UTC"}
    return table


def table_bytes(fmt: str, table: Table) -> bytes:
    """A table as the content of a file of one of ``FORMATS``; the table's texts may be changed on the way."""
    return {"csv": _csv, "ecsv": _ecsv, "votable": _votable, "fits": _fits}[fmt](table)


def _column(column: Describes, values: list[Any]) -> MaskedColumn:
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


def _csv(table: Table) -> bytes:
    _change_text(table, formula_safe)
    text = io.StringIO()
    table.write(text, format="ascii.csv")
    return text.getvalue().encode()


def _change_text(table: Table, change: Callable[[str], str]) -> None:
    for column in [column for column in table.itercols() if column.dtype.kind == "U"]:
        data = np.array([change(str(value)) for value in column], dtype=np.str_).astype("U")
        kept = MaskedColumn(data, name=column.name, description=column.description, meta=column.meta)
        table.replace_column(column.name, kept)


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


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def _fits(table: Table) -> bytes:
    # FITS holds ASCII only, in its tables and headers: astropy would leave out what is not.
    _change_text(table, _ascii)
    table.meta = {name: _ascii(value) if isinstance(value, str) else value for name, value in table.meta.items()}
    hdu = fits.table_to_hdu(table)
    hdu.name = "CATALOGUE"
    for number, column in enumerate(table.itercols(), start=1):
        hdu.header[f"TUCD{number}"] = column.meta["ucd"]
        hdu.header[f"TCOMM{number}"] = column.description
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(content, checksum=True)
    return content.getvalue()
