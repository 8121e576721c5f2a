"""Candidates held against known objects: found where one runs, and "none found" where none does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import Role, User
from archive.models import Exposure
from archive.orbits import catalogue_import
from catalogue.identifying import candidate_identify
from catalogue.models import Candidate, ObjectCheck, ObjectMatch
from catalogue.science import match_decide
from sky.ephemeris import ephemeris
from sky.orbits import read_orbits
from sky.times import mjd_from_calendar
from tests import factories
from tests.catalogue.rows import candidate

EPOCH_MJD = 60_400.0
OBJECTS = 40


@pytest.fixture(scope="session")
def orbits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of orbits of the main belt."""
    rng = np.random.default_rng(8)
    path = tmp_path_factory.mktemp("orbits") / "belt.csv"
    lines = ["designation,epoch_mjd_tdb,a_au,e,incl_deg,Omega_deg,w_deg,M_deg,H,G"]
    for number in range(OBJECTS):
        a, e, tilt = rng.uniform(2.1, 3.3), rng.uniform(0, 0.25), rng.uniform(0, 15)
        node, perihelion, mean = rng.uniform(0, 360, 3)
        lines.append(
            f"20{number:02d} XY1,{EPOCH_MJD},{a},{e},{tilt},{node},{perihelion},{mean},{rng.uniform(14, 18)},0.15"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def stored(orbits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a catalogue of this installation."""
    folder = tmp_path_factory.mktemp("catalogue") / "current"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("archive.orbits.catalogue_folder", lambda: folder)
        first = mjd_from_calendar(2024, 1, 1)
        catalogue_import(
            orbits, as_of="2024-05-01", first_mjd=first, last_mjd=first + 200, processes=1, progress=lambda *_: None
        )
    return folder


@pytest.fixture
def known(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.orbits.catalogue_folder", lambda: stored)


@pytest.fixture
def ann(db: None) -> User:
    return factories.user(Role.SCIENTIST, username="ann")


def on_the_path_of(
    number: int, orbits: Path, *, off_arcsec: float = 0.0, turned: bool = False, of: Exposure | None = None
) -> Candidate:
    """A candidate whose ends lie where an object is when the exposure begins and ends."""
    made = candidate(of=of)
    exposure = made.exposure
    (all_of_them,) = read_orbits(orbits)
    times = [exposure.start_mjd_utc, exposure.end_mjd_utc]
    ((_, places),) = ephemeris(all_of_them.take(slice(number, number + 1)), times, np.zeros((2, 3)))
    ends = [(float(place.ra_deg[0]), float(place.dec_deg[0]) + off_arcsec / 3600) for place in places]
    (made.end1_ra_deg, made.end1_dec_deg), (made.end2_ra_deg, made.end2_dec_deg) = ends[::-1] if turned else ends
    made.save()
    return made


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("turned", [False, True])
def test_the_object_is_found_in_either_direction(orbits: Path, ann: User, turned: bool) -> None:
    one = on_the_path_of(7, orbits, turned=turned)
    check = candidate_identify(candidate=one, by=ann)
    match = one.matches.get()
    assert (match.designation, match.rank, match.within_limits, match.reversed) == ("2007 XY1", 1, True, turned)
    assert match.separation_arcsec < 0.1 and 1 < match.delta_au < 4.5 and match.r_au > 1.5
    assert (check.found_count, check.orbits_count, check.catalogue) == (1, OBJECTS, "belt.csv 2024-05-01")
    assert "Earth's centre" in check.observer  # nobody said where Hubble was, and the page says so


@pytest.mark.usefixtures("known")
def test_a_near_one_is_only_near_and_none_found_is_a_result(orbits: Path, ann: User, client: Client) -> None:
    near = on_the_path_of(3, orbits, off_arcsec=45)
    candidate_identify(candidate=near, by=ann)
    assert not near.matches.get().within_limits
    away = on_the_path_of(3, orbits, off_arcsec=3000)
    check = candidate_identify(candidate=away, by=ann)
    assert check.found_count == 0 and not away.matches.exists()
    client.force_login(ann)
    page = client.get(f"/validate/{away.pk}/").content.decode()
    assert "No known object within 60" in page and "belt.csv 2024-05-01" in page


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("combined", [False, True])
def test_in_a_combined_image_a_trail_is_part_of_the_way(orbits: Path, ann: User, combined: bool) -> None:
    exposure = factories.exposure(end_mjd_utc=60370.5 + 0.125, combined=combined)
    one = on_the_path_of(7, orbits, of=exposure)
    ra, dec = (
        np.linspace(*ends, 4) for ends in ((one.end1_ra_deg, one.end2_ra_deg), (one.end1_dec_deg, one.end2_dec_deg))
    )
    one.end1_ra_deg, one.end2_ra_deg, one.end1_dec_deg, one.end2_dec_deg = *ra[1:3], *dec[1:3]
    one.save()
    candidate_identify(candidate=one, by=ann)
    found = list(one.matches.values_list("designation", "within_limits"))
    assert found == ([("2007 XY1", True)] if combined else [])


@pytest.mark.usefixtures("known")
def test_what_people_decided_stays(orbits: Path, ann: User, client: Client) -> None:
    one = on_the_path_of(5, orbits)
    client.force_login(ann)
    client.post(f"/validate/{one.pk}/identify/")
    match_decide(match=one.matches.get(), by=ann, state="accepted")
    client.post(f"/validate/{one.pk}/identify/")
    assert one.matches.get().state == ObjectMatch.State.ACCEPTED and ObjectCheck.objects.count() == 2


def test_without_a_catalogue_it_says_what_to_do(ann: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.orbits.catalogue_folder", lambda: tmp_path / "none")
    with pytest.raises(ValidationError, match="import_orbits"):
        candidate_identify(candidate=candidate(), by=ann)
    with pytest.raises(ValidationError, match="Measure it first"):
        candidate_identify(candidate=candidate(end1_ra_deg=None), by=ann)
    with pytest.raises(ValidationError, match="Only scientists"):
        candidate_identify(candidate=candidate(), by=factories.user())
    assert not ObjectCheck.objects.exists()
