"""The whole sky in Mollweide's projection, for templates to draw as SVG: figures only, no markup.

Right ascension grows to the left, with 0 h in the middle; the ecliptic is a line of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WIDTH, HEIGHT = 720, 360
MOST_POINTS = 5000
_WRAP = 60.0  # a longer step between neighbours of a line leads around the back of the sky


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map."""

    x: float
    y: float
    group: str
    label: str


@dataclass(frozen=True, slots=True)
class SkyMap:
    """Places, the grid and the ecliptic as SVG paths. ``left_out`` places are too many to draw."""

    width: int
    height: int
    spots: list[Spot]
    grid: list[str]
    ecliptic: str
    left_out: int


def mollweide(lon_deg: Floats, lat_deg: Floats) -> tuple[Floats, Floats]:
    """Mollweide's equal-area projection onto x in -2..2 and y in -1..1 (in units of the half height).

    Parameters
    ----------
    lon_deg, lat_deg : (n,) longitude (any; taken to -180..180) and latitude, degrees

    Source: Snyder 1987, USGS Professional Paper 1395, equations 31-1 to 31-4.
    """
    lon = np.radians((np.asarray(lon_deg, float) + 180) % 360 - 180)
    lat = np.radians(np.asarray(lat_deg, float))
    theta = lat.copy()
    for _ in range(30):  # Newton's iteration on 2t + sin 2t = pi sin(lat); at the poles it converges slowly
        slope = np.maximum(2 + 2 * np.cos(2 * theta), 1e-9)
        theta -= (2 * theta + np.sin(2 * theta) - np.pi * np.sin(lat)) / slope
    theta = np.where(np.abs(lat) > np.radians(89.9), np.sign(lat) * np.pi / 2, theta)
    return 2 / np.pi * lon * np.cos(theta), np.sin(theta)


def sky_map(places: Sequence[tuple[float, float, str, str]]) -> SkyMap:
    """Lay out places (RA, Dec in degrees, group, label) with a grid and the ecliptic."""
    shown = places[:MOST_POINTS]
    x, y = _on_map(np.array([p[0] for p in shown]), np.array([p[1] for p in shown])) if shown else (_NONE, _NONE)
    spots = [
        Spot(float(at_x), float(at_y), group, label)
        for at_x, at_y, (_, _, group, label) in zip(x.tolist(), y.tolist(), shown, strict=True)
    ]
    return SkyMap(WIDTH, HEIGHT, spots, _grid(), _ecliptic(), len(places) - len(shown))


def _on_map(ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, Floats]:
    x, y = mollweide(-ra_deg, dec_deg)  # RA grows to the left
    return np.round((x + 2) / 4 * WIDTH, 1), np.round((1 - y) / 2 * HEIGHT, 1)


def _grid() -> list[str]:
    fine = np.linspace(-89.99, 89.99, 73)
    meridians = [_path(np.full_like(fine, ra), fine) for ra in (-179.999, -120, -60, 0, 60, 120, 179.999)]
    across = np.linspace(-179.999, 179.999, 73)
    return meridians + [_path(across, np.full_like(across, dec)) for dec in (-60, -30, 0, 30, 60)]


def _ecliptic() -> str:
    lon = np.linspace(0, 360, 145)
    places = SkyCoord(lon * u.deg, np.zeros_like(lon) * u.deg, frame=BarycentricMeanEcliptic(equinox="J2000")).icrs
    return _path(places.ra.deg, places.dec.deg)


def _path(ra_deg: Floats, dec_deg: Floats) -> str:
    x, y = _on_map(ra_deg, dec_deg)
    parts = [f"M{x[0]:g} {y[0]:g}"]
    for before, at_x, at_y in zip(x[:-1], x[1:], y[1:], strict=True):
        parts.append(f"{'M' if abs(at_x - before) > _WRAP else 'L'}{at_x:g} {at_y:g}")
    return "".join(parts)


_NONE = np.zeros(0)
