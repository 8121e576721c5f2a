"""The files of ``manage.py satellite_fractions``: a table of exposures in, a table of fractions out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path

from sky.csv_tables import Row, TableFault, read_table
from sky.satellites import Exposure, Fraction

COLUMNS = ("instrument", "filter", "date", "exposure_s", "satellite", "satellites")
YES, NO = ("1", "true", "yes", "y"), ("0", "false", "no", "n")
FRACTION_COLUMNS = tuple(field.name for field in fields(Fraction))


def _year(row: Row) -> int:
    text = row.text("date")
    try:
        return int(text) if len(text) == 4 else date.fromisoformat(text[:10]).year
    except ValueError:
        raise TableFault(f"{row.where}: date is {text!r}, neither a year nor a date as 2016-03-09") from None


def _exposure(row: Row) -> Exposure:
    flag = row.text("satellite").lower()
    if flag not in YES + NO:
        raise TableFault(f"{row.where}: satellite is {flag!r}, neither 1 nor 0")
    number = row.number("satellites", least=0, most=1_000)
    if number != int(number) or (number > 0) != (flag in YES):
        raise TableFault(f"{row.where}: satellites is {number:g}, which does not go with satellite {flag}")
    return Exposure(
        instrument=row.text("instrument"),
        filter=row.text("filter"),
        year=_year(row),
        exposure_s=row.number("exposure_s", least=1e-6, most=1e6),
        crossed=flag in YES,
        satellites=int(number),
    )


def read_exposures(path: Path) -> list[Exposure]:
    """Exposures with the number of satellites in each.

    Raises
    ------
    TableFault
        See :func:`read_table`; or a value is none of its kind.
    """
    return [_exposure(row) for row in read_table(path, COLUMNS)]


def fractions_csv(table: Sequence[Fraction]) -> str:
    """The table as CSV, one row per group; numbers with six digits."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FRACTION_COLUMNS)
    for row in table:
        values = (getattr(row, name) for name in FRACTION_COLUMNS)
        writer.writerow([f"{value:.6g}" if isinstance(value, float) else value for value in values])
    return out.getvalue()
