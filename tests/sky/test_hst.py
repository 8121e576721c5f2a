"""HST's orbit and the parallax it causes, against figures worked out elsewhere."""

import numpy as np
import pytest

from sky.hst import (
    ARCSEC_PER_RADIAN,
    AU_KM,
    ORBIT_PERIOD_S,
    direction,
    earth_hides,
    hst_position_km,
    parallax_factors,
)
from sky.photometry import ab_zero_point, magnitude, photflam_of, rate_of

ORBIT = {"node_deg": 40.0, "phase_deg": 10.0, "epoch_mjd_utc": 55_000.0}


def test_the_orbit_is_a_circle_of_the_right_size_tilt_and_period() -> None:
    times = 55_000.0 + np.linspace(0, ORBIT_PERIOD_S / 86_400, 2001)
    r = hst_position_km(times, **ORBIT)
    assert np.linalg.norm(r, axis=1) == pytest.approx(np.full(2001, 6909.0))
    assert np.degrees(np.arcsin(r[:, 2].max() / 6909.0)) == pytest.approx(28.47, abs=1e-3)
    assert r[0] == pytest.approx(r[-1], abs=1e-3)
    # 95.3 minutes for 6,909 km: DOMAIN figures, after the HST orbit used by Kruk et al. 2023.
    assert abs(ORBIT_PERIOD_S / 60 - 95.3) < 0.1
    speed = np.linalg.norm(r[1] - r[0]) / (times[1] - times[0]) / 86_400
    assert speed == pytest.approx(7.596, abs=0.01)  # sqrt(GM/r)


def test_the_node_is_where_it_crosses_the_equator_northward() -> None:
    r = hst_position_km([0.0, 1e-4], node_deg=75.0, phase_deg=0.0, epoch_mjd_utc=0.0)
    assert np.degrees(np.arctan2(r[0, 1], r[0, 0])) == pytest.approx(75.0)
    assert r[0, 2] == pytest.approx(0.0, abs=1e-9)
    assert r[1, 2] > 0


def test_parallax_amplitude_is_9_53_arcsec_at_1_au() -> None:
    """6,909 km at 1 au is 9.526 arcsec."""
    r = np.array([[0.0, 6909.0, 0.0]])
    shift = parallax_factors(r, 0.0, 0.0) * ARCSEC_PER_RADIAN
    assert shift[0] == pytest.approx([-9.526, 0.0], abs=2e-3)


@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (123.4, 20.0), (250.0, -35.0), (10.0, 80.0)])
def test_parallax_is_the_change_of_direction_of_a_near_object(ra: float, dec: float) -> None:
    distance_au = 1.7
    r = hst_position_km([55_000.01], **ORBIT)
    seen = direction(ra, dec) * distance_au * AU_KM - r[0]
    seen /= np.linalg.norm(seen)
    new_dec = np.degrees(np.arcsin(seen[2]))
    new_ra = np.degrees(np.arctan2(seen[1], seen[0]))
    east = ((new_ra - ra + 180) % 360 - 180) * np.cos(np.radians(dec)) * 3600
    north = (new_dec - dec) * 3600
    expected = parallax_factors(r, ra, dec)[0] * ARCSEC_PER_RADIAN / distance_au
    # The plane through the sky's sphere costs 1e-4 of the shift (and more near the pole).
    assert [east, north] == pytest.approx(expected.tolist(), abs=2e-3)


def test_the_earth_hides_what_is_below() -> None:
    above = np.array([[6909.0, 0.0, 0.0]])
    assert not earth_hides(above, 0.0, 0.0)[0]
    assert not earth_hides(above, 90.0, 0.0)[0]
    assert earth_hides(above, 180.0, 0.0)[0]
    # The limb lies 180 - asin(6378/6909) = 112.6 degrees from the zenith.
    assert earth_hides(above, 113.0, 0.0)[0]
    assert not earth_hides(above, 112.0, 0.0)[0]


def test_zero_points_are_the_published_ones() -> None:
    """PHOTFLAM and PHOTPLAM as in real headers; AB zero points of the ACS and WFC3 teams."""
    assert ab_zero_point(7.07236e-20, 8059.7598) == pytest.approx(25.94, abs=0.01)
    assert ab_zero_point(1.8379346e-19, 5307.9121) == pytest.approx(25.81, abs=0.01)
    assert ab_zero_point(photflam_of(26.486, 5921.1), 5921.1) == pytest.approx(26.486)
    assert magnitude(rate_of(23.4, 25.9), 25.9) == pytest.approx(23.4)
    for bad in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="positive"):
            ab_zero_point(bad, 5000.0)
