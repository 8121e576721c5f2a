"""Orbits around the Sun alone: from elements to positions, and along the conic.

A state is an array (6, n): rows x, y, z in au and their rates in au/day, heliocentric, axes of the ICRF.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sky.planets import GM_SUN

Floats = NDArray[np.float64]
OBLIQUITY_ARCSEC = 84_381.448
"""Of the ecliptic of J2000 that orbital elements refer to (IAU 1976)."""
_SMALL = 0.3
"""Below this argument seven terms of Stumpff's series are exact to double precision."""
_C2 = [1 / 2, -1 / 24, 1 / 720, -1 / 40_320, 1 / 3_628_800, -1 / 479_001_600, 1 / 87_178_291_200]
_C3 = [1 / 6, -1 / 120, 1 / 5_040, -1 / 362_880, 1 / 39_916_800, -1 / 6_227_020_800, 1 / 1_307_674_368_000]
_CLOSE = 1e-9
"""Convergence is cubic: a last step smaller than this leaves an error below rounding."""
_TRIES = 60


def states_of_elements(
    a_au: ArrayLike, e: ArrayLike, incl_deg: ArrayLike, node_deg: ArrayLike, peri_deg: ArrayLike, anomaly_deg: ArrayLike
) -> Floats:
    """States (6, n) of ecliptic elements (J2000) at their epoch; ``a_au`` is negative where ``e`` exceeds 1.

    Made at perihelion and carried along the conic by the mean anomaly, which serves any eccentricity but 1.
    """
    a, ecc = np.atleast_1d(np.asarray(a_au, dtype=np.float64)), np.asarray(e, dtype=np.float64)
    tilt, node, peri = (np.radians(np.asarray(angle, dtype=np.float64)) for angle in (incl_deg, node_deg, peri_deg))
    perihelion = a * (1 - ecc)
    cos_n, sin_n, cos_p, sin_p, cos_i, sin_i = (f(x) for x in (node, peri, tilt) for f in (np.cos, np.sin))
    to_perihelion = (cos_n * cos_p - sin_n * sin_p * cos_i, sin_n * cos_p + cos_n * sin_p * cos_i, sin_p * sin_i)
    ahead = (-cos_n * sin_p - sin_n * cos_p * cos_i, -sin_n * sin_p + cos_n * cos_p * cos_i, cos_p * sin_i)
    speed = np.sqrt(GM_SUN * (1 + ecc) / perihelion)
    state = np.concatenate([equatorial(np.stack(to_perihelion)) * perihelion, equatorial(np.stack(ahead)) * speed])
    anomaly = np.radians(np.asarray(anomaly_deg, dtype=np.float64))
    anomaly = np.where(a > 0, (anomaly + np.pi) % (2 * np.pi) - np.pi, anomaly)
    return two_body(state, anomaly * np.sqrt(np.abs(a) ** 3 / GM_SUN))


def equatorial(ecliptic: Floats) -> Floats:
    """Vectors (3, n) turned from the ecliptic of J2000 to the equator."""
    tilt = np.radians(OBLIQUITY_ARCSEC / 3600)
    x, y, z = ecliptic
    return np.stack([x, y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)])


def two_body(state: Floats, days: float | Floats) -> Floats:
    """States (6, n) after some days, (n,) or one for all, with the Sun alone; exact for every conic.

    Universal variables, solved by Laguerre's method as Conway (1986) proposed.
    """
    position, velocity = state[:3], state[3:]
    r0 = np.sqrt(np.einsum("kn,kn->n", position, position))
    radial = np.einsum("kn,kn->n", position, velocity)
    bound = 2 * GM_SUN / r0 - np.einsum("kn,kn->n", velocity, velocity)  # GM/a
    s = _first_guess(r0, radial, bound, days)
    for _ in range(_TRIES):
        g1, g2, g3 = _stumpff(s, bound)
        excess = r0 * g1 + radial * g2 + GM_SUN * g3 - days
        slope = r0 + radial * g1 + (GM_SUN - bound * r0) * g2
        bend = radial * (1 - bound * g2) + (GM_SUN - bound * r0) * g1
        step = 5 * excess / (slope + np.sqrt(np.abs(16 * slope**2 - 20 * excess * bend)))
        s -= step
        if not np.any(np.abs(step) > _CLOSE * np.abs(s) + 1e-18):
            break
    g1, g2, g3 = _stumpff(s, bound)
    r = r0 + radial * g1 + (GM_SUN - bound * r0) * g2
    moved = np.empty_like(state)
    moved[:3] = position * (1 - GM_SUN * g2 / r0) + velocity * (days - GM_SUN * g3)
    moved[3:] = position * (-GM_SUN * g1 / (r * r0)) + velocity * (1 - GM_SUN * g2 / r)
    return moved


def _first_guess(r0: Floats, radial: Floats, bound: Floats, days: float | Floats) -> Floats:
    """Of the universal anomaly (the integral of dt/r): a series for short steps, the mean for long ones."""
    short = days / r0
    series = short * (1 - 0.5 * radial / r0 * short)
    is_short = np.abs(short) * np.sqrt(GM_SUN / r0) < 0.4
    if np.all(is_short):
        return np.asarray(series)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.sign(days) * np.minimum(np.abs(short), 3 / np.sqrt(np.abs(bound)))
    return np.asarray(np.where(is_short, series, np.where(bound > 0, days * bound / GM_SUN, far)))


def _stumpff(s: Floats, bound: Floats) -> tuple[Floats, Floats, Floats]:
    """s c1, s^2 c2, s^3 c3 of Stumpff's functions at bound s^2."""
    squared = s * s
    argument = bound * squared
    largest = float(np.max(np.abs(argument), initial=0.0))
    halvings = 0
    while largest > _SMALL and halvings < 30:
        largest, halvings = largest / 4, halvings + 1
    if halvings:
        argument = argument / 4.0**halvings
    c2, c3 = _horner(_C2, argument), _horner(_C3, argument)
    if halvings:
        c0, c1 = 1 - argument * c2, 1 - argument * c3
        for _ in range(halvings):
            c0, c1, c2, c3 = 2 * c0 * c0 - 1, c0 * c1, 0.5 * c1 * c1, 0.25 * (c2 + c0 * c3)
        return s * c1, squared * c2, s * squared * c3
    g3 = s * squared * c3
    return s - bound * g3, squared * c2, g3


def _horner(terms: list[float], x: Floats) -> Floats:
    value = np.full_like(x, terms[-1])
    for term in reversed(terms[:-1]):
        value *= x
        value += term
    return value
