"""Where HST was: from a file of state vectors, from two-line elements, from a support file's header, or roughly.

Each of these gives ``position_km(mjd_utc)``, (n, 3) from the Earth's centre in the axes of the ICRF, and
``error_km(mjd_utc)``, (n,), how wrong that may be (one sigma). The best one for a time is chosen by `best`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sgp4.api import Satrec, SatrecArray

from sky.csv_tables import TableFault, read_table
from sky.hst import ORBIT_RADIUS_KM
from sky.observer_table import ObserverTable
from sky.times import MJD_ZERO, SECONDS_PER_DAY, tt_from_utc

Floats = NDArray[np.float64]
_AGE_DAYS, _ERROR_KM = (0.0, 1.0, 3.0, 5.0, 10.0, 20.0), (0.3, 0.4, 2.0, 6.0, 29.0, 186.0)
"""Of positions of HST from two-line elements of an age (measured on sets of 2023 against later ones)."""
_SPT_ERROR_KM = 2.0
_SAME_TIME_S = 0.05
"""In which HST goes 0.4 km."""
_SPT_EPOCH_MJD = 46_066.0
"""1985 January 1, which the headers count seconds from."""
SPT_KEYWORDS = (
    "EPCHTIME", "MEANANOM", "FDMEANAN", "SDMEANAN", "ECCENTRY", "ECCENTX2", "ECBDX3", "ECBDX4D3", "ESQDX5D2",
    "ARGPERIG", "RCARGPER", "RASCASCN", "RCASCNRV", "COSINCLI", "SINEINCL", "SEMILREC",
)  # fmt: skip


class ObserverFault(ValueError):
    """A file does not tell where the telescope was; the message is one sentence for a person."""


class HubbleOrbit(Protocol):
    """Tells where HST was."""

    @property
    def source(self) -> str: ...

    def position_km(self, mjd_utc: ArrayLike) -> Floats: ...

    def error_km(self, mjd_utc: ArrayLike) -> Floats: ...


def best(orbits: Sequence[HubbleOrbit], mjd_utc: ArrayLike) -> HubbleOrbit:
    """The one that is least wrong at the worst of some times; `Unknown` where none covers all of them."""
    each: list[HubbleOrbit] = [*orbits, Unknown()]
    return min(each, key=lambda orbit: float(np.max(orbit.error_km(mjd_utc))))


@dataclass(frozen=True, slots=True)
class Unknown:
    """The Earth's centre, for when nothing is known: HST is 6,909 km from it in some direction.

    A free phase has no better mean. It shifts an object at 1 au by up to 9.5 arcseconds.
    """

    source: str = "none: the Earth's centre"

    def position_km(self, mjd_utc: ArrayLike) -> Floats:
        """Zeros, (n, 3)."""
        return np.zeros((np.size(mjd_utc), 3))

    def error_km(self, mjd_utc: ArrayLike) -> Floats:
        """The orbit's radius, over the root of three for each axis."""
        return np.full(np.size(mjd_utc), ORBIT_RADIUS_KM)


@dataclass(frozen=True, slots=True, eq=False)
class StateVectors:
    """Positions at given times, with an interpolation between where the rows are close enough."""

    table: ObserverTable
    source: str = "state vectors"

    def position_km(self, mjd_utc: ArrayLike) -> Floats:
        """Positions (n, 3): the row of a time itself, else between rows, else NaN."""
        at = np.atleast_1d(np.asarray(mjd_utc, dtype=np.float64))
        return np.concatenate([self._one(time) for time in at])

    def _one(self, time: float) -> Floats:
        row = int(np.argmin(np.abs(self.table.mjd_utc - time)))
        if abs(self.table.mjd_utc[row] - time) * SECONDS_PER_DAY < _SAME_TIME_S:
            return self.table.position_km[row : row + 1]
        try:
            return self.table(np.array([time]))
        except ValueError:  # no rows around this time
            return np.full((1, 3), np.nan)

    def error_km(self, mjd_utc: ArrayLike) -> Floats:
        """A tenth of a kilometre, and infinite where there is no position."""
        return np.where(np.isfinite(self.position_km(mjd_utc)[:, 0]), 0.1, np.inf)


def read_state_vectors(path: str | Path) -> StateVectors:
    """Positions of a CSV file ``mjd_utc,x_km,y_km,z_km``, put in order of time; of equal times the first counts.

    Raises
    ------
    ObserverFault
        The file cannot be read, lacks a column, or holds what is no number.
    """
    times, places = read_observer(path)
    _, first = np.unique(times, return_index=True)
    return StateVectors(ObserverTable(times[first], places[first]), f"state vectors ({Path(path).name})")


def read_observer(path: str | Path) -> tuple[Floats, Floats]:
    """Times (m,) MJD UTC and positions (m, 3) km of ``mjd_utc,x_km,y_km,z_km``, in the order of the file.

    Raises
    ------
    ObserverFault
        The file cannot be read, lacks a column, or holds what is no number.
    """
    names = ("mjd_utc", "x_km", "y_km", "z_km")
    try:
        rows = read_table(Path(path), names)
        table = np.array([[row.number(name) for name in names] for row in rows])
    except TableFault as fault:
        raise ObserverFault(str(fault)) from fault
    return table[:, 0], table[:, 1:]


@dataclass(frozen=True, slots=True, eq=False)
class TwoLineElements:
    """Sets of two-line elements, each used for the times next to its epoch, with the SGP4 model they are made for."""

    satellites: list[Satrec]
    epochs_mjd_utc: Floats = field(init=False)
    source: str = "two-line elements"

    def __post_init__(self) -> None:
        epochs = np.array([one.jdsatepoch - MJD_ZERO + one.jdsatepochF for one in self.satellites])
        object.__setattr__(self, "epochs_mjd_utc", epochs)

    def _nearest(self, at: Floats) -> NDArray[np.int64]:
        middles = (self.epochs_mjd_utc[1:] + self.epochs_mjd_utc[:-1]) / 2
        return np.asarray(np.searchsorted(middles, at), dtype=np.int64)

    def position_km(self, mjd_utc: ArrayLike) -> Floats:
        """Positions (n, 3); NaN where the model fails."""
        at = np.atleast_1d(np.asarray(mjd_utc, dtype=np.float64))
        which = self._nearest(at)
        teme = np.full((len(at), 3), np.nan)
        for index in np.unique(which):
            of_set = which == index
            errors, place, _ = SatrecArray([self.satellites[index]]).sgp4(
                np.full(of_set.sum(), MJD_ZERO), np.ascontiguousarray(at[of_set])
            )
            teme[of_set] = np.where(errors[0][:, None] == 0, place[0], np.nan)
        return icrf_of_teme(teme, at)

    def error_km(self, mjd_utc: ArrayLike) -> Floats:
        """By the age of the nearest set: 0.4 km at a day, 29 at ten; beyond twenty days of no use."""
        at = np.atleast_1d(np.asarray(mjd_utc, dtype=np.float64))
        age = np.abs(at - self.epochs_mjd_utc[self._nearest(at)])
        return np.where(age <= _AGE_DAYS[-1], np.interp(age, _AGE_DAYS, _ERROR_KM), np.inf)


def read_two_line_elements(path: str | Path) -> TwoLineElements:
    """The sets of a file, with or without lines of names between, in order of time.

    Raises
    ------
    ObserverFault
        The file cannot be read, or holds no pair of lines whose check sums are right.
    """
    try:
        lines = [line.rstrip() for line in Path(path).read_text(encoding="ascii", errors="replace").splitlines()]
    except OSError as error:
        raise ObserverFault(f"{path}: the file cannot be read.") from error
    satellites = []
    for first, second in zip(lines, lines[1:], strict=False):
        if first.startswith("1 ") and second.startswith("2 ") and _checked(first) and _checked(second):
            satellites.append(Satrec.twoline2rv(first[:69], second[:69]))
    if not satellites:
        raise ObserverFault(f"{path}: it holds no set of two-line elements whose check sums are right.")
    satellites.sort(key=lambda one: one.jdsatepoch + one.jdsatepochF)
    return TwoLineElements(satellites, source=f"two-line elements ({Path(path).name})")


def _checked(line: str) -> bool:
    digits = sum(int(one) if one.isdigit() else one == "-" for one in line[:68])
    return len(line) >= 69 and line[68].isdigit() and digits % 10 == int(line[68])


def icrf_of_teme(teme: Floats, mjd_utc: Floats) -> Floats:
    """Positions (n, 3) turned from the true equator and mean equinox of date (SGP4's) to the ICRF.

    By the equation of the equinoxes, nutation (IAU 1980) and precession (IAU 1976); the 0.02 arcseconds between
    the axes of J2000 and of the ICRF are a metre at HST. Forgetting this would be 38 km.
    """
    tt = tt_from_utc(mjd_utc)
    equinoxes = np.asarray(erfa.eqeq94(MJD_ZERO, tt))
    cos, sin = np.cos(equinoxes), np.sin(equinoxes)
    x, y, z = teme.T
    of_date = np.column_stack([cos * x - sin * y, sin * x + cos * y, z])
    return np.asarray(np.einsum("nji,nj->ni", erfa.pnm80(MJD_ZERO, tt), of_date))


@dataclass(frozen=True, slots=True, eq=False)
class HeaderElements:
    """The orbit that HST's own computer used, from the primary header of a dataset's support file (``_spt.fits``).

    Formula of Ake (1994, ADASS IV, ASP Conf. 77, 464): an ellipse with a turning node and perigee and the equation
    of the centre to the third order. Good within a day or two of the exposure that it comes with.
    """

    elements: Mapping[str, float]
    source: str = "support file"

    @property
    def epoch_mjd_utc(self) -> float:
        """The time its elements belong to."""
        return _SPT_EPOCH_MJD + self.elements["EPCHTIME"] / SECONDS_PER_DAY

    def position_km(self, mjd_utc: ArrayLike) -> Floats:
        """Positions (n, 3)."""
        el = self.elements
        seconds = (np.atleast_1d(np.asarray(mjd_utc, dtype=np.float64)) - _SPT_EPOCH_MJD) * SECONDS_PER_DAY
        since = seconds - el["EPCHTIME"]
        turn = 2 * math.pi
        mean = el["MEANANOM"] + turn * (el["FDMEANAN"] * since + 0.5 * el["SDMEANAN"] * since**2)
        sin_m, cos_m = np.sin(mean), np.cos(mean)
        true = mean + sin_m * (
            el["ECCENTX2"] + el["ECBDX3"] * cos_m**2 - el["ECBDX4D3"] * sin_m**2 + el["ESQDX5D2"] * cos_m
        )
        radius_km = el["SEMILREC"] / (1 + el["ECCENTRY"] * np.cos(true)) / 1000
        along = turn * (el["ARGPERIG"] + el["RCARGPER"] * since) + true
        node = turn * (el["RASCASCN"] + el["RCASCNRV"] * since)
        cos_f, sin_f, cos_n, sin_n = np.cos(along), np.sin(along), np.cos(node), np.sin(node)
        unit = np.column_stack(
            [
                cos_n * cos_f - el["COSINCLI"] * sin_n * sin_f,
                sin_n * cos_f + el["COSINCLI"] * cos_n * sin_f,
                el["SINEINCL"] * sin_f,
            ]
        )
        return np.asarray(unit * radius_km[:, None])

    def error_km(self, mjd_utc: ArrayLike) -> Floats:
        """A few kilometres near its epoch, growing; of no use after a week."""
        age = np.abs(np.atleast_1d(np.asarray(mjd_utc, dtype=np.float64)) - self.epoch_mjd_utc)
        return np.where(age <= 7.0, _SPT_ERROR_KM * (1 + age**2), np.inf)


def header_elements(header: Mapping[str, object], name: str = "support file") -> HeaderElements:
    """The orbit in the primary header of a support file.

    Raises
    ------
    ObserverFault
        An element is missing or no number.
    """
    elements = {}
    for keyword in SPT_KEYWORDS:
        value = header.get(keyword)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ObserverFault(f"{name}: its header has no usable {keyword}.")
        elements[keyword] = float(value)
    return HeaderElements(elements, name)
