"""Clocks, and the Sun and planets, against theories other than the file they come from."""

import erfa
import numpy as np
import pytest

from sky.hst import AU_KM
from sky.planets import EARTH, MOON, SUN, OutsideEphemeris, planets_between
from sky.times import MJD_ZERO, mjd_from_calendar, tdb_from_utc, tt_from_utc


def test_exposures_are_stamped_69_seconds_before_the_planets_clock() -> None:
    # 37 leap seconds since 2017, and 32.184 s from TAI to TT; TDB is within 2 ms of TT.
    assert (tt_from_utc(58_000.0)[0] - 58_000.0) * 86_400 == pytest.approx(69.184, abs=1e-4)
    assert (tdb_from_utc(58_000.0)[0] - 58_000.0) * 86_400 == pytest.approx(69.184, abs=3e-3)
    # The day before 2006 had 32 leap seconds, the day after 33.
    steps = (tt_from_utc([53_735.0, 53_737.0]) - [53_735.0, 53_737.0]) * 86_400
    assert np.diff(steps) == pytest.approx([1.0], abs=1e-4)


def test_the_earth_is_where_an_analytic_theory_has_it() -> None:
    at = np.linspace(46_100, 68_300, 40)
    planets = planets_between(at[0], at[-1])
    heliocentric, _ = erfa.epv00(MJD_ZERO, at)
    off_km = np.linalg.norm(planets.positions(at)[:, EARTH] - heliocentric["p"], axis=1) * AU_KM
    assert off_km.max() < 30  # epv00 is within 13 km of DE405
    off_m_s = np.linalg.norm(planets.velocities(at)[:, EARTH] - heliocentric["v"], axis=1) * AU_KM * 1e3 / 86_400
    assert off_m_s.max() < 0.02


def test_the_moon_is_as_far_from_the_earth_as_it_is_and_moves_once_a_month() -> None:
    at = np.arange(59_000.0, 59_200.0, 0.25)
    places = planets_between(at[0], at[-1]).positions(at)
    moon = (places[:, MOON] - places[:, EARTH]) * AU_KM
    analytic = erfa.moon98(MJD_ZERO, at)["p"]
    assert np.linalg.norm(moon - analytic * AU_KM, axis=1).max() < 200  # moon98's own precision is tens of km


def test_one_time_and_many_give_the_same_and_a_year_outside_is_refused() -> None:
    planets = planets_between(59_000, 59_400)
    assert planets.positions(59_123.4) == pytest.approx(planets.positions(np.array([59_123.4]))[0], abs=1e-14)
    assert np.linalg.norm(planets.positions(59_123.4)[SUN]) < 0.012  # the Sun's centre, from the barycentre
    with pytest.raises(OutsideEphemeris, match="1985 to 2045"):
        planets_between(40_000, 59_000)


def test_a_date_that_does_not_exist_is_refused() -> None:
    assert mjd_from_calendar(2025, 11, 21) == 61_000
    with pytest.raises(ValueError, match="day"):
        mjd_from_calendar(2025, 2, 30)
