"""Where the Earth is, to what parallaxes and phase angles need: the IAU's analytic theory, no files."""

from __future__ import annotations

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sky.times import MJD_ZERO, tt_from_utc


def earth_states(mjd_utc: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Heliocentric position (n, 3) in au and velocity (n, 3) in au/day of the Earth, axes of the ICRF.

    Theory of ERFA's ``epv00`` (Bretagnon and Francou 1988, adjusted to DE405): within 5 km and 2 mm/s (rms)
    of the numerical ephemeris 1900-2100. ``mjd_utc`` is (n,) or a scalar, which gives n = 1.
    """
    heliocentric, _ = erfa.epv00(MJD_ZERO, tt_from_utc(mjd_utc))
    return np.asarray(heliocentric["p"], dtype=np.float64), np.asarray(heliocentric["v"], dtype=np.float64)
