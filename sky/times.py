"""Clocks: UTC, which exposures are stamped with, and TDB, which the planets move by.

The two differ by about 69 seconds, in which the Earth goes 2,000 km and HST 500 km: an object at 1 au
appears up to 3 arcseconds off to who mixes them up. Names of variables say which clock they are of.
"""

from __future__ import annotations

import warnings
from datetime import date

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

MJD_ZERO = 2_400_000.5
SECONDS_PER_DAY = 86_400.0
_MJD_ZERO_ORDINAL = date(1858, 11, 17).toordinal()


def tt_from_utc(mjd_utc: ArrayLike) -> NDArray[np.float64]:
    """Terrestrial Time of UTC, as MJD, shape (n,); a scalar gives n = 1. Leap seconds as ERFA has them."""
    utc = np.atleast_1d(np.asarray(mjd_utc, dtype=np.float64))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # a year beyond the table of leap seconds takes the last
        tai = erfa.utctai(MJD_ZERO, utc)
        tt = erfa.taitt(*tai)
    return np.asarray((tt[0] - MJD_ZERO) + tt[1], dtype=np.float64)


def tdb_from_utc(mjd_utc: ArrayLike) -> NDArray[np.float64]:
    """Barycentric Dynamical Time of UTC, as MJD, shape (n,); a scalar gives n = 1."""
    return tdb_from_tt(tt_from_utc(mjd_utc))


def tdb_from_tt(mjd_tt: ArrayLike) -> NDArray[np.float64]:
    """Barycentric Dynamical Time of Terrestrial Time, at the Earth's centre (Fairhead and Bretagnon 1990)."""
    tt = np.atleast_1d(np.asarray(mjd_tt, dtype=np.float64))
    ahead_s = erfa.dtdb(MJD_ZERO, tt, 0.0, 0.0, 0.0, 0.0)
    return np.asarray(tt + np.asarray(ahead_s) / SECONDS_PER_DAY, dtype=np.float64)


def mjd_from_calendar(year: int, month: int, day: float) -> float:
    """MJD of a date of the Gregorian calendar, whatever the clock.

    Raises
    ------
    ValueError
        There is no such month or day.
    """
    whole = int(day)
    return date(year, month, whole).toordinal() - _MJD_ZERO_ORDINAL + (day - whole)
