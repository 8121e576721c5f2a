"""Small CSV files with named columns, read whole; a fault names the file, the line and what is wrong."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path


class TableFault(ValueError):
    """A file cannot be used; the message says which, where and why."""


class Row:
    """One line of a table: columns by name, with their place for messages."""

    def __init__(self, values: dict[str, str], where: str) -> None:
        self._values, self.where = values, where

    def text(self, column: str) -> str:
        value = self._values[column].strip()
        if not value:
            raise TableFault(f"{self.where}: {column} is empty")
        return value

    def number(self, column: str, *, least: float = -math.inf, most: float = math.inf) -> float:
        value = self.text(column)
        try:
            number = float(value)
        except ValueError:
            raise TableFault(f"{self.where}: {column} is {value!r}, not a number") from None
        if not (math.isfinite(number) and least <= number <= most):
            raise TableFault(f"{self.where}: {column} is {value}, which is out of range")
        return number


def read_table(path: Path, columns: Sequence[str], *, optional: Sequence[str] = ()) -> list[Row]:
    """All lines of a CSV file that has these columns (in any order, among others); empty lines are left out.

    ``optional`` columns are empty text where the file has none.

    Raises
    ------
    TableFault
        The file cannot be read, is no UTF-8 text, lacks a column or any line, or a line is short.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.reader(handle, strict=True)
            header = [name.strip() for name in next(reader, [])]
            if missing := [name for name in columns if name not in header]:
                raise TableFault(f"{path}: no column {', '.join(missing)}; it needs {','.join(columns)}")
            if len(set(header)) < len(header):
                raise TableFault(f"{path}: a column comes twice")
            rows = []
            for values in reader:
                if not any(value.strip() for value in values):
                    continue
                where = f"{path}, line {reader.line_num}"
                if len(values) != len(header):
                    raise TableFault(f"{where}: {len(values)} values for {len(header)} columns")
                named = dict.fromkeys(optional, "") | dict(zip(header, values, strict=True))
                rows.append(Row(named, where))
    except OSError as error:
        raise TableFault(f"{path} could not be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableFault(f"{path} is no CSV file: {error}") from error
    if not rows:
        raise TableFault(f"{path} has no lines under its header")
    return rows
