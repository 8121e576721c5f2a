"""Motions of asteroids from orbits around the Sun, as seen from the Earth's centre.

Two-body orbits, the Earth by the low-precision Sun of the Astronomical Almanac (section C: 0.01 degrees
until 2050), no light time, no precession since 2000: rates are good to about a per cent, which is far less
than the spread of the population.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
GAUSS_K = 0.01720209895
"""Gaussian gravitational constant: au^1.5 per day."""
OBLIQUITY_DEG = 23.4392911
"""Of the ecliptic at J2000 (IAU 1976)."""
ARCSEC_PER_HOUR = 206_264.80624709636 / 24.0
"""Arcseconds per hour in one radian per day."""
J2000_MJD = 51_544.5
MAIN_BELT_A_AU = (
    2.113, 2.219, 2.251, 2.278, 2.310, 2.344, 2.375, 2.404, 2.436, 2.531, 2.576,
    2.618, 2.666, 2.731, 2.786, 2.882, 2.992, 3.054, 3.124, 3.173, 3.562,
)  # fmt: skip
POOL_SIZE, POOL_SEED = 4_000, 314_159
NEAR_EARTH_SHARE, TROJAN_SHARE = 0.08, 0.05
KIND_WEIGHT = (1.0, 0.1, 8.0)
"""Main belt, near Earth, Trojans: so that the last two are a few per cent of what is bright enough to be seen."""
LATITUDE_SPREAD_DEG = 1.5
MAGNITUDE_SLOPE = 0.35
"""log10 of the growth in number per magnitude of small main-belt asteroids (Gladman et al. 2009: 0.30-0.5)."""
NEAREST_AU = 0.05
TROJAN_SPREAD_DEG = 12.0


@dataclass(frozen=True, slots=True)
class Motion:
    """Apparent motion seen from the Earth's centre, arcsec/h on the sky (east = RA rate times cos Dec), and
    the distance from the Earth in au, for an object at a place (degrees) at a time.
    """

    distance_au: float
    motion_east: float
    motion_north: float
    ra_deg: float
    dec_deg: float
    mjd: float


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """Objects at random places of their orbits, in cylinder coordinates about the ecliptic's pole (au, au/day).

    Nodes are spread evenly, so each may be turned about that pole to lie in any wanted longitude. ``ahead``
    is NaN, or, for a Trojan, +1 or -1: before or behind Jupiter, by about 60 degrees.
    """

    kind: NDArray[np.int64]

    rho: FloatArray
    z: FloatArray
    v_rho: FloatArray
    v_around: FloatArray
    v_z: FloatArray
    ahead: FloatArray


def state(
    a_au: FloatArray,
    e: FloatArray,
    i_deg: FloatArray,
    node_deg: FloatArray,
    peri_deg: FloatArray,
    anomaly_deg: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Heliocentric ecliptic positions (n, 3) au and velocities (n, 3) au/day of ellipses, from mean anomalies."""
    mean = np.radians((np.asarray(anomaly_deg) + 180) % 360 - 180)
    eccentric = mean + e * np.sin(mean)
    for _ in range(12):
        eccentric = eccentric - (eccentric - e * np.sin(eccentric) - mean) / (1 - e * np.cos(eccentric))
    cos, sin, root = np.cos(eccentric), np.sin(eccentric), np.sqrt(1 - e**2)
    rate = GAUSS_K / np.sqrt(a_au) / (1 - e * cos)
    node, peri, tilt = np.radians(node_deg), np.radians(peri_deg), np.radians(i_deg)
    p = np.column_stack(
        [
            np.cos(node) * np.cos(peri) - np.sin(node) * np.sin(peri) * np.cos(tilt),
            np.sin(node) * np.cos(peri) + np.cos(node) * np.sin(peri) * np.cos(tilt),
            np.sin(peri) * np.sin(tilt),
        ]
    )
    q = np.column_stack(
        [
            -np.cos(node) * np.sin(peri) - np.sin(node) * np.cos(peri) * np.cos(tilt),
            -np.sin(node) * np.sin(peri) + np.cos(node) * np.cos(peri) * np.cos(tilt),
            np.cos(peri) * np.sin(tilt),
        ]
    )
    position = (a_au * (cos - e))[:, None] * p + (a_au * root * sin)[:, None] * q
    velocity = (-rate * sin)[:, None] * p + (rate * root * cos)[:, None] * q
    return position, velocity


def earth_state(mjd: float) -> tuple[FloatArray, FloatArray]:
    """Heliocentric ecliptic position (3,) au and velocity (3,) au/day of the Earth."""
    after, before = _earth(mjd + 0.25), _earth(mjd - 0.25)
    return _earth(mjd), (after - before) / 0.5


def _earth(mjd: float) -> FloatArray:
    days = mjd - J2000_MJD
    anomaly = np.radians(357.528 + 0.9856003 * days)
    # Longitude of the Sun, less precession since 2000 (1.397 degrees a century).
    longitude = 280.460 + 0.9856474 * days - 1.397 * days / 36_525
    sun = np.radians(longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    return -distance * np.array([np.cos(sun), np.sin(sun), 0.0])


def draw_elements(rng: np.random.Generator, count: int) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.int64]]:
    """Semi-major axes (au), eccentricities, inclinations (degrees) and kinds (0 main belt, 1 near Earth, 2 Trojan).

    Main belt: quantiles of the semi-major axis and the spreads of the other two as in 22,304 numbered orbits
    of the Minor Planet Center (Rayleigh, 0.105; Rayleigh of 4 and, for three in ten, 10 degrees). Near Earth:
    perihelion 0.5-1.3 au, a 0.8-3 au, wide inclinations (Granvik et al. 2018). Trojans: a 5.05-5.35 au,
    e 0.06, inclinations of 10 degrees (Jewitt et al. 2000).
    """
    kind = rng.choice(3, count, p=[1 - NEAR_EARTH_SHARE - TROJAN_SHARE, NEAR_EARTH_SHARE, TROJAN_SHARE])
    near, trojan = kind == 1, kind == 2
    a = np.interp(rng.random(count), np.linspace(0, 1, len(MAIN_BELT_A_AU)), MAIN_BELT_A_AU)
    e = np.minimum(rng.rayleigh(0.105, count), 1 - 1.5 / a)
    i = rng.rayleigh(np.where(rng.random(count) < 0.3, 10.0, 4.0))
    perihelion = rng.uniform(0.5, 1.3, count)
    a = np.where(near, np.maximum(rng.uniform(0.8, 3.0, count), 1.02 * perihelion), a)
    e = np.where(near, 1 - perihelion / a, e)
    i = np.where(near, rng.rayleigh(9.0, count), i)
    a = np.where(trojan, rng.uniform(5.05, 5.35, count), a)
    e = np.where(trojan, np.minimum(rng.rayleigh(0.05, count), 0.2), e)
    return a, e, np.where(trojan, rng.rayleigh(9.0, count), i), kind


@lru_cache(maxsize=1)
def _pool() -> _Pool:
    rng = np.random.default_rng(POOL_SEED)
    a, e, i, kind = draw_elements(rng, POOL_SIZE)
    around = rng.uniform(0, 360, (2, POOL_SIZE))
    position, velocity = state(a, e, i, np.zeros(POOL_SIZE), around[0], around[1])
    rho = np.hypot(position[:, 0], position[:, 1])
    cos, sin = position[:, 0] / rho, position[:, 1] / rho
    return _Pool(
        kind=kind,
        rho=rho,
        z=position[:, 2],
        v_rho=velocity[:, 0] * cos + velocity[:, 1] * sin,
        v_around=velocity[:, 1] * cos - velocity[:, 0] * sin,
        v_z=velocity[:, 2],
        ahead=np.where(kind == 2, rng.choice([-1.0, 1.0], POOL_SIZE), np.nan),
    )


def ecliptic_direction(ra_deg: float, dec_deg: float) -> tuple[float, float]:
    """Ecliptic longitude and latitude in radians (J2000)."""
    ra, dec, tilt = np.radians(ra_deg), np.radians(dec_deg), np.radians(OBLIQUITY_DEG)
    x, y, z = np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)
    y, z = y * np.cos(tilt) + z * np.sin(tilt), z * np.cos(tilt) - y * np.sin(tilt)
    return float(np.arctan2(y, x)), float(np.arcsin(np.clip(z, -1, 1)))


def ecliptic_pointing(rng: np.random.Generator, mjd: float) -> tuple[float, float]:
    """A place near the ecliptic, 75-180 degrees from the Sun, as (RA, Dec) in degrees."""
    sun = 280.46 + 0.9856474 * (mjd - J2000_MJD)
    longitude = np.radians(sun + rng.choice([-1, 1]) * rng.uniform(75, 180))
    latitude = np.radians(np.clip(rng.normal(0, 9), -40, 40))
    tilt = np.radians(OBLIQUITY_DEG)
    x, y, z = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    y, z = y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)
    return float(np.degrees(np.arctan2(y, x)) % 360), float(np.degrees(np.arcsin(z)))


def apparent_motions(
    rng: np.random.Generator, ra_deg: float, dec_deg: float, mjd: float, count: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distances (au) and motions east and north (arcsec/h) of ``count`` asteroids seen about a place at a time.

    Objects of the population are turned into the ecliptic longitude of the place; those whose latitude then
    is within a few degrees are drawn by how many such objects there are per degree, and by how many are
    bright enough at that distance. Where no orbit reaches (near the ecliptic's pole), the nearest ones serve.
    """
    longitude, latitude = ecliptic_direction(ra_deg, dec_deg)
    pool, (earth, earth_velocity) = _pool(), earth_state(mjd)
    ray = np.array([np.cos(longitude), np.sin(longitude)])
    # Where the ray from the Earth meets the circle on which the object is turned.
    along = float(earth[:2] @ ray)
    root = np.sqrt(np.maximum(along**2 + pool.rho**2 - float(earth[:2] @ earth[:2]), 1e-9))
    reach = root - along
    distance = np.hypot(reach, pool.z)
    height = np.arctan2(pool.z, reach)
    off_deg = np.abs(np.degrees(height - latitude))
    log_weight = -0.5 * (off_deg / max(LATITUDE_SPREAD_DEG, float(off_deg[reach > NEAREST_AU].min()))) ** 2
    log_weight += np.log(KIND_WEIGHT)[pool.kind]
    sun_distance = np.hypot(pool.rho, pool.z)
    x, y = earth[0] + reach * ray[0], earth[1] + reach * ray[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        log_weight += np.log(reach / root) - 5 * MAGNITUDE_SLOPE * np.log10(distance * sun_distance) * np.log(10)
    log_weight += _trojan_log_weight(pool, np.arctan2(y, x), mjd)
    log_weight[~(reach > NEAREST_AU) | (root < 0.02)] = -np.inf
    weight = np.exp(log_weight - log_weight.max())
    chosen = np.searchsorted(np.cumsum(weight), rng.random(count) * weight.sum(), side="right")
    chosen = np.minimum(chosen, POOL_SIZE - 1)
    cos, sin = x[chosen] / pool.rho[chosen], y[chosen] / pool.rho[chosen]
    outward, around = pool.v_rho[chosen], pool.v_around[chosen]
    velocity = np.column_stack([outward * cos - around * sin, outward * sin + around * cos, pool.v_z[chosen]])
    east, north = _sky_rates(velocity - earth_velocity, longitude, height[chosen], latitude, ra_deg, dec_deg)
    return distance[chosen], east / distance[chosen], north / distance[chosen]


def _trojan_log_weight(pool: _Pool, heliocentric: FloatArray, mjd: float) -> FloatArray:
    """Trojans are thick about 60 degrees from Jupiter (mean longitude 34.40 degrees at J2000) and nowhere else."""
    jupiter = np.radians(34.40 + 3034.746 / 36_525 * (mjd - J2000_MJD))
    off = (np.nan_to_num(heliocentric - jupiter - pool.ahead * np.pi / 3) + np.pi) % (2 * np.pi) - np.pi
    spread = np.radians(TROJAN_SPREAD_DEG)
    bump = -0.5 * (off / spread) ** 2 + np.log(np.sqrt(2 * np.pi) / spread)
    return np.where(np.isnan(pool.ahead), 0.0, bump)


def _sky_rates(
    velocity: FloatArray, longitude: float, height: FloatArray, latitude: float, ra_deg: float, dec_deg: float
) -> tuple[FloatArray, FloatArray]:
    """Speeds across the sky, arcsec/h at 1 au: along longitude and latitude, then turned to east and north."""
    east_e = np.array([-np.sin(longitude), np.cos(longitude), 0.0])
    north_e = np.column_stack(
        [-np.sin(height) * np.cos(longitude), -np.sin(height) * np.sin(longitude), np.cos(height)]
    )
    along, up = velocity @ east_e, np.sum(velocity * north_e, axis=1)
    # The angle at the place between the ecliptic's and the equator's north.
    ra, dec, tilt = np.radians(ra_deg), np.radians(dec_deg), np.radians(OBLIQUITY_DEG)
    cos_latitude = max(float(np.cos(latitude)), 1e-9)
    sine = np.cos(ra) * np.sin(tilt) / cos_latitude
    cosine = (np.cos(dec) * np.cos(tilt) + np.sin(dec) * np.sin(ra) * np.sin(tilt)) / cos_latitude
    east, north = along * cosine - up * sine, along * sine + up * cosine
    return east * ARCSEC_PER_HOUR, north * ARCSEC_PER_HOUR


def apparent_motion(
    rng: np.random.Generator, *, ra_deg: float | None = None, dec_deg: float | None = None, mjd: float | None = None
) -> Motion:
    """One asteroid's motion; without a place, somewhere near the ecliptic, and without a time, in 2009-2021.

    Raises
    ------
    ValueError
        Only one of right ascension and declination is given.
    """
    if (ra_deg is None) != (dec_deg is None):
        raise ValueError("A place has both a right ascension and a declination.")
    moment = float(rng.uniform(55_100, 59_500)) if mjd is None else mjd
    if ra_deg is None or dec_deg is None:
        ra_deg, dec_deg = ecliptic_pointing(rng, moment)
    distance, east, north = apparent_motions(rng, ra_deg, dec_deg, moment, 1)
    return Motion(float(distance[0]), float(east[0]), float(north[0]), ra_deg, dec_deg, moment)
