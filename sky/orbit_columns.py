"""The fixed columns of the two large catalogues of orbits, read many lines at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sky.designations import designation_unpacked, epoch_unpacked
from sky.times import mjd_from_calendar

Floats = NDArray[np.float64]
_MPCORB = re.compile(r"\S{5}.. .{12}[I-L]\d\d[1-9A-C][1-9A-V] +\d")
_ASTORB = re.compile(r".{106}\d{8} +\d+\.\d+ +\d+\.\d+ +\d+\.\d+ +\d+\.\d+ +\d+\.\d+ +\d+\.\d+ ")
RUNOFF_ARCSEC_DECADE = (1.0, 4.4, 19.6, 86.5, 382.0, 1692.0, 7488.0, 33121.0, 146502.0, 648000.0)
"""Most that the longitude runs off in ten years for U = 0 … 9 (minorplanetcenter.net/iau/info/UValue.html)."""
AT_EPOCH_ARCSEC = 0.5
"""How well a place is known near the epoch, of which U says nothing."""
UNKNOWN_U = 7
"""For orbits without U: those of one short arc."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Elements of n orbits, heliocentric ecliptic J2000, and what else :class:`sky.orbits.Orbits` keeps."""

    designation: NDArray[np.str_]
    epoch: Floats
    a_au: Floats
    e: Floats
    incl_deg: Floats
    node_deg: Floats
    peri_deg: Floats
    anomaly_deg: Floats
    h: Floats
    g: Floats
    sigma_arcsec: Floats
    drift_arcsec_year: Floats

    def take(self, chosen: NDArray[np.bool_]) -> Columns:
        """The chosen ones."""
        return Columns(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def empty(cls) -> Columns:
        """No orbit."""
        return cls(np.array([], dtype=np.str_), *(np.empty(0) for _ in range(11)))


def is_mpcorb(line: str) -> bool:
    """Whether a line is an orbit in MPCORB's columns."""
    return len(line) > 102 and _MPCORB.match(line) is not None


def is_astorb(line: str) -> bool:
    """Whether a line is an orbit in astorb's columns."""
    return _ASTORB.match(line) is not None


def mpcorb_columns(lines: Sequence[str]) -> Columns:
    """Elements of lines in MPCORB's columns (minorplanetcenter.net/iau/info/MPOrbitFormat.html); TT serves as TDB."""
    table = _Table(lines, 106)
    epochs, which = np.unique(table.text(20, 25), return_inverse=True)
    epoch = np.array([epoch_unpacked(text) for text in epochs])[which]
    designation = np.array([designation_unpacked(text) for text in table.text(0, 7)])
    letter = np.char.strip(table.text(105, 106))
    grade = np.array([int(one) if one.isdigit() else UNKNOWN_U for one in letter])
    drift = np.array(RUNOFF_ARCSEC_DECADE)[grade] / 10
    return Columns(
        designation, epoch, table.number(92, 103), table.number(70, 79), table.number(59, 68), table.number(48, 57),
        table.number(37, 46), table.number(26, 35), table.number(8, 13), table.number(14, 19),
        np.full(len(lines), AT_EPOCH_ARCSEC), drift,
    )  # fmt: skip


def astorb_columns(lines: Sequence[str]) -> Columns:
    """Elements of lines in astorb's columns (asteroid.lowell.edu/main/astorb); uncertainty by its CEU and rate."""
    table = _Table(lines, 106)
    tail = [line[106:].split() for line in lines]
    epoch = np.array([_calendar(parts[0]) for parts in tail])
    anomaly, peri, node, incl, e, a = np.array([[float(x) for x in parts[1:7]] for parts in tail]).T
    ceu = np.array([[_float(x) for x in (parts[8:10] + ["", ""])[:2]] for parts in tail])
    computed = np.array([_calendar(parts[7]) if len(parts) > 7 else np.nan for parts in tail])
    number, name = np.char.strip(table.text(0, 6)), np.char.strip(table.text(7, 26))
    drift = np.where(np.isfinite(ceu[:, 1]), np.abs(ceu[:, 1]) * 365.25, RUNOFF_ARCSEC_DECADE[UNKNOWN_U] / 10)
    # CEU belongs to its own date; brought back to the epoch it must not fall below what any place is good to.
    elapsed = np.nan_to_num(np.abs(computed - epoch)) / 365.25
    sigma = np.maximum(np.nan_to_num(ceu[:, 0], nan=AT_EPOCH_ARCSEC) - drift * elapsed, AT_EPOCH_ARCSEC)
    return Columns(
        np.where(number != "", number, name), epoch, a, e, incl, node, peri, anomaly,
        table.number(42, 47), table.number(48, 53), sigma, drift,
    )  # fmt: skip


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _calendar(text: str) -> float:
    try:
        return mjd_from_calendar(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return float("nan")


class _Table:
    """Lines as a table of characters, so that a column of numbers is one call."""

    def __init__(self, lines: Sequence[str], width: int) -> None:
        # Anything but ASCII becomes one character, or the columns behind it would move.
        padded = [line[:width].rstrip("\r\n").ljust(width).encode("ascii", "replace") for line in lines]
        self._bytes = np.frombuffer(b"".join(padded), dtype="S1").reshape(len(lines), width)

    def text(self, first: int, last: int) -> NDArray[np.str_]:
        """The characters of a column, from the first and before the last, counted from 0."""
        block = np.ascontiguousarray(self._bytes[:, first:last])
        return np.asarray(block.view(f"S{last - first}").ravel().astype(f"U{last - first}"))

    def number(self, first: int, last: int) -> Floats:
        """A column of numbers, NaN where there is none."""
        text = np.char.strip(self.text(first, last))
        try:
            return np.where(text == "", "nan", text).astype(np.float64)
        except ValueError:
            return np.array([_float(one) for one in text])
