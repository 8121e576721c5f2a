"""Where a known object appears to an observer: direction, distance, brightness and motion.

Directions are astrometric: as against the stars behind, with light time but without aberration or the
bending of light, in the axes of the ICRF. They are what a picture solved on the stars shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sky.hst import ARCSEC_PER_RADIAN, AU_KM
from sky.orbits import Orbits
from sky.phase import PHASE_A, PHASE_B
from sky.planets import EARTH, GM_SUN, LAST_MJD_TDB, SUN, Planets, planets_between
from sky.propagate import FINE_STEP_DAYS, LIGHT_AU_PER_DAY, MEET_DAYS, Journey, together
from sky.times import tdb_from_utc

Floats = NDArray[np.float64]
HOURS_PER_DAY = 24.0
BLOCK_NUMBERS = 2_000_000
"""Most numbers in memory for a block of orbits: objects x times x columns."""
MOST_EPOCHS = 64
"""More than these of a block are brought to one time first: each by itself would take as long as all together."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What n objects look like at one time, arrays (n,) each.

    Motions are those seen from the Earth's centre, arcseconds per hour on the sky (``east``: the rate of right
    ascension times cos Dec). An orbiting observer adds a parallax that changes within minutes; it is in the
    positions, at each time. ``v_mag`` is NaN where H is unknown.
    """

    ra_deg: Floats
    dec_deg: Floats
    delta_au: Floats
    r_au: Floats
    phase_deg: Floats
    v_mag: Floats
    east_arcsec_h: Floats
    north_arcsec_h: Floats

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Places:
        """The chosen ones."""
        return Places(*(getattr(self, name)[chosen] for name in Places.__slots__))


def places_joined(parts: Sequence[Places]) -> Places:
    """All objects of several `Places`, one after the other."""
    return Places(*(np.concatenate([getattr(part, name) for part in parts]) for name in Places.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Observer:
    """An observer at one time: where, from the Sun, in au; and the Earth's motion and the Sun's, au/day."""

    mjd_tdb: float
    position: Floats
    earth_velocity: Floats
    sun_velocity: Floats


def observer_at(mjd_utc: float, geocentric_km: Floats, planets: Planets) -> Observer:
    """The observer (3,) km from the Earth's centre (ICRF axes) at a time of an exposure, which is UTC."""
    tdb = tdb_from_utc(mjd_utc)
    velocity = planets.velocities(tdb)[0]
    position = planets.positions(float(tdb[0]))[EARTH] + np.asarray(geocentric_km, dtype=np.float64) / AU_KM
    return Observer(float(tdb[0]), position, velocity[EARTH], velocity[SUN])


def places_seen(state: Floats, observer: Observer, h: Floats, g: Floats) -> Places:
    """Appearance of objects whose states (6, n) are of the time at which the light arrives."""
    position, velocity = state[:3], state[3:]
    r_squared = np.einsum("kn,kn->n", position, position)
    pull = position * (-GM_SUN / (r_squared * np.sqrt(r_squared)))
    # Within the light time an object moves along a parabola to a milliarcsecond. The Sun, which all is counted from,
    # moves on as well: what counts is where the object was, seen from the frame at rest.
    speed = velocity + observer.sun_velocity[:, None]
    sight = position - observer.position[:, None]
    delay = _length(sight) / LIGHT_AU_PER_DAY
    for _ in range(3):
        sight = position - observer.position[:, None] - speed * delay + 0.5 * pull * delay**2
        delay = _length(sight) / LIGHT_AU_PER_DAY
    delta = _length(sight)
    then = position - velocity * delay + 0.5 * pull * delay**2
    r = _length(then)
    phase = np.arctan2(_length(np.cross(then, sight, axis=0)), np.einsum("kn,kn->n", then, sight))
    ra, dec = np.arctan2(sight[1], sight[0]), np.arctan2(sight[2], np.hypot(sight[0], sight[1]))
    east, north = _motion(sight, speed - pull * delay, observer, ra, dec)
    return Places(
        np.degrees(ra) % 360, np.degrees(dec), delta, r, np.degrees(phase),
        apparent_magnitude(h, g, r, delta, phase), east, north,
    )  # fmt: skip


def _motion(sight: Floats, speed: Floats, observer: Observer, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    """Arcseconds per hour east and north, seen from the Earth's centre; ``speed`` is the object's when light left."""
    delta = _length(sight)
    relative = speed - (observer.earth_velocity + observer.sun_velocity)[:, None]
    receding = np.einsum("kn,kn->n", sight, relative) / delta
    # The light that arrives a day later left less than a day later, where the object recedes.
    relative = relative - speed * (receding / (LIGHT_AU_PER_DAY + receding))
    scale = ARCSEC_PER_RADIAN / HOURS_PER_DAY / delta
    east = relative[1] * np.cos(ra) - relative[0] * np.sin(ra)
    outward = relative[0] * np.cos(ra) + relative[1] * np.sin(ra)
    north = relative[2] * np.cos(dec) - outward * np.sin(dec)
    return east * scale, north * scale


def apparent_magnitude(h: Floats, g: Floats, r_au: Floats, delta_au: Floats, phase_rad: Floats) -> Floats:
    """V by the HG system (see :mod:`sky.phase`), NaN where H is unknown."""
    half = np.tan(np.minimum(phase_rad, 3.1) / 2)
    first, second = (np.exp(-scale * half**power) for scale, power in zip(PHASE_A, PHASE_B, strict=True))
    dimmed = np.maximum((1 - g) * first + g * second, 1e-30)
    return np.asarray(h + 5 * np.log10(r_au * delta_au) - 2.5 * np.log10(dimmed))


def _length(vectors: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("kn,kn->n", vectors, vectors)))


def ephemeris(
    orbits: Orbits, mjd_utc: Floats, geocentric_km: Floats, *, step_days: float = FINE_STEP_DAYS
) -> Iterator[tuple[Orbits, list[Places]]]:
    """Places of all objects at all times, a block of objects after the other.

    Parameters
    ----------
    orbits : the objects; their epochs may differ
    mjd_utc : times (m,), in any order
    geocentric_km : the observer then (m, 3), from the Earth's centre, ICRF axes

    Yields
    ------
    A block of the objects, and its `Places` at each of the m times, in the order given.

    Raises
    ------
    OutsideEphemeris
        An epoch or a time is not within 1985-2045.
    """
    if not len(orbits) or not len(mjd_utc):
        return
    times = tdb_from_utc(mjd_utc)
    first, last = min(times.min(), orbits.epoch.min()), max(times.max(), orbits.epoch.max() + MEET_DAYS)
    planets = planets_between(first, min(last, LAST_MJD_TDB))
    observers = [observer_at(float(at), place, planets) for at, place in zip(mjd_utc, geocentric_km, strict=True)]
    size = max(1, min(4096, BLOCK_NUMBERS // (8 * len(times))))
    for start in range(0, len(orbits), size):
        block = orbits.take(slice(start, start + size))
        yield block, _places_of_block(block, observers, planets, step_days)


def _places_of_block(block: Orbits, observers: list[Observer], planets: Planets, step_days: float) -> list[Places]:
    """Places of a block at each time. Objects of one epoch go together; where epochs are many, all from one time."""
    epochs, which = np.unique(block.epoch, return_inverse=True)
    if len(epochs) > MOST_EPOCHS:
        state, at = together(block.state, block.epoch, planets, step_days)
        return _places_from(block, state, at, observers, planets, step_days)
    groups = [np.flatnonzero(which == number) for number in range(len(epochs))]
    parts = []
    for epoch, group in zip(epochs, groups, strict=True):
        part = block.take(group)
        parts.append(_places_from(part, part.state, float(epoch), observers, planets, step_days))
    back = np.argsort(np.concatenate(groups))
    return [places_joined(each).take(back) for each in zip(*parts, strict=True)]


def _places_from(
    block: Orbits, state: Floats, epoch: float, observers: list[Observer], planets: Planets, step_days: float
) -> list[Places]:
    """From the epoch back through all earlier times, and forth through all later ones."""
    seen: dict[int, Places] = {}
    order = sorted(range(len(observers)), key=lambda index: observers[index].mjd_tdb)
    earlier = [index for index in reversed(order) if observers[index].mjd_tdb < epoch]
    later = [index for index in order if observers[index].mjd_tdb >= epoch]
    for way in (earlier, later):
        journey = Journey(state, epoch, planets, step_days)
        for index in way:
            seen[index] = places_seen(journey.to(observers[index].mjd_tdb), observers[index], block.h, block.g)
    return [seen[index] for index in range(len(observers))]
