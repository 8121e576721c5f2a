"""Which known objects are in a field: out of a million orbits, in a tenth of a second.

From the nearest checkpoint of the stored catalogue every object goes to the time of the exposure by a series,
good enough to leave a few hundred; these go along their ellipses; those in the cone around the field are carried
there under the pull of the planets, to both ends of the exposure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sky.ephemeris import Observer, Places, observer_at, places_seen
from sky.hst import ARCSEC_PER_RADIAN, direction
from sky.kepler import two_body
from sky.known_store import Catalogue
from sky.orbits import Orbits
from sky.planets import GM_SUN, planets_between
from sky.propagate import LIGHT_AU_PER_DAY, Journey
from sky.times import tdb_from_utc

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
CONE_ARCSEC = 330.0
"""Beyond the field's edge: for near misses, and for what moves in while the shutter is open."""
CHUNK = 32_768
_SERIES_REACH = 0.6
"""Radians of its orbit, where it is fastest, that an object may go by the series; others go the long way."""
_COARSE_ARCSEC = 30.0


@dataclass(frozen=True, slots=True)
class Field:
    """A round field on the sky during an exposure, and where the observer was at its ends, km from the Earth's centre.

    Positions are ICRF; times MJD UTC. ``radius_arcsec`` reaches the field's corners.
    """

    ra_deg: float
    dec_deg: float
    radius_arcsec: float
    start_mjd_utc: float
    end_mjd_utc: float
    start_km: tuple[float, float, float] = (0.0, 0.0, 0.0)
    end_km: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Known objects near a field, n of them: their orbits, and what they look like at start and end of the exposure.

    ``spread_arcsec`` (n,): one sigma of their places along their orbits, on the sky.
    """

    orbits: Orbits
    start: Places
    end: Places
    spread_arcsec: Floats

    def __len__(self) -> int:
        return len(self.orbits)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Crossings:
        """The chosen ones."""
        return Crossings(
            self.orbits.take(chosen), self.start.take(chosen), self.end.take(chosen), self.spread_arcsec[chosen]
        )


def known_near(catalogue: Catalogue, field: Field, *, cone_arcsec: float = CONE_ARCSEC) -> Crossings:
    """Known objects within a field, or nearer to its edge than ``cone_arcsec``, at any end of the exposure.

    Raises
    ------
    CatalogueFault
        The catalogue was not prepared for the time of the exposure.
    """
    start, end = (float(at) for at in tdb_from_utc([field.start_mjd_utc, field.end_mjd_utc]))
    checkpoint = catalogue.checkpoint_near(0.5 * (start + end))
    planets = planets_between(min(checkpoint, start), max(checkpoint, end))
    observers = [
        observer_at(field.start_mjd_utc, np.array(field.start_km), planets),
        observer_at(field.end_mjd_utc, np.array(field.end_km), planets),
    ]
    states = catalogue.states(checkpoint)
    reach = field.radius_arcsec + cone_arcsec
    chosen = _coarse(states, checkpoint, observers[0], field, reach + _COARSE_ARCSEC)
    chosen = _finer(states, chosen, checkpoint, observers, field, reach + _COARSE_ARCSEC)
    orbits = catalogue.orbits.take(chosen)
    journey = Journey(np.asarray(states[:, chosen], dtype=np.float64), checkpoint, planets)
    first, last = (places_seen(journey.to(observer.mjd_tdb), observer, orbits.h, orbits.g) for observer in observers)
    spread = orbits.spread_arcsec(start) / np.maximum(first.delta_au, 0.01)
    near = (_away_arcsec(first, field) <= reach) | (_away_arcsec(last, field) <= reach)
    return Crossings(orbits, first, last, np.asarray(spread)).take(near)


def _away_arcsec(places: Places, field: Field) -> Floats:
    """Distance (n,) of places from the middle of a field."""
    ra, dec = np.radians(places.ra_deg), np.radians(places.dec_deg)
    unit = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    middle = direction(field.ra_deg, field.dec_deg)
    across = np.sqrt(np.sum(np.cross(unit, middle[:, None], axis=0) ** 2, axis=0))
    return np.asarray(np.arctan2(across, middle @ unit) * ARCSEC_PER_RADIAN)


def _finer(
    states: Singles, chosen: NDArray[np.int64], checkpoint: float, observers: list[Observer], field: Field, reach: float
) -> NDArray[np.int64]:
    """Those of the chosen objects that ellipses bring into the cone at either end of the exposure."""
    state = np.asarray(states[:, chosen], dtype=np.float64)
    near = np.zeros(len(chosen), dtype=np.bool_)
    nothing = np.zeros(len(chosen))
    for observer in observers:
        moved = two_body(state, observer.mjd_tdb - checkpoint)
        near |= _away_arcsec(places_seen(moved, observer, nothing, nothing), field) <= reach
    return chosen[near]


def _coarse(states: Singles, checkpoint: float, observer: Observer, field: Field, reach: float) -> NDArray[np.int64]:
    """Objects that may be in the cone at the start of the exposure: no true one is missing, some false ones are there.

    Positions by the f and g series to the fourth order in time, single precision; what it may be wrong by is added to
    the cone's width for each object.
    """
    days = observer.mjd_tdb - checkpoint
    middle = direction(field.ra_deg, field.dec_deg).astype(np.float32)
    # An exposure of an orbit's length moves an object at 1 au by some hundred arcseconds: the cone is as wide again.
    slope = np.float32(np.tan(2 * reach / ARCSEC_PER_RADIAN))
    at = observer.position.astype(np.float32)
    found = []
    for first in range(0, states.shape[1], CHUNK):
        position = states[:3, first : first + CHUNK]
        velocity = states[3:, first : first + CHUNK]
        sight, doubt = _series(position, velocity, np.float32(days))
        sight -= at[:, None]
        along = middle @ sight
        squared = np.einsum("kn,kn->n", sight, sight)
        speed = np.sqrt(np.einsum("kn,kn->n", velocity, velocity))
        doubt += np.sqrt(squared) * speed * np.float32(1 / LIGHT_AU_PER_DAY) + np.float32(1e-5)
        wide = np.maximum(along, 0) * slope + doubt
        found.append(first + np.flatnonzero((squared - along * np.abs(along) < wide * wide) | (doubt > 1)))
    return np.concatenate(found)


def _series(position: Singles, velocity: Singles, days: np.float32) -> tuple[Singles, Singles]:
    """Positions (3, n) after some days by the f and g series, and how wrong they may be (n,), au."""
    squared = np.einsum("kn,kn->n", position, position)
    r = np.sqrt(squared)
    u = np.float32(GM_SUN) / (squared * r)
    s = np.einsum("kn,kn->n", position, velocity) / squared
    w = np.einsum("kn,kn->n", velocity, velocity) / squared
    t2 = days * days
    fourth = u * (3 * w - 2 * u - 15 * s * s) * (t2 * t2 / 24)
    f = 1 - u * (t2 / 2) * (1 - s * days) + fourth
    g = days * (1 - u * (t2 / 6) + u * s * (t2 * days / 4))
    pace = np.sqrt(u + w) * abs(days)
    doubt = r * (0.03 * pace**5)
    doubt[pace > _SERIES_REACH * 2] = 2  # beyond any cone: looked at closely
    return position * f + velocity * g, doubt
