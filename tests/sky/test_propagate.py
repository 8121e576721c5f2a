"""Orbits carried through years, against published positions and against each other."""

from pathlib import Path

import numpy as np
import pytest

from sky.ephemeris import ephemeris
from sky.kepler import states_of_elements, two_body
from sky.orbit_columns import Columns
from sky.orbits import orbits_joined, orbits_of, read_orbits
from sky.planets import planets_between
from sky.propagate import COARSE_STEP_DAYS, Journey, carry, is_quiet, together

ARCSEC = 206_264.8
# A main-belt orbit, one that crosses Mars's, one that crosses the Earth's, a Trojan, and one beyond Neptune.
A = np.array([2.6, 2.2, 1.46, 5.2, 44.0])
E = np.array([0.12, 0.3, 0.55, 0.05, 0.1])
SAMPLE = states_of_elements(A, E, [8.0, 3, 12, 10, 5], [40.0, 200, 120, 80, 10], [10.0, 70, 300, 150, 200],
                            [5.0, 120, 40, 300, 90])  # fmt: skip


def _off_arcsec(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.linalg.norm(found[:3] - true[:3], axis=0) / np.linalg.norm(true[:3], axis=0) * ARCSEC


def test_the_map_goes_where_small_steps_go() -> None:
    planets = planets_between(56_500, 61_000)
    true = carry(SAMPLE, 61_000, 56_500, planets)
    assert list(is_quiet(SAMPLE)) == [True, False, False, False, False]
    assert _off_arcsec(Journey(SAMPLE, 61_000, planets).to(56_500), true).max() < 0.02
    assert _off_arcsec(Journey(SAMPLE, 61_000, planets, COARSE_STEP_DAYS).to(56_500), true).max() < 0.1
    # What the planets do is not small: without them the same years end arcminutes away.
    assert _off_arcsec(two_body(SAMPLE, -4_500.0), true)[:4].min() > 60


def test_there_and_back_and_in_pieces() -> None:
    planets = planets_between(59_000, 61_000)
    there = Journey(SAMPLE, 61_000, planets).to(59_000)
    assert _off_arcsec(Journey(there, 59_000, planets).to(61_000), SAMPLE).max() < 1e-3
    journey = Journey(SAMPLE, 61_000, planets)
    for at in (60_700.3, 60_111.1, 59_000):
        pieces = journey.to(at)
    assert _off_arcsec(pieces, there).max() < 0.01


def test_objects_of_many_epochs_meet_at_one() -> None:
    planets = planets_between(59_000, 60_100)
    epochs = np.array([59_010.0, 59_500.0, 59_505.0, 60_000.0, 59_010.0])
    met, at = together(SAMPLE, epochs, planets, 8.0)
    assert 60_000 <= at <= 60_032
    alone = [Journey(SAMPLE[:, [i]], epochs[i], planets).to(at) for i in range(5)]
    assert _off_arcsec(met, np.concatenate(alone, axis=1)).max() < 0.01


def test_a_grazing_encounter_is_resolved() -> None:
    # An object set 0.002 au before the Earth, at rest but for 10 km/s towards a point beside it.
    planets = planets_between(59_000, 59_100)
    at = planets.positions(59_020.0)[2]
    velocity = planets.velocities(np.array([59_020.0]))[0, 2]
    toward = np.array([1.0, 0.2, 0.1]) / np.linalg.norm([1.0, 0.2, 0.1])
    state = np.concatenate([at + [0.0, 0.0004, 0.0] - 0.002 * toward, velocity + 0.0058 * toward])[:, None]
    there = carry(state, 59_020, 59_060, planets)
    assert _off_arcsec(carry(there, 59_060, 59_020, planets), state)[0] < 0.05
    assert _off_arcsec(two_body(state, 40.0), there)[0] > 1000


def test_ceres_over_sixteen_years(shared_data: Path) -> None:
    orbits = orbits_joined(read_orbits(shared_data / "orbits" / "ceres_epochs.dat"))
    first, second, third = orbits.epoch
    planets = planets_between(first, third)
    journey = Journey(orbits.state[:, [0]], first, planets)
    assert _off_arcsec(journey.to(second), orbits.state[:, [1]])[0] < 0.12
    assert _off_arcsec(journey.to(third), orbits.state[:, [2]])[0] < 0.2


def test_positions_of_jpl_horizons(shared_data: Path) -> None:
    """Astrometric positions from two observatories over 60 days, for objects from inside Venus's orbit to Neptune's."""
    import csv

    from astropy import units
    from astropy.coordinates import EarthLocation
    from astropy.time import Time
    from astropy.utils import iers

    sites = {"X05": (-70.749417, -30.244639, 2663), "W84": (-70.80653, -30.169661, 2387)}
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader((shared_data / "orbits" / "horizons_ephemeris.csv").open()):
        rows.setdefault(row["targetname"], []).append(row)
    off: list[float] = []
    brightness: list[float] = []
    for elements in csv.DictReader((shared_data / "orbits" / "horizons_elements.csv").open()):
        seen = rows.get(elements["targetname"], [])[::3]
        if not seen:
            continue
        values = [np.array([float(elements[name])]) for name in ("mjd_tdb", "a", "e", "incl", "Omega", "w", "M")]
        h, g = np.array([float(seen[0]["H"])]), np.array([float(seen[0]["G"] or 0.15)])
        orbits = orbits_of(Columns(np.array(["x"]), *values, h, g, np.zeros(1), np.zeros(1)))
        times = np.array([float(row["mjd_utc"]) for row in seen])
        with iers.conf.set_temp("auto_download", False), iers.conf.set_temp("iers_degraded_accuracy", "warn"):
            places = [
                EarthLocation.from_geodetic(*sites[row["observatory_code"]])
                .get_gcrs_posvel(Time(at, format="mjd"))[0].xyz.to_value(units.km)
                for row, at in zip(seen, times, strict=True)
            ]  # fmt: skip
        ((_, found),) = ephemeris(orbits, times, np.array(places))
        for row, place in zip(seen, found, strict=True):
            east = (place.ra_deg[0] - float(row["RA"])) * np.cos(np.radians(place.dec_deg[0]))
            off.append(float(np.hypot(east, place.dec_deg[0] - float(row["DEC"]))) * 3600)
            assert place.delta_au[0] == pytest.approx(float(row["delta"]), rel=1e-7, abs=1e-7)
            assert place.r_au[0] == pytest.approx(float(row["r"]), rel=1e-7, abs=1e-7)
            assert place.phase_deg[0] == pytest.approx(float(row["alpha"]), abs=0.01)
            brightness.append(abs(place.v_mag[0] - float(row["V"])))
    assert len(off) > 300
    assert np.median(off) < 0.002  # the bar is 0.02
    assert max(off) < 0.02
    assert np.median(brightness) < 0.002
