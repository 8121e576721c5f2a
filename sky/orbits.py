"""Catalogues of orbits: what is known of each object, from a file of any of three formats.

MPCORB's fixed columns (Minor Planet Center), astorb's (Lowell Observatory), or CSV with the columns
``designation,epoch_mjd_tdb,a_au,e,incl_deg,Omega_deg,w_deg,M_deg`` and, if known, ``H``, ``G``. Elements are
heliocentric, of the ecliptic and equinox J2000.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sky.kepler import states_of_elements
from sky.orbit_columns import Columns, astorb_columns, is_astorb, is_mpcorb, mpcorb_columns
from sky.phase import SLOPE_G

Floats = NDArray[np.float64]
CHUNK_LINES = 50_000
CSV_COLUMNS = ("designation", "epoch_mjd_tdb", "a_au", "e", "incl_deg", "Omega_deg", "w_deg", "M_deg")


class OrbitFileFault(ValueError):
    """A file of orbits cannot be used; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True, eq=False)
class Orbits:
    """Objects of a catalogue, n of them.

    ``state`` (6, n): heliocentric, ICRF, au and au/day, at ``epoch`` (n,), MJD TDB. ``h`` and ``g``: absolute
    magnitude (NaN where unknown) and slope. ``sigma_arcsec``, ``drift_arcsec_year``: how well the place is known
    at the epoch, and how it gets worse by the year, along the orbit as seen from 1 au.
    """

    designation: NDArray[np.str_]
    epoch: Floats
    state: Floats
    h: Floats
    g: Floats
    sigma_arcsec: Floats
    drift_arcsec_year: Floats

    def __len__(self) -> int:
        return len(self.designation)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Orbits:
        """The chosen ones, in that order."""
        return Orbits(
            self.designation[chosen], self.epoch[chosen], self.state[:, chosen], self.h[chosen], self.g[chosen],
            self.sigma_arcsec[chosen], self.drift_arcsec_year[chosen],
        )  # fmt: skip

    def spread_arcsec(self, mjd_tdb: float) -> Floats:
        """One sigma (n,) along the orbit at a time, seen from 1 au."""
        years = np.abs(mjd_tdb - self.epoch) / 365.25
        return np.asarray(self.sigma_arcsec + self.drift_arcsec_year * years)


def orbits_joined(parts: Iterable[Orbits]) -> Orbits:
    """All objects of several catalogues, one after the other."""
    each = list(parts)
    if not each:
        return orbits_of(Columns.empty())
    names = ("designation", "epoch", "h", "g", "sigma_arcsec", "drift_arcsec_year")
    joined = {name: np.concatenate([getattr(part, name) for part in each]) for name in names}
    return replace(each[0], state=np.concatenate([part.state for part in each], axis=1), **joined)


def orbits_of(columns: Columns) -> Orbits:
    """Orbits of their elements."""
    state = states_of_elements(
        columns.a_au, columns.e, columns.incl_deg, columns.node_deg, columns.peri_deg, columns.anomaly_deg
    )
    g = np.where(np.isfinite(columns.g), columns.g, SLOPE_G)
    return Orbits(
        columns.designation, columns.epoch, state, columns.h, g, columns.sigma_arcsec, columns.drift_arcsec_year
    )


def read_orbits(path: str | Path, *, skipped: list[str] | None = None) -> Iterator[Orbits]:
    """Orbits of a file, some ten thousand at a time; the format is seen from its first lines.

    Parameters
    ----------
    path : the file
    skipped : filled with a sentence for each line that is no usable orbit, while others are

    Raises
    ------
    OrbitFileFault
        The file cannot be read, is of no known format, or holds no orbit.
    """
    faults: list[str] = []
    found = 0
    try:
        with Path(path).open(encoding="utf-8", errors="replace", newline="") as source:
            for columns in _chunks(source, Path(path).name, faults):
                orbits = orbits_of(columns)
                found += len(orbits)
                yield orbits
    except OSError as error:
        raise OrbitFileFault(f"{path}: the file cannot be read ({error.strerror}).") from error
    if not found:
        raise OrbitFileFault(f"{path}: it holds no usable orbit. {faults[0] if faults else ''}".strip())
    if skipped is not None:
        skipped.extend(faults)


def _chunks(source: Iterable[str], name: str, faults: list[str]) -> Iterator[Columns]:
    lines = iter(source)
    head = list(itertools.islice(lines, 200))
    everything = itertools.chain(head, lines)
    first = head[0].lstrip("\ufeff") if head else ""
    if first.lower().startswith("designation") and "," in first:
        yield from _csv_chunks(itertools.chain([first], itertools.islice(everything, 1, None)), name, faults)
        return
    for wanted, read in ((is_mpcorb, mpcorb_columns), (is_astorb, astorb_columns)):
        if any(wanted(line) for line in head):
            orbits = enumerate(everything, 1)
            while chunk := [(number, line) for number, line in itertools.islice(orbits, CHUNK_LINES)]:
                kept = [(number, line) for number, line in chunk if wanted(line)]
                # What stands before the first orbit is the file's heading.
                faults.extend(
                    f"Line {number} is no orbit."
                    for number, line in chunk
                    if number > len(head) and line.strip() and not wanted(line)
                )
                if kept:
                    yield _sane(read([line for _, line in kept]), [number for number, _ in kept], faults)
            return
    raise OrbitFileFault(f"{name}: this is neither MPCORB, nor astorb, nor CSV with {','.join(CSV_COLUMNS)}.")


def _csv_chunks(lines: Iterable[str], name: str, faults: list[str]) -> Iterator[Columns]:
    reader = csv.DictReader(lines)
    names = [column.strip() for column in reader.fieldnames or []]
    reader.fieldnames = names
    if missing := [column for column in CSV_COLUMNS if column not in names]:
        raise OrbitFileFault(f"{name}: the column {missing[0]} is missing.")
    while rows := list(itertools.islice(reader, CHUNK_LINES)):
        first = reader.line_num - len(rows) + 1
        values = [[_number(row.get(column)) for column in (*CSV_COLUMNS[1:], "H", "G")] for row in rows]
        designation = np.array([(row["designation"] or "").strip() for row in rows])
        epoch, a, e, incl, node, peri, anomaly, h, g = np.array(values).T
        nothing = np.zeros(len(rows))
        columns = Columns(designation, epoch, a, e, incl, node, peri, anomaly, h, g, nothing, nothing)
        yield _sane(columns, list(range(first, first + len(rows))), faults)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _sane(columns: Columns, numbers: list[int], faults: list[str]) -> Columns:
    """Without what is no orbit: a fault for each such line."""
    elements = np.stack([columns.epoch, columns.a_au, columns.e, columns.incl_deg, columns.node_deg,
                         columns.peri_deg, columns.anomaly_deg])  # fmt: skip
    good = np.isfinite(elements).all(axis=0) & (columns.e >= 0) & (columns.a_au * (1 - columns.e) > 1e-4)
    faults.extend(f"Line {numbers[index]} is no usable orbit." for index in np.flatnonzero(~good))
    return columns.take(good)
