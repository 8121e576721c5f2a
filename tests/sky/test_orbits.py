"""Catalogues of orbits are read as their makers write them."""

from pathlib import Path

import numpy as np
import pytest

from sky.designations import designation_unpacked, epoch_unpacked
from sky.kepler import two_body
from sky.orbits import OrbitFileFault, orbits_joined, read_orbits
from sky.planets import GM_SUN
from sky.simulate.orbits import state as plain_state

# Made-up elements in each format's columns.
MPCORB = (
    "00433   10.31  0.46 K25BL 310.55432  178.92978  304.27008   10.82847  0.2227480  0.55977529   1.4581210  0 "
    "E2025-U01  9130 54 1893-2025 0.52 M-v 3Ek MPCW       1804    (433) Eros               20251101\n"
)
ASTORB = (
    f"{433:6} {'Eros':<18} {'E. Bowell':<15} 10.31  0.15 1.00 16.8  S    {'   0' * 6} 48160 9130 20251121 "
    "310.554320 178.929780 304.270080 10.828470 0.22274800   1.45812100 20251101 1.2E-02  1.0E-04 20251120\n"
)
CSV = (
    "designation,epoch_mjd_tdb,a_au,e,incl_deg,Omega_deg,w_deg,M_deg,H,G\n"
    "433,61000,1.458121,0.222748,10.82847,304.27008,178.92978,310.55432,10.31,0.46\n"
)


def _read(tmp_path: Path, text: str, skipped: list[str] | None = None):  # type: ignore[no-untyped-def]
    path = tmp_path / "orbits"
    path.write_text(text)
    return orbits_joined(read_orbits(path, skipped=skipped))


@pytest.mark.parametrize(
    ("packed", "plain"),
    [
        ("00001", "1"), ("A0000", "100000"), ("z9999", "619999"), ("~0000", "620000"), ("~000z", "620061"),
        ("J95X00A", "1995 XA"), ("J95X01L", "1995 XL1"), ("J98SG8Q", "1998 SQ168"), ("K07Tf8A", "2007 TA418"),
        ("PLS2040", "2040 P-L"), ("T3S4101", "4101 T-3"), ("_QC0000", "2026 CA620"), ("_QC000Z", "2026 CL621"),
        ("a name", "a name"),
    ],
)  # fmt: skip
def test_packed_designations(packed: str, plain: str) -> None:
    assert designation_unpacked(packed) == plain


def test_packed_dates() -> None:
    # Examples of the Minor Planet Center: 1996 January 1, 1996 September 10 and 30, 2001 October 22.
    dates = [epoch_unpacked(text) for text in ("J9611", "J969A", "J969U", "K01AM")]
    assert dates == [50_083, 50_336, 50_356, 52_204]
    with pytest.raises(ValueError, match="no packed date"):
        epoch_unpacked("J96D1")


def test_the_three_formats_say_the_same(tmp_path: Path) -> None:
    a, b, c = (_read(tmp_path, text) for text in (MPCORB, ASTORB, CSV))
    for orbits in (a, b, c):
        assert list(orbits.designation) == ["433"]
        assert orbits.epoch == pytest.approx([61_000.0])
        assert orbits.h == pytest.approx([10.31])
        assert orbits.state == pytest.approx(c.state, abs=1e-9)
    assert (a.g[0], b.g[0]) == (0.46, 0.15)
    # U = 0: less than an arcsecond in ten years.
    assert a.spread_arcsec(61_000 + 3652.5) == pytest.approx([1.5])


def test_states_are_those_of_the_elements(tmp_path: Path) -> None:
    orbits = _read(tmp_path, CSV)
    position, velocity = plain_state(*(np.array([x]) for x in (1.458121, 0.222748, 10.82847, 304.27008, 178.92978,
                                                               310.55432)))  # fmt: skip
    assert np.linalg.norm(orbits.state[:3]) == pytest.approx(np.linalg.norm(position), rel=1e-12)
    assert np.linalg.norm(orbits.state[3:]) == pytest.approx(np.linalg.norm(velocity), rel=1e-9)
    # Turned from the ecliptic to the equator, whose poles are 23.44 degrees apart: the node's axis stays.
    assert orbits.state[0, 0] == pytest.approx(position[0, 0], rel=1e-12)
    assert orbits.state[2, 0] == pytest.approx(position[0, 1] * 0.39777716 + position[0, 2] * 0.91748206, rel=1e-7)


def test_headings_are_passed_over_and_bad_lines_named(tmp_path: Path) -> None:
    skipped: list[str] = []
    bad = MPCORB.replace("0.2227480", "1.2227480")  # a hyperbola cannot have a positive axis
    orbits = _read(tmp_path, f"MINOR PLANET CENTER\n\nDes'n     H\n------\n{MPCORB}\n{bad}{MPCORB}", skipped)
    assert len(orbits) == 2
    assert skipped == ["Line 7 is no usable orbit."]


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "neither MPCORB"), ("hello\n", "neither MPCORB"), (CSV.splitlines()[0] + "\n", "no usable orbit"),
     ("designation,a_au\n1,2\n", "epoch_mjd_tdb is missing"), (CSV.replace("1.458121", "x"), "Line 2")],
)  # fmt: skip
def test_files_that_are_no_catalogue_are_refused_in_words(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(OrbitFileFault, match=says):
        _read(tmp_path, text)


def test_any_conic_goes_there_and_back() -> None:
    rng = np.random.default_rng(1)
    position = rng.normal(0, 2, (3, 500))
    speed = np.sqrt(2 * GM_SUN / np.linalg.norm(position, axis=0))
    way = rng.normal(0, 1, (3, 500))
    state = np.concatenate([position, way / np.linalg.norm(way, axis=0) * speed * rng.uniform(0.2, 1.5, 500)])
    days = rng.uniform(-2_000, 2_000, 500)
    back = two_body(two_body(state, days), -days)
    off = np.linalg.norm(back[:3] - position, axis=0) / np.linalg.norm(position, axis=0)
    assert np.percentile(off, 99) < 1e-9
    energy = 0.5 * np.sum(state[3:] ** 2, axis=0) - GM_SUN / np.linalg.norm(position, axis=0)
    moved = two_body(state, days)
    later = 0.5 * np.sum(moved[3:] ** 2, axis=0) - GM_SUN / np.linalg.norm(moved[:3], axis=0)
    assert np.percentile(np.abs(later / energy - 1), 99) < 1e-8


def test_real_lines_of_the_minor_planet_center(shared_data: Path) -> None:
    orbits = orbits_joined(read_orbits(shared_data / "orbits" / "mpcorb_22k.dat"))
    assert len(orbits) == 22_304
    assert set(orbits.epoch) == {61_000.0}
    assert list(orbits.designation[:2]) == ["1", "2"]
