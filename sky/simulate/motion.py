"""How an asteroid moves across an exposure, seen from HST."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sky.hst import ARCSEC_PER_RADIAN, SECONDS_PER_DAY, earth_hides, hst_position_km, parallax_factors


@dataclass(frozen=True, slots=True)
class Orbit:
    """HST's circular orbit on one day: node, and angle from it at ``epoch_mjd_utc``."""

    node_deg: float
    phase_deg: float
    epoch_mjd_utc: float

    def position_km(self, mjd_utc: NDArray[np.float64]) -> NDArray[np.float64]:
        return hst_position_km(
            mjd_utc, node_deg=self.node_deg, phase_deg=self.phase_deg, epoch_mjd_utc=self.epoch_mjd_utc
        )


def visible_orbit(rng: np.random.Generator, start_mjd: float, end_mjd: float, ra_deg: float, dec_deg: float) -> Orbit:
    """A random orbit from which the Earth does not hide the field during the exposure."""
    times = np.linspace(start_mjd, end_mjd, 7)
    orbit = Orbit(0.0, 0.0, start_mjd)
    for _ in range(200):
        orbit = Orbit(float(rng.uniform(0, 360)), float(rng.uniform(0, 360)), start_mjd)
        if not earth_hides(orbit.position_km(times), ra_deg, dec_deg).any():
            break
    return orbit


def offset_sky(
    ra_deg: float, dec_deg: float, east_arcsec: NDArray[np.float64], north_arcsec: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """RA and Dec (degrees) of offsets in the tangent plane at a place (inverse gnomonic projection)."""
    xi, eta = np.asarray(east_arcsec) / ARCSEC_PER_RADIAN, np.asarray(north_arcsec) / ARCSEC_PER_RADIAN
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    below = np.cos(dec) - eta * np.sin(dec)
    out_ra = ra + np.arctan2(xi, below)
    out_dec = np.arctan2((np.sin(dec) + eta * np.cos(dec)) * np.cos(out_ra - ra), below)
    return np.degrees(out_ra) % 360.0, np.degrees(out_dec)


def asteroid_offsets(
    mjd_utc: NDArray[np.float64],
    orbit: Orbit,
    ra_deg: float,
    dec_deg: float,
    *,
    motion_east: float,
    motion_north: float,
    distance_au: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Path (east, north) in arcseconds from the place at mid-exposure: theta = mu t + P(t)/distance.

    ``motion`` is the geocentric motion in arcsec/h; P is HST's parallax (see :mod:`sky.hst`).
    """
    middle = 0.5 * (mjd_utc[0] + mjd_utc[-1])
    hours = (mjd_utc - middle) * SECONDS_PER_DAY / 3600.0
    times = np.append(mjd_utc, middle)
    shift = parallax_factors(orbit.position_km(times), ra_deg, dec_deg) * ARCSEC_PER_RADIAN / distance_au
    shift = shift[:-1] - shift[-1]
    return motion_east * hours + shift[:, 0], motion_north * hours + shift[:, 1]
