"""The Minor Planet Center's exchange format: fields that its schema allows, figures that come from the trail."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import Role, User
from catalogue.models import Candidate, ObjectMatch
from catalogue.releases.ades import FIELDS, reference_catalogue, tracklet_names
from catalogue.services import candidate_validate
from sky.designations import ades_identifiers
from sky.hst import AU_KM
from tests import factories
from tests.catalogue.rows import candidate
from tests.catalogue.test_releases import accepted, distance, measured, released

MIDDLE_MJD = 60370.5029
PLACE_KM = (0.0, 4000.0, -5633.0)
ORDER = (
    "permID", "provID", "artSat", "trkSub", "obsSubID", "mode", "stn", "sys", "ctr", "pos1", "pos2", "pos3", "vel1",
    "vel2", "vel3", "posCov11", "posCov12", "posCov13", "posCov22", "posCov23", "posCov33", "obsTime", "rmsTime",
    "ra", "dec", "rmsRA", "rmsDec", "rmsCorr", "astCat", "mag", "rmsMag", "band", "fltr", "photCat", "photAp",
    "logSNR", "seeing", "exp", "rmsFit", "nStars", "disc", "uncTime", "notes", "remarks",
)  # fmt: skip
"""What the schema of 2022 lets an optical observation hold when it is submitted, in its order."""
DECIMAL = r"[+-]?(0|[1-9]\d*)(\.\d*)?"
TYPES = {
    "permID": r"(\d+[IPD]?)?",
    "provID": r"(\d{4} [A-HJ-Y][A-HJ-Z]\d*|\d{4} (P-L|T-[123])|A[89]\d\d [A-HJ-Y][A-HJ-Z])?",
    "trkSub": r"[-A-Za-z0-9_]{1,8}",
    "mode": "CCD", "stn": "250", "sys": "ICRF_KM", "ctr": "399", "pos1": DECIMAL, "pos2": DECIMAL, "pos3": DECIMAL,
    "obsTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", "ra": r"([1-3]\d\d|[1-9]?\d)(\.\d{0,9})",
    "dec": r"[+-]([1-9]?\d)(\.\d{0,9})", "rmsRA": r"(?=[\d.]{1,7}$)(0|[1-9]\d*)(\.\d+)",
    "rmsDec": r"(?=[\d.]{1,7}$)(0|[1-9]\d*)(\.\d+)", "rmsCorr": r"-?0\.\d{1,11}", "astCat": r"[.A-Za-z0-9_]{1,8}",
    "exp": r"[\d.]{1,6}", "remarks": r"[^|]{0,300}",
}  # fmt: skip


def read(content: bytes) -> tuple[list[str], list[str], list[dict[str, str]]]:
    """The first line's keywords apart: headers, comment, records of a file with pipes, as the standard describes it."""
    lines = content.decode().splitlines()
    assert lines[0].replace(" ", "") == "#version=2022"
    heads = [line for line in lines if line.startswith(("#", "!"))]
    keys, *records = [line.split("|") for line in lines if line not in heads]
    assert lines.index("|".join(keys)) == len(heads) and keys[0] == "permID"
    comment = [line.removeprefix("! line ") for line in heads[heads.index("# comment") + 1 :]]
    assert all(len(line) <= 100 for line in comment)
    return heads, comment, [dict(zip(keys, record, strict=True)) for record in records]


@pytest.fixture
def ann(db: None) -> User:
    return factories.user(Role.SCIENTIST, username="ann")


@pytest.fixture
def hubble(tmp_path: Path, settings: object) -> None:
    """Where Hubble was during the exposures of the tests' factory."""
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    (tmp_path / "hubble").mkdir()
    row = ",".join(map(str, PLACE_KM))
    (tmp_path / "hubble" / "states.csv").write_text(f"mjd_utc,x_km,y_km,z_km\n{MIDDLE_MJD},{row}\n")


def ades_of(by: User) -> bytes:
    release = released(by)
    kept = release.files.get(format="ades")
    response = Client().get(f"/releases/{release.slug}/files/ades")
    assert response["Content-Disposition"] == f'attachment; filename="{release.slug}.psv"'
    assert kept.sha256 in Client().get(f"/releases/{release.slug}/").content.decode()
    return response.content


def identified(of: Candidate, by: User, designation: str) -> None:
    ObjectMatch.objects.create(
        candidate=of, designation=designation, catalogue="test", rank=1, state="accepted", decided_by=by,
        reversed=False, separation_arcsec=0.1, along_arcsec=0.1, cross_arcsec=0.0, angle_deg=0.5, length_ratio=1.0,
        rate_arcsec_h=20.0, delta_au=2.0, r_au=2.8, phase_deg=10.0, within_limits=True,
    )  # fmt: skip


def test_the_fields_are_the_schemas_in_its_order() -> None:
    assert [name for name in ORDER if name in FIELDS] == list(FIELDS)
    assert {"trkSub", "mode", "stn", "obsTime", "ra", "dec", "astCat"} <= set(FIELDS)
    assert ("mag" in FIELDS) == ("band" in FIELDS)


def test_a_record_is_the_middle_of_the_trail_at_the_middle_of_the_exposure(ann: User, hubble: None) -> None:
    made = accepted(ann, 150.123456789012, -2.987654321098)
    measured(made, sigma_arcsec=0.02 * math.sqrt(2), position_angle_deg=90.0)
    identified(made, ann, "2001 AB12")
    distance(made, distance_au=1.5)
    heads, comment, (record,) = read(ades_of(ann))
    for name, value in record.items():
        assert re.fullmatch(TYPES[name], value), (name, value)
    assert (record["ra"], record["dec"]) == ("150.1234568", "-2.9876543")
    assert record["obsTime"] == "2024-03-01T12:04:10.000Z"  # of 12:00:00 to 12:08:20
    assert tuple(float(record[f"pos{axis}"]) for axis in (1, 2, 3)) == PLACE_KM
    assert (record["provID"], record["permID"]) == ("2001 AB12", "")
    assert record["trkSub"] == str(made.pk)[:8] and record["astCat"] == "UNK" and record["exp"] == "500.0"
    assert "AB 22.25 +- 0.05" in record["remarks"] and "state vectors (states.csv), 0.1 km" in record["remarks"]
    assert "! mpcCode 250" in heads and "! name ann" in heads
    assert "does not depend on it" in " ".join(comment) and "SIMULATED" in " ".join(comment)
    # Across the trail its own error; along it what Hubble's acceleration shifts, here to the east.
    east = -math.sin(math.radians(150.123456789012)) * PLACE_KM[0] + math.cos(math.radians(150.123456789012)) * 4000
    half_s = 0.0058 * 86400 / 2
    off = 398600.4418 * east / math.hypot(*PLACE_KM) ** 3 * half_s**2 / 2 / (1.5 * AU_KM) * 206264.806
    assert float(record["rmsDec"]) == pytest.approx(0.02, abs=0.0006)
    assert float(record["rmsRA"]) == pytest.approx(math.hypot(0.02, off), abs=0.0006)
    assert 0.05 < abs(off) < 0.3


def test_what_was_not_measured_is_no_asteroid_or_has_no_place_of_hubble_is_left_out(ann: User, hubble: None) -> None:
    good = accepted(ann, 150.1, -2.9)
    measured(good)
    accepted(ann, 150.2, -2.9)
    measured(accepted(ann, 150.3, -2.9, "satellite"))
    late = candidate(of=factories.exposure(start_mjd_utc=60371.5, end_mjd_utc=60371.5058), ra_deg=150.4)
    candidate_validate(candidate=late, by=ann, verdict="accept", trail_class="asteroid")
    measured(late)
    _heads, comment, records = read(ades_of(ann))
    assert [record["trkSub"] for record in records] == [str(good.pk)[:8]]
    said = " ".join(comment)
    assert "Records: 1. Left out: 1 asteroids that were not measured, 1 for whose time no file tells" in said


def test_without_any_place_of_hubble_the_file_says_so_and_the_other_files_are_whole(
    ann: User, tmp_path: Path, settings: object
) -> None:
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    measured(accepted(ann, 150.1, -2.9))
    release = released(ann)
    assert {kept.format for kept in release.files.all()} == {"ades", "csv", "ecsv", "fits", "votable"}
    _heads, comment, records = read(Client().get(f"/releases/{release.slug}/files/ades").content)
    assert records == [] and "Records: 0." in " ".join(comment)


@pytest.mark.parametrize(
    ("designation", "permanent", "provisional"),
    [
        ("00001", "1", ""), ("(1) Ceres", "1", ""), ("1 Ceres", "1", ""), ("594913 'Aylo'chaxnim", "594913", ""),
        ("K10T07K", "", "2010 TK7"), ("2010 TK7", "", "2010 TK7"), ("1923 P-L", "", "1923 P-L"),
        ("J03A00A", "", "A903 AA"), ("~0000", "620000", ""), ("73P", "73P", ""), ("my object", "", ""), ("", "", ""),
    ],
)  # fmt: skip
def test_a_designation_becomes_what_the_format_takes(designation: str, permanent: str, provisional: str) -> None:
    assert ades_identifiers(designation) == (permanent, provisional)


def test_names_of_tracklets_are_never_twice_the_same() -> None:
    ids = ["12345678-0000-4000-8000-000000000001", "12345678-1000-4000-8000-000000000002", "12345678-1" + "0" * 3]
    names = tracklet_names(ids)
    assert len(set(names.values())) == 3 and names[ids[0]] == "12345678" and names[ids[1]] == "23456781"
    assert all(len(name) == 8 for name in names.values())


def test_the_star_catalogue_is_what_the_archive_fitted_to() -> None:
    assert reference_catalogue("IDC_2731450pi-FIT_SVM_GAIAeDR3") == "Gaia3E"
    assert reference_catalogue("IDC_0461802ej-FIT_REL_GAIADR2") == "Gaia2"
    assert reference_catalogue("IDC_0461802ej-GSC240") == reference_catalogue("") == "UNK"
