"""Where Hubble was, from each source, against other software and each other."""

from pathlib import Path

import numpy as np
import pytest

from sky.hst import GM_EARTH_KM3_S2, hst_position_km
from sky.observer import (
    SPT_KEYWORDS,
    ObserverFault,
    Unknown,
    best,
    header_elements,
    icrf_of_teme,
    read_state_vectors,
    read_two_line_elements,
)

# Elements with the check sums right, of a made-up satellite in an orbit like Hubble's.
TLE = """MADE UP
1 99999U 90037B   23001.25000000  .00003917  00000-0  21470-3 0  9990
2 99999  28.4707 297.2939 0002521  15.9406 111.2561 15.11522309596427
"""


def _sums(text: str) -> str:
    lines = []
    for line in text.splitlines():
        total = sum(int(c) if c.isdigit() else c == "-" for c in line[:68])
        lines.append(line[:68] + str(total % 10) if line[:2] in ("1 ", "2 ") else line)
    return "\n".join(lines) + "\n"


def test_two_line_elements_lead_to_the_same_place_as_astropy(tmp_path: Path) -> None:
    from astropy import units
    from astropy.coordinates import GCRS, TEME, CartesianRepresentation
    from astropy.time import Time
    from astropy.utils import iers

    path = tmp_path / "hst.tle"
    path.write_text(_sums(TLE))
    orbit = read_two_line_elements(path)
    at = np.array([59_945.5, 59_946.0, 59_947.3])
    _, teme, _ = orbit.satellites[0].sgp4(2_400_000.5, at[1])
    with iers.conf.set_temp("auto_download", False):
        time = Time(at[1], format="mjd")
        there = TEME(CartesianRepresentation(np.array(teme) * units.km), obstime=time)
        true = there.transform_to(GCRS(obstime=time)).cartesian.xyz.to_value(units.km)
    assert np.linalg.norm(orbit.position_km(at)[1] - true) < 0.01
    assert np.linalg.norm(icrf_of_teme(np.array([teme]), at[1:2])[0] - teme) > 30  # what forgetting it would cost
    assert orbit.error_km(at) == pytest.approx([0.325, 0.375, 1.24], abs=0.1)
    assert np.isinf(orbit.error_km([59_980.0]))[0]
    path.write_text(TLE.replace("15.11522309596427", "15.11522309596420"))
    with pytest.raises(ObserverFault, match="check sums"):
        read_two_line_elements(path)


def test_a_support_file_s_elements_are_an_orbit() -> None:
    radius, tilt = 6_909_000.0, np.radians(28.47)
    rate = np.sqrt(GM_EARTH_KM3_S2 / 6909.0**3) / (2 * np.pi)
    header = dict.fromkeys(SPT_KEYWORDS, 0.0) | {
        "EPCHTIME": (55_000.0 - 46_066.0) * 86_400, "MEANANOM": np.radians(10.0), "FDMEANAN": rate,
        "RASCASCN": 40.0 / 360, "COSINCLI": np.cos(tilt), "SINEINCL": np.sin(tilt), "SEMILREC": radius,
    }  # fmt: skip
    orbit = header_elements(header)
    at = 55_000.0 + np.linspace(-0.05, 0.05, 11)
    circle = hst_position_km(at, node_deg=40.0, phase_deg=10.0, epoch_mjd_utc=55_000.0)
    assert orbit.position_km(at) == pytest.approx(circle, abs=0.01)
    eccentric = header_elements(header | {"ECCENTRY": 0.01, "ECCENTX2": 0.02, "ESQDX5D2": 2.5e-4})
    r = np.linalg.norm(eccentric.position_km(55_000.0 + np.linspace(0, 1 / 15, 400)), axis=1)
    assert (r.max() - r.min()) / r.mean() == pytest.approx(0.02, rel=0.01)
    with pytest.raises(ObserverFault, match="SEMILREC"):
        header_elements({name: 1.0 for name in SPT_KEYWORDS if name != "SEMILREC"})


def test_the_least_uncertain_source_is_used(tmp_path: Path) -> None:
    table = tmp_path / "observer.csv"
    at = 59_945.5 + np.arange(12) / 1440 * 5
    places = hst_position_km(at, node_deg=0, phase_deg=0, epoch_mjd_utc=at[0])
    rows = [f"{t!r},{x},{y},{z}" for t, (x, y, z) in zip(at.tolist(), places.tolist(), strict=True)]
    table.write_text("mjd_utc,x_km,y_km,z_km\n" + "\n".join(rows))
    vectors = read_state_vectors(table)
    between = at[5:7].mean()
    true = hst_position_km(between, node_deg=0, phase_deg=0, epoch_mjd_utc=at[0])
    assert vectors.position_km(between) == pytest.approx(true, abs=1.0)
    assert vectors.position_km(at[3])[0] == pytest.approx(places[3])
    (tmp_path / "hst.tle").write_text(_sums(TLE))
    elements = read_two_line_elements(tmp_path / "hst.tle")
    assert best([elements, vectors], [at[2], at[7]]) is vectors
    assert best([elements, vectors], [at[2], at[-1] + 0.02]) is elements
    nothing = best([elements, vectors], [at[2], at[-1] + 90])
    assert isinstance(nothing, Unknown)
    assert nothing.error_km([1.0, 2.0]) == pytest.approx([6909.0, 6909.0])


@pytest.mark.parametrize("text", ["", "mjd_utc,x_km\n1,2\n", "mjd_utc,x_km,y_km,z_km\n1,2,x,4\n"])
def test_tables_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ObserverFault):
        read_state_vectors(tmp_path / "t.csv")
