"""The stored catalogue finds what a search of everything finds, and is whole or not there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sky.ephemeris import ephemeris
from sky.hst import hst_position_km
from sky.kepler import states_of_elements
from sky.known import Field, known_near
from sky.known_store import (
    Catalogue,
    CatalogueFault,
    Manifest,
    catalogue_build,
    catalogue_open,
    checkpoint_name,
    checkpoint_times,
)
from sky.match import Thresholds, Trail, matches
from sky.simulate.orbits import draw_elements

COUNT, TIMES = 400, checkpoint_times(59_700, 60_300)
ORBIT = {"node_deg": 40.0, "phase_deg": 10.0, "epoch_mjd_utc": 60_000.0}
START, END = 60_000.3, 60_000.31


def _file(folder: Path) -> Path:
    rng = np.random.default_rng(3)
    a, e, incl, _ = draw_elements(rng, COUNT)
    angles = rng.uniform(0, 360, (3, COUNT))
    epochs = np.where(rng.random(COUNT) < 0.1, 59_888.0, 60_200.0)
    path = folder / "orbits.csv"
    rows = zip(range(COUNT), epochs, a, e, incl, *angles, strict=True)
    head = "designation,epoch_mjd_tdb,a_au,e,incl_deg,Omega_deg,w_deg,M_deg,H\n"
    path.write_text(head + "".join(",".join(map(str, map(float, row))) + ",16\n" for row in rows))
    assert states_of_elements(a, e, incl, *angles).shape == (6, COUNT)
    return path


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("known")
    catalogue_build(_file(folder), folder / "made", as_of="2023-01-01", times=TIMES)
    return catalogue_open(folder / "made")


def _seen(catalogue: Catalogue):  # type: ignore[no-untyped-def]
    """All objects at start and end of the exposure, from their elements."""
    places = hst_position_km([START, END], **ORBIT)
    ((_, seen),) = ephemeris(catalogue.orbits, np.array([START, END]), places)
    return places, seen


def _field(places: np.ndarray, ra: float, dec: float) -> Field:
    return Field(ra, dec, 150.0, START, END, tuple(places[0]), tuple(places[1]))


def test_each_object_is_found_where_it_is(catalogue: Catalogue) -> None:
    places, (first, last) = _seen(catalogue)
    for index in range(0, COUNT, 7):
        near = known_near(catalogue, _field(places, first.ra_deg[index], first.dec_deg[index]))
        names = list(near.orbits.designation)
        assert catalogue.orbits.designation[index] in names
        row = names.index(catalogue.orbits.designation[index])
        for found, true in ((near.start, first), (near.end, last)):
            off = np.hypot(
                (found.ra_deg[row] - true.ra_deg[index]) * np.cos(np.radians(true.dec_deg[index])),
                found.dec_deg[row] - true.dec_deg[index],
            )
            # Checkpoints are single precision: 0.04 arcseconds at 1 au.
            assert off * 3600 < 0.1 / min(true.delta_au[index], 1.0)
            assert found.v_mag[row] == pytest.approx(true.v_mag[index], abs=1e-3)


def test_nothing_is_found_where_nothing_is(catalogue: Catalogue) -> None:
    places, _ = _seen(catalogue)
    assert len(known_near(catalogue, _field(places, 270.0, 66.56))) == 0  # the ecliptic's pole


def test_a_time_it_was_not_made_for_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueFault, match="outside the years"):
        known_near(catalogue, Field(10.0, 5.0, 100.0, 61_000.0, 61_000.01))


def test_trails_are_matched_with_their_objects_and_no_others(catalogue: Catalogue) -> None:
    places, (first, last) = _seen(catalogue)
    rng = np.random.default_rng(4)
    found = wrong = 0
    chosen = [index for index in range(COUNT) if first.delta_au[index] > 0.7][::6]
    for number, index in enumerate(chosen):
        ends = [(one.ra_deg[index], one.dec_deg[index]) + rng.normal(0, 0.1 / 3600, 2) for one in (first, last)]
        if number % 2:
            ends.reverse()
        trail = Trail(*ends[0], *ends[1], v_mag=float(first.v_mag[index] + rng.normal(0, 0.3)))
        near = known_near(catalogue, _field(places, *ends[0]))
        best = matches(trail, near, exposure_s=864.0)
        found += bool(best) and best[0].accepted and best[0].designation == catalogue.orbits.designation[index]
        assert best[0].direction == ("reverse" if number % 2 else "forward")
        # The same trail a few arcseconds away is a near miss; elsewhere, across, or too bright, it is none.
        beside = replace(trail, dec1_deg=trail.dec1_deg + 10 / 3600, dec2_deg=trail.dec2_deg + 10 / 3600)
        assert [one.accepted for one in matches(beside, near, exposure_s=864.0)] == [False]
        for other in (
            replace(trail, dec1_deg=trail.dec1_deg + 0.05, dec2_deg=trail.dec2_deg + 0.05),
            replace(trail, ra2_deg=trail.ra1_deg - (trail.dec2_deg - trail.dec1_deg), v_mag=None,
                    dec2_deg=trail.dec1_deg + (trail.ra2_deg - trail.ra1_deg)),
            replace(trail, v_mag=trail.v_mag - 3),
        ):  # fmt: skip
            wrong += len(matches(other, near, exposure_s=864.0))
    assert found == len(chosen) > 30
    assert wrong == 0


def test_thresholds_can_be_set(catalogue: Catalogue) -> None:
    places, (first, last) = _seen(catalogue)
    trail = Trail(first.ra_deg[0], first.dec_deg[0] + 1 / 3600, last.ra_deg[0], last.dec_deg[0] + 1 / 3600)
    near = known_near(catalogue, _field(places, first.ra_deg[0], first.dec_deg[0]))
    assert matches(trail, near, exposure_s=864.0)[0].accepted
    strict = Thresholds(place=0.5, sigmas=0.0)
    assert not matches(trail, near, exposure_s=864.0, thresholds=strict)[0].accepted
    # Who does not know where Hubble was must allow for it.
    lost = matches(trail, near, exposure_s=864.0, thresholds=strict, observer_error_km=6_909.0)
    assert lost[0].accepted


def test_an_end_on_the_edge_has_no_time(catalogue: Catalogue) -> None:
    places, (first, last) = _seen(catalogue)
    near = known_near(catalogue, _field(places, first.ra_deg[0], first.dec_deg[0]))
    ra, dec = (0.4 * getattr(first, name)[0] + 0.6 * getattr(last, name)[0] for name in ("ra_deg", "dec_deg"))
    whole = Trail(first.ra_deg[0], first.dec_deg[0], ra, dec)
    assert not [one for one in matches(whole, near, exposure_s=864.0) if one.accepted]
    assert matches(replace(whole, cut_second=True), near, exposure_s=864.0)[0].accepted


def test_a_build_that_was_killed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sky.known_store as store

    source, folder = _file(tmp_path), tmp_path / "made"
    monkeypatch.setattr(store, "BLOCK", 100)
    whole = catalogue_build(source, folder, as_of="2023-01-01", times=TIMES)

    def killed(done: int, total: int, what: str) -> None:
        if what == "objects" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue_build(source, folder, as_of="2023-02-02", times=TIMES, progress=killed)
    assert catalogue_open(folder).manifest == whole  # the old one serves
    seen: list[int] = []
    made = catalogue_build(
        source, folder, as_of="2023-02-02", times=TIMES,
        progress=lambda done, total, what: seen.append(done) if what == "objects" else None,
    )  # fmt: skip
    assert seen[0] > 0  # it did not begin anew
    assert catalogue_open(folder).damage() == []
    assert {name for name in made.files if made.files[name] == whole.files[name]} == set(whole.files)


def test_a_damaged_catalogue_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(CatalogueFault, match="import one"):
        catalogue_open(tmp_path / "nowhere")
    copy = tmp_path / "copy"
    shutil.copytree(catalogue.folder, copy)
    states = copy / checkpoint_name(TIMES[0])
    data = bytearray(states.read_bytes())
    data[100] ^= 1
    states.write_bytes(data)
    assert catalogue_open(copy).damage() == [states.name]
    states.write_bytes(data[:-4])
    with pytest.raises(CatalogueFault, match="incomplete"):
        catalogue_open(copy)
    assert isinstance(catalogue.manifest, Manifest)
