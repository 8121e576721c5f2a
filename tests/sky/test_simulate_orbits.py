"""Motions from orbits agree with JPL Horizons, with theory, and with what is known of the population."""

import csv
import time
from pathlib import Path

import numpy as np
import pytest

from sky.simulate import apparent_motion, apparent_motions
from sky.simulate.orbits import _sky_rates, draw_elements, earth_state, ecliptic_direction, state

OPPOSITION_MJD = 57_000.0


def opposition() -> tuple[float, float]:
    """The place opposite the Sun, (RA, Dec) in degrees."""
    from astropy import units
    from astropy.coordinates import SkyCoord

    earth, _ = earth_state(OPPOSITION_MJD)
    place = SkyCoord(np.arctan2(earth[1], earth[0]) * units.rad, 0 * units.rad, frame="barycentricmeanecliptic").icrs
    return float(place.ra.deg), float(place.dec.deg)


def test_the_earth_is_where_astropy_has_it() -> None:
    from astropy.coordinates import get_body_barycentric_posvel
    from astropy.time import Time

    for mjd in (49_000.0, 55_300.5, 60_123.25):
        moment = Time(mjd, format="mjd")
        (earth, speed), (sun, sun_speed) = (get_body_barycentric_posvel(name, moment) for name in ("earth", "sun"))
        tilt = np.radians(23.4392911)
        turn = np.array([[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]])
        position, velocity = earth_state(mjd)
        assert position == pytest.approx(turn @ (earth - sun).xyz.to_value("au"), abs=4e-4)
        assert velocity == pytest.approx(turn @ (speed - sun_speed).xyz.to_value("au/d"), abs=2e-5)


def test_a_circular_orbit_keeps_its_radius_and_speed() -> None:
    spots = np.linspace(0, 360, 9)
    position, velocity = state(np.full(9, 2.7), np.zeros(9), np.full(9, 12.0), spots, spots[::-1], 3 * spots)
    assert np.linalg.norm(position, axis=1) == pytest.approx(np.full(9, 2.7))
    assert np.linalg.norm(velocity, axis=1) == pytest.approx(np.full(9, 0.01720209895 / np.sqrt(2.7)))


def test_distances_and_rates_are_those_of_horizons(shared_data: Path) -> None:
    """Topocentric rates hold the observer's own turn with the Earth: up to 2.3 arcsec/h at 1 au, hence the margin."""
    with (shared_data / "orbits" / "horizons_elements.csv").open() as lines:
        elements = {row["targetname"]: row for row in csv.DictReader(lines)}
    with (shared_data / "orbits" / "horizons_ephemeris.csv").open() as lines:
        first = {row["targetname"]: row for row in reversed(list(csv.DictReader(lines)))}
    assert len(first) >= 13
    for name, seen in first.items():
        values = {key: float(elements[name][key]) for key in ("a", "e", "incl", "Omega", "w", "M", "n", "mjd_tdb")}
        mjd, delta = float(seen["mjd_utc"]), float(seen["delta"])
        anomaly = values["M"] + values["n"] * (mjd - values["mjd_tdb"])
        six = [values[key] for key in ("a", "e", "incl", "Omega", "w")]
        position, velocity = state(*(np.array([value]) for value in (*six, anomaly)))
        earth, earth_velocity = earth_state(mjd)
        relative = position[0] - earth
        distance = float(np.linalg.norm(relative))
        assert distance == pytest.approx(delta, rel=2e-3)
        longitude, height = float(np.arctan2(relative[1], relative[0])), np.arcsin(relative[2:] / distance)
        ra, dec = float(seen["RA"]), float(seen["DEC"])
        assert ecliptic_direction(ra, dec) == pytest.approx((longitude, float(height[0])), abs=1e-3)
        rates = _sky_rates(velocity - earth_velocity, longitude, height, float(height[0]), ra, dec)
        for mine, theirs in zip(rates, ("RA_rate", "DEC_rate"), strict=True):
            assert float(mine[0]) / distance == pytest.approx(float(seen[theirs]), abs=2.6 / distance)


def test_the_belt_moves_backwards_at_opposition() -> None:
    """A circular orbit at 2.7 au: (k/sqrt(2.7) - k)/1.7 au = -34 arcsec/h along the ecliptic."""
    ra, dec = opposition()
    distance, east, north = apparent_motions(np.random.default_rng(1), ra, dec, OPPOSITION_MJD, 4_000)
    assert np.median(np.hypot(east, north)) == pytest.approx(36, abs=5)
    assert np.mean(east < 0) > 0.97
    assert 1.2 < np.median(distance) < 1.8


def test_a_few_per_cent_are_near_and_a_few_are_trojans() -> None:
    rng = np.random.default_rng(2)
    drawn = [apparent_motion(rng) for _ in range(2_000)]
    distance = np.array([motion.distance_au for motion in drawn])
    assert 0.015 < np.mean(distance < 0.6) < 0.09
    assert 0.008 < np.mean(distance > 3.9) < 0.06
    speed = np.array([np.hypot(motion.motion_east, motion.motion_north) for motion in drawn])
    assert 20 < np.median(speed) < 40 and np.mean(speed < 60) > 0.88


def test_the_elements_have_the_belts_gaps_and_spreads() -> None:
    a, e, i, kind = draw_elements(np.random.default_rng(5), 20_000)
    belt = kind == 0
    assert np.mean(np.abs(a[belt] - 2.5) < 0.02) < 0.5 * np.mean(np.abs(a[belt] - 2.4) < 0.02)  # 3:1 with Jupiter
    assert np.median(e[belt]) == pytest.approx(0.124, abs=0.015)  # 22,304 orbits: 0.134
    assert np.median(i[belt]) == pytest.approx(5.5, abs=0.7)
    assert (a[kind == 1] * (1 - e[kind == 1])).max() <= 1.3001 and (e >= 0).all() and (e < 1).all()


def test_every_place_of_the_sky_has_an_orbit_even_the_ecliptics_pole() -> None:
    for ra, dec in ((270.0, 66.56), (90.0, -66.56), (10.0, 89.0), (0.0, 0.0)):
        distance, east, north = apparent_motions(np.random.default_rng(3), ra, dec, 56_000.0, 50)
        assert np.isfinite([distance, east, north]).all() and (distance > 0.04).all()


def test_the_same_seed_draws_the_same_and_a_draw_costs_less_than_a_millisecond() -> None:
    first, again = (apparent_motion(np.random.default_rng(9), ra_deg=150.0, dec_deg=2.0, mjd=53_000.0) for _ in "ab")
    assert first == again and (first.ra_deg, first.mjd) == (150.0, 53_000.0)
    with pytest.raises(ValueError, match="both"):
        apparent_motion(np.random.default_rng(9), ra_deg=150.0)
    rng, start = np.random.default_rng(4), time.process_time()
    for _ in range(300):
        apparent_motion(rng)
    assert time.process_time() - start < 0.6
