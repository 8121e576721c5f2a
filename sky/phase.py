"""From brightness and place to size and orbit: H, diameter, and what one arc leaves open.

Formulas of Garcia-Martin et al. 2024 (A&A 683, A122; the published table's own columns agree), after Bowell et
al. 1989 (Asteroids II, 524) for the phase law and Fowler and Chillemi 1992 for the diameter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sky.earth import earth_states
from sky.hst import AU_KM, SECONDS_PER_DAY, direction

Floats = NDArray[np.float64]
SLOPE_G = 0.15
PHASE_A, PHASE_B = (3.33, 1.87), (0.63, 1.22)
DIAMETER_KM = 1_329.0
ALBEDOS = (0.05, 0.15, 0.25)
PUBLISHED_ALBEDO = 0.15
ROTATION_SIGMA_MAG = 0.15
"""Light curves of up to 0.3 mag from the mean, as a standard deviation."""
COLOUR_SIGMA_MAG = 0.1
GM_SUN_KM3_S2 = 132_712_440_041.93938
"""JPL DE440 (Park et al. 2021)."""
JUPITER_A_AU = 5.204
"""As in the published table; its Tisserand parameters come out with this value only."""
OBLIQUITY_DEG = 84_381.448 / 3_600
"""Of the ecliptic at J2000 (IAU 1976)."""
RADIAL_STEPS = 4_001


def phase_magnitude(phase_deg: float, *, slope: float = SLOPE_G) -> float:
    """Magnitudes by which an object at a phase angle is fainter than at opposition (HG law, G = ``slope``)."""
    if not 0 <= phase_deg < 180:
        raise ValueError("A phase angle is at least 0 and less than 180 degrees.")
    half = math.tan(math.radians(phase_deg) / 2)
    dark, bright = (math.exp(-a * half**b) for a, b in zip(PHASE_A, PHASE_B, strict=True))
    return -2.5 * math.log10((1 - slope) * dark + slope * bright)


def absolute_magnitude(
    v_mag: float, *, sun_au: float, earth_au: float, phase_deg: float, slope: float = SLOPE_G
) -> float:
    """H from the apparent V magnitude: H = V - 5 log10(r Delta) - phase_magnitude; distances in au."""
    if not (sun_au > 0 and earth_au > 0):
        raise ValueError("Distances must be positive.")
    return v_mag - 5 * math.log10(sun_au * earth_au) - phase_magnitude(phase_deg, slope=slope)


def diameter_km(h_mag: float, albedo: float = PUBLISHED_ALBEDO) -> float:
    """Diameter in km of a sphere of geometric albedo ``albedo``: 1329 / sqrt(albedo) * 10^(-H/5)."""
    if not 0 < albedo <= 1:
        raise ValueError("An albedo is more than 0 and at most 1.")
    return DIAMETER_KM / math.sqrt(albedo) * 10 ** (-h_mag / 5)


def diameters_km(h_mag: float) -> dict[float, float]:
    """Diameters for the albedos 0.05, 0.15 and 0.25: a dark object is larger than a bright one of the same H."""
    return {albedo: diameter_km(h_mag, albedo) for albedo in ALBEDOS}


def h_sigma(v_sigma_mag: float, *, distance_au: float, distance_sigma_au: float, sun_au: float) -> float:
    """Error of H from the photometry, the distance (which moves r as well), rotation and colour.

    dr/dDelta is taken as 1, which holds near opposition and is more than it is elsewhere.
    """
    by_distance = 5 / math.log(10) * (1 / distance_au + 1 / sun_au) * distance_sigma_au
    return math.sqrt(v_sigma_mag**2 + by_distance**2 + ROTATION_SIGMA_MAG**2 + COLOUR_SIGMA_MAG**2)


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Sun, Earth and object at a time. Vectors (3,) are equatorial ICRF: au, and km/s for the velocity.

    ``velocity_km_s`` is what a trail tells: the heliocentric motion across the line of sight; along it nothing
    is known. ``ecliptic_latitude_deg`` is seen from the Sun (J2000).
    """

    object_au: Floats
    line_of_sight: Floats
    velocity_km_s: Floats
    sun_au: float
    earth_au: float
    phase_deg: float
    ecliptic_latitude_deg: float


def to_ecliptic(vector: Floats) -> Floats:
    """An equatorial vector (3,) in the axes of the ecliptic of J2000."""
    tilt = math.radians(OBLIQUITY_DEG)
    x, y, z = vector
    return np.array([x, y * math.cos(tilt) + z * math.sin(tilt), z * math.cos(tilt) - y * math.sin(tilt)])


def geometry(
    *, mjd_utc: float, ra_deg: float, dec_deg: float, distance_au: float, motion_arcsec_h: tuple[float, float]
) -> Geometry:
    """Where an object is, from its geocentric place, distance and motion (east, north)."""
    if not distance_au > 0:
        raise ValueError("A distance must be positive.")
    earth, earth_velocity = (vectors[0] for vectors in earth_states(mjd_utc))
    sight = direction(ra_deg, dec_deg)
    place = earth + distance_au * sight
    sun_au = float(np.linalg.norm(place))
    cosine = float(place @ (place - earth)) / (sun_au * distance_au)
    ra, dec = math.radians(ra_deg), math.radians(dec_deg)
    east = np.array([-math.sin(ra), math.cos(ra), 0.0])
    north = np.array([-math.sin(dec) * math.cos(ra), -math.sin(dec) * math.sin(ra), math.cos(dec)])
    across = (
        distance_au * math.radians(1 / 3600) / 3600 * AU_KM * (motion_arcsec_h[0] * east + motion_arcsec_h[1] * north)
    )
    velocity = earth_velocity * AU_KM / SECONDS_PER_DAY + across
    velocity = velocity - (velocity @ sight) * sight
    latitude = math.degrees(math.asin(float(to_ecliptic(place)[2]) / sun_au))
    phase = math.degrees(math.acos(min(1.0, max(-1.0, cosine))))
    return Geometry(place, sight, velocity, sun_au, distance_au, phase, latitude)


def smallest_axis_au(sun_au: float, speed_km_s: float) -> float:
    """Least semi-major axis (au) at a heliocentric distance and speed; infinite for a speed that escapes.

    1 / (2/r - v^2/GM) with the known part of the speed: what is unknown can only make it larger.
    """
    inverse = 2 / sun_au - speed_km_s**2 * AU_KM / GM_SUN_KM3_S2
    return 1 / inverse if inverse > 0 else math.inf


def tisserand(axis_au: float, eccentricity: float, inclination_deg: float) -> float:
    """Tisserand's parameter with Jupiter (a = 5.204 au, as published)."""
    return JUPITER_A_AU / axis_au + 2 * math.cos(math.radians(inclination_deg)) * math.sqrt(
        axis_au / JUPITER_A_AU * (1 - eccentricity**2)
    )


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is left open by the unknown motion along the line of sight, among bound orbits."""

    min_a_au: float
    min_e: float
    min_i_deg: float
    max_i_deg: float
    tisserand_min_i: float
    tisserand_max_i: float


def orbit_bounds(place: Geometry) -> Bounds | None:
    """Bounds on a, e, i over every motion along the line of sight that keeps the object bound to the Sun.

    The least semi-major axis is that of no such motion; the others are extremes over a fine grid of it.
    Tisserand's parameters are, as published, of (min_a, min_e) with the least and the largest inclination.
    None if the motion across alone escapes the Sun.
    """
    speed = float(np.linalg.norm(place.velocity_km_s))
    escape_squared = 2 * GM_SUN_KM3_S2 / (place.sun_au * AU_KM)
    if speed**2 >= escape_squared:
        return None
    fastest = math.sqrt(escape_squared - speed**2) * (1 - 1e-9)
    along = np.linspace(-fastest, fastest, RADIAL_STEPS)
    position = to_ecliptic(place.object_au) * AU_KM
    velocity = to_ecliptic(place.velocity_km_s) + along[:, None] * to_ecliptic(place.line_of_sight)
    momentum = np.cross(position, velocity)
    size = np.linalg.norm(momentum, axis=1)
    energy = 0.5 * np.sum(velocity**2, axis=1) - GM_SUN_KM3_S2 / np.linalg.norm(position)
    eccentricity = np.sqrt(np.maximum(0.0, 1 + 2 * energy * size**2 / GM_SUN_KM3_S2**2))
    inclination = np.degrees(np.arccos(np.clip(momentum[:, 2] / size, -1, 1)))
    least_a = smallest_axis_au(place.sun_au, speed)
    least_e, least_i, largest_i = float(eccentricity.min()), float(inclination.min()), float(inclination.max())
    return Bounds(
        least_a, least_e, least_i, largest_i,
        tisserand(least_a, least_e, least_i), tisserand(least_a, least_e, largest_i),
    )  # fmt: skip
