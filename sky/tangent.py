"""The tangent plane at a place in the sky, in arcseconds east and north."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sky.hst import ARCSEC_PER_RADIAN, direction

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TangentPlane:
    """Gnomonic projection about (RA, Dec) in degrees. Offsets are (n, 2): east and north, in arcseconds."""

    ra_deg: float
    dec_deg: float

    @property
    def axes(self) -> Floats:
        """Rows: unit vectors (3, 3) towards east, north and the place itself, equatorial."""
        ra, dec = np.radians(self.ra_deg), np.radians(self.dec_deg)
        east = [-np.sin(ra), np.cos(ra), 0.0]
        north = [-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)]
        return np.array([east, north, direction(self.ra_deg, self.dec_deg)])

    def offsets_arcsec(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> Floats:
        """Offsets (n, 2) of places; NaN for what lies a quarter of the sky away or more."""
        ra, dec = np.radians(np.atleast_1d(ra_deg)), np.radians(np.atleast_1d(dec_deg))
        unit = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]) @ self.axes.T
        ahead = np.where(unit[:, 2] > 1e-6, unit[:, 2], np.nan)
        return np.asarray(unit[:, :2] / ahead[:, None] * ARCSEC_PER_RADIAN)

    def places_deg(self, offsets_arcsec: ArrayLike) -> Floats:
        """RA (0-360) and Dec (n, 2) in degrees of offsets (n, 2)."""
        offsets = np.atleast_2d(np.asarray(offsets_arcsec, dtype=np.float64)) / ARCSEC_PER_RADIAN
        x, y, z = (np.column_stack([offsets, np.ones(len(offsets))]) @ self.axes).T
        return np.column_stack([np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))])


def plane_about(ra_deg: ArrayLike, dec_deg: ArrayLike) -> TangentPlane:
    """The plane that touches the sky at the mean direction of some places."""
    ra, dec = np.radians(np.atleast_1d(ra_deg)), np.radians(np.atleast_1d(dec_deg))
    x, y, z = np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)
    mean = np.array([x.mean(), y.mean(), z.mean()])
    return TangentPlane(
        float(np.degrees(np.arctan2(mean[1], mean[0])) % 360),
        float(np.degrees(np.arctan2(mean[2], np.hypot(mean[0], mean[1])))),
    )
