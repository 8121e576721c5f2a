"""Where the Hubble Space Telescope is, to the accuracy of a circular orbit, and the parallax this causes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

AU_KM = 149_597_870.7
"""IAU 2012 Resolution B2."""
GM_EARTH_KM3_S2 = 398_600.4418
"""IERS Conventions 2010, table 1.1."""
EARTH_RADIUS_KM = 6378.137
ORBIT_RADIUS_KM = 6909.0
"""Kruk et al. 2023 (Nature Astronomy 7, 262): HST's distance from the Earth's centre."""
ORBIT_INCLINATION_DEG = 28.47
ORBIT_PERIOD_S = 2 * math.pi * math.sqrt(ORBIT_RADIUS_KM**3 / GM_EARTH_KM3_S2)
ARCSEC_PER_RADIAN = 206_264.80624709636
SECONDS_PER_DAY = 86_400.0


def hst_position_km(
    mjd_utc: ArrayLike, *, node_deg: float, phase_deg: float, epoch_mjd_utc: float
) -> NDArray[np.float64]:
    """Geocentric equatorial position of HST on a circular orbit.

    Parameters
    ----------
    mjd_utc : times, Modified Julian Date UTC, shape (n,) or scalar
    node_deg : right ascension of the ascending node (it regresses by 6-7 degrees a day; give the day's)
    phase_deg : angle from the node along the orbit at ``epoch_mjd_utc``
    epoch_mjd_utc : time to which ``phase_deg`` belongs

    Returns
    -------
    (n, 3) array in km, axes of the equator and equinox of the ICRF (precession since 2000, up to 0.15
    degrees, is far below what a free phase leaves open).
    """
    seconds = (np.atleast_1d(np.asarray(mjd_utc, dtype=np.float64)) - epoch_mjd_utc) * SECONDS_PER_DAY
    angle = math.radians(phase_deg) + 2 * math.pi * seconds / ORBIT_PERIOD_S
    node, tilt = math.radians(node_deg), math.radians(ORBIT_INCLINATION_DEG)
    along, across = np.cos(angle), np.sin(angle)
    x = math.cos(node) * along - math.sin(node) * math.cos(tilt) * across
    y = math.sin(node) * along + math.cos(node) * math.cos(tilt) * across
    return ORBIT_RADIUS_KM * np.column_stack([x, y, math.sin(tilt) * across])


def direction(ra_deg: float, dec_deg: float) -> NDArray[np.float64]:
    """Unit vector (3,) towards a place in the sky."""
    ra, dec = math.radians(ra_deg), math.radians(dec_deg)
    return np.array([math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec)])


def parallax_factors(position_km: NDArray[np.float64], ra_deg: float, dec_deg: float) -> NDArray[np.float64]:
    """P = -(r.e_alpha, r.e_delta)/au: shift east and north, in radians, of an object at 1 au.

    ``position_km`` is (n, 3), the observer from the Earth's centre; the result is (n, 2). Multiply by
    1/distance in au (and by ARCSEC_PER_RADIAN) for the shift on the sky.
    """
    ra, dec = math.radians(ra_deg), math.radians(dec_deg)
    east = np.array([-math.sin(ra), math.cos(ra), 0.0])
    north = np.array([-math.sin(dec) * math.cos(ra), -math.sin(dec) * math.sin(ra), math.cos(dec)])
    return -np.column_stack([position_km @ east, position_km @ north]) / AU_KM


def earth_hides(position_km: NDArray[np.float64], ra_deg: float, dec_deg: float) -> NDArray[np.bool_]:
    """Whether the Earth stands before a place in the sky, for each (n, 3) position of the telescope."""
    along = position_km @ direction(ra_deg, dec_deg)
    beside_squared = np.sum(position_km**2, axis=1) - along**2
    return np.asarray((along < 0) & (beside_squared < EARTH_RADIUS_KM**2), dtype=np.bool_)
