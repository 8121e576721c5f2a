"""How many exposures satellites cross: the error model, fractions, and a model of the chance.

After Kruk et al. 2023 (Nature Astronomy 7, 262) and its published notebooks' figures.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sky.hst import ARCSEC_PER_RADIAN, GM_EARTH_KM3_S2, ORBIT_RADIUS_KM

SYSTEMATIC_SHARE = 0.07
"""Of a count, from classification: u(N) = sqrt(N + 0.0049 N^2)."""
EARTH_MEAN_RADIUS_KM = 6_371.0
ACS_FIELD_ARCSEC, UVIS_FIELD_ARCSEC, CURVE_FIELD_ARCSEC = 202.0, 160.0, 200.0
"""Sides of the fields; the published curves for ACS take 200."""
MODEL_EXPOSURE_S = 660.0
EARTH_AVOIDANCE_DEG = 15.5 + 7.6
"""Bright and dark limb of the Earth: their mean is how near to it HST looks."""


def count_sigma(count: float) -> float:
    """Error of a number of exposures with satellites: Poisson's and 7 % of it."""
    if count < 0:
        raise ValueError("A count is not negative.")
    return math.sqrt(count + (SYSTEMATIC_SHARE * count) ** 2)


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure as a satellite table lists it; ``satellites`` is the number of trails in it."""

    instrument: str
    filter: str
    year: int
    exposure_s: float
    crossed: bool
    satellites: int


@dataclass(frozen=True, slots=True)
class Fraction:
    """How many of some exposures show a satellite; ``chance`` is per exposure of the group's mean length.

    ``fraction`` and ``chance`` are 0-1, with their errors. The chance counts trails: an exposure may have several.
    """

    instrument: str
    filter: str
    year: str
    exposures: int
    crossed: int
    crossed_sigma: float
    fraction: float
    fraction_sigma: float
    trails: int
    mean_exposure_s: float
    chance: float
    chance_sigma: float


def fraction_of(exposures: Iterable[Exposure], *, instrument: str = "all", filter_name: str = "all",
                year: str = "all") -> Fraction:  # fmt: skip
    """Count exposures; ValueError if there is none."""
    number = crossed = trails = 0
    seconds = 0.0
    for exposure in exposures:
        number += 1
        crossed += exposure.crossed
        trails += exposure.satellites
        seconds += exposure.exposure_s
    if not number:
        raise ValueError("There is no exposure to count.")
    mean = seconds / number
    return Fraction(
        instrument, filter_name, year, number, crossed, count_sigma(crossed), crossed / number,
        count_sigma(crossed) / number, trails, mean, *crossing_chance(trails, seconds, mean),
    )  # fmt: skip


def crossing_chance(trails: int, total_s: float, exposure_s: float) -> tuple[float, float]:
    """Trails expected in one exposure of ``exposure_s``, and the error: trails x exposure / all exposure time."""
    if not total_s > 0:
        raise ValueError("The exposures must have lasted some time.")
    return trails * exposure_s / total_s, count_sigma(trails) * exposure_s / total_s


def fraction_table(exposures: Iterable[Exposure]) -> list[Fraction]:
    """Fractions of everything, of each instrument, and of its filters and years.

    Rows come in the order: all; then per instrument all, its filters, its years.
    """
    rows = list(exposures)
    groups: dict[str, list[Exposure]] = defaultdict(list)
    for exposure in rows:
        groups[exposure.instrument].append(exposure)
    table = [fraction_of(rows)]
    for instrument in sorted(groups):
        group = groups[instrument]
        table.append(fraction_of(group, instrument=instrument))
        for name in sorted({exposure.filter for exposure in group}):
            part = [exposure for exposure in group if exposure.filter == name]
            table.append(fraction_of(part, instrument=instrument, filter_name=name))
        for year in sorted({exposure.year for exposure in group}):
            part = [exposure for exposure in group if exposure.year == year]
            table.append(fraction_of(part, instrument=instrument, year=str(year)))
    return table


@dataclass(frozen=True, slots=True)
class Crossings:
    """The model's answer: ``trails`` expected in one exposure, and the ``chance`` of at least one (0-1)."""

    trails: float
    chance: float
    visible_share: float
    illuminated_share: float
    angular_speed_arcsec_s: float


def crossings(
    *,
    number: int,
    altitude_km: float,
    field_arcsec: float = ACS_FIELD_ARCSEC,
    exposure_s: float = MODEL_EXPOSURE_S,
) -> Crossings:
    """Trails of ``number`` satellites on circular orbits at one altitude, in one exposure of HST.

    P = N w f a t / (4 pi 206265^2): w their angular speed, f the share HST can see and the Sun lights, a the
    field's side, t the exposure. P is an expected number; the chance of at least one trail is 1 - exp(-P).

    Raises
    ------
    ValueError
        A number or a size is negative, or the altitude is not above HST's orbit (538 km), where the model holds.
    """
    if number < 0 or field_arcsec <= 0 or exposure_s <= 0:
        raise ValueError("The number of satellites, the field and the exposure must be positive.")
    earth, orbit = EARTH_MEAN_RADIUS_KM, ORBIT_RADIUS_KM
    shell = earth + altitude_km
    if not shell > orbit:
        raise ValueError(f"The model holds for altitudes above Hubble's own, {orbit - earth:.0f} km.")
    speed = math.sqrt(GM_EARTH_KM3_S2 / shell**3) * ARCSEC_PER_RADIAN
    horizon = math.acos(earth / orbit) - math.radians(EARTH_AVOIDANCE_DEG) / 2
    reach = (math.sqrt(shell**2 - earth**2) + orbit * math.sin(horizon)) * earth / orbit
    visible = 0.5 * (1 - math.sqrt(shell**2 - reach**2) / shell)
    illuminated = 1 - 2 * math.degrees(math.atan(earth / shell)) / 360
    trails = number * speed * visible * illuminated * field_arcsec * exposure_s / (4 * math.pi * ARCSEC_PER_RADIAN**2)
    return Crossings(trails, -math.expm1(-trails), visible, illuminated, speed)
