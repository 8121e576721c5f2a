"""Releases: made once, the same for ever, read back by astropy and found by pyvo."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import numpy as np
import pytest
import pyvo
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse, validate
from astropy.table import Table
from django.core.exceptions import ValidationError
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.models import Role, User
from catalogue.models import (
    Candidate,
    DistanceFit,
    ObjectCheck,
    ObjectMatch,
    Release,
    ReleaseFile,
    ReleaseRow,
    TrailMeasurement,
)
from catalogue.releases.cone import CONTENT_TYPE
from catalogue.releases.making import release_make
from catalogue.services import candidate_validate
from tests import factories
from tests.catalogue.rows import candidate

FORMATS = {"csv": "ascii.csv", "ecsv": "ascii.ecsv", "votable": "votable", "fits": "fits"}
PLACES = [(150.123456789012, -2.987654321098), (150.2, -2.9), (359.99, 89.5), (0.01, 89.6)]


def accepted(by: User, ra_deg: float, dec_deg: float, trail_class: str = "asteroid") -> Candidate:
    made = candidate(ra_deg=ra_deg, dec_deg=dec_deg)
    candidate_validate(candidate=made, by=by, verdict="accept", trail_class=trail_class)
    return made


def measured(of: Candidate, **fields: object) -> TrailMeasurement:
    return TrailMeasurement.objects.create(
        **{
            "candidate": of, "exposure": of.exposure, "started_from": "marks", "software": "test", "end1_x": 1.0,
            "end1_y": 1.0, "end2_x": 101.0, "end2_y": 1.0, "end1_ra_deg": 150.0, "end1_dec_deg": 2.0,
            "end2_ra_deg": 150.001, "end2_dec_deg": 2.0, "mid_ra_deg": of.ra_deg, "mid_dec_deg": of.dec_deg,
            "sigma_arcsec": 0.02, "length_px": 100.0, "length_arcsec": 5.0, "position_angle_deg": 90.0,
            "sagitta_arcsec": 0.1, "width_fwhm_px": 2.2, "ridge_snr": 8.0, "magnitude_ab": 22.25,
            "magnitude_sigma": 0.05,
        }
        | fields
    )  # fmt: skip


def distance(of: Candidate, **fields: object) -> DistanceFit:
    return DistanceFit.objects.create(
        **{
            "candidate": of, "software": "test", "observer": "test", "parallax_per_au": 0.5, "parallax_sigma": 0.01,
            "distance_au": 2.0, "distance_low_au": 1.96, "distance_high_au": 2.04, "direction": "as_given",
            "delta_chi2": 9.0, "chi2": 20.0, "degrees_of_freedom": 19, "motion_east_arcsec_h": 20.0,
            "motion_north_arcsec_h": 1.0, "h_mag": 18.7, "diameter_15_km": 0.62,
        }
        | fields
    )  # fmt: skip


@pytest.fixture
def ann(db: None) -> User:
    return factories.user(Role.SCIENTIST, username="ann")


@pytest.fixture
def trails(ann: User) -> list[Candidate]:
    """Four accepted trails; of the first all is known."""
    rows = [accepted(ann, *place) for place in PLACES]
    first = rows[0]
    measured(first, magnitude_ab=30.0)
    measured(first)
    ObjectCheck.objects.create(
        candidate=first, catalogue="MPCORB 2025-11-21", orbits_count=9, observer="TLE", radius_arcsec=60, found_count=1
    )
    ObjectMatch.objects.create(
        candidate=first, designation="2001 AB12", catalogue="MPCORB 2025-11-21", rank=1, state="accepted",
        decided_by=ann, reversed=False, separation_arcsec=0.1, along_arcsec=0.1, cross_arcsec=0.0, angle_deg=0.5,
        length_ratio=1.0, rate_arcsec_h=20.0, delta_au=2.0, r_au=2.8, phase_deg=10.0, within_limits=True,
    )  # fmt: skip
    distance(first)
    return rows


def released(by: User, title: str = "First release") -> Release:
    return release_make(by=by, title=title, with_simulated=True)


@pytest.mark.parametrize("fmt", FORMATS)
def test_each_file_reads_back_with_what_was_known(ann: User, trails: list[Candidate], fmt: str) -> None:
    release = released(ann)
    response = Client().get(f"/releases/{release.slug}/files/{fmt}")
    kept = release.files.get(format=fmt)
    assert response.status_code == 200
    assert hashlib.sha256(response.content).hexdigest() == kept.sha256 and len(response.content) == kept.size_bytes
    table = Table.read(io.BytesIO(response.content), format=FORMATS[fmt])
    assert [str(value) for value in table["candidate_id"]] == [str(row.pk) for row in trails]
    assert (table["ra"][0], table["dec"][0]) == PLACES[0]
    assert (table["mag"][0], table["distance"][0], table["h_mag"][0]) == (22.25, 2.0, 18.7)
    assert (str(table["designation"][0]), str(table["identification"][0])) == ("2001 AB12", "known")
    assert str(table["identification"][1]) == "unchecked"
    assert np.ma.is_masked(table["distance"][1]) or np.isnan(table["distance"][1])


def test_the_checksum_is_of_the_rows_as_they_are_documented(ann: User, trails: list[Candidate]) -> None:
    release = released(ann)
    lines = [
        json.dumps(row.values, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        for row in release.rows.order_by("number")
    ]
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == release.sha256
    assert release.rows_count == len(lines) == 4


def test_simulated_trails_are_left_out_unless_asked_for(ann: User, trails: list[Candidate]) -> None:
    observation = trails[1].exposure.observation
    observation.simulated = False
    observation.save()
    release = release_make(by=ann, title="Real ones")
    assert [row.candidate_id for row in release.rows.all()] == [trails[1].pk]


@pytest.mark.parametrize("title", ["", "!?", "First release"])
def test_a_release_needs_a_title_of_its_own(ann: User, trails: list[Candidate], title: str) -> None:
    released(ann)
    with pytest.raises(ValidationError):
        released(ann, title)
    assert Release.objects.count() == 1


def test_nothing_accepted_is_nothing_released(ann: User) -> None:
    with pytest.raises(ValidationError, match="Nothing is accepted"):
        released(ann)
    assert not Release.objects.exists()


def test_a_volunteer_cannot_publish(trails: list[Candidate]) -> None:
    with pytest.raises(ValidationError):
        released(factories.user())


TABLES = (Release, ReleaseRow, ReleaseFile, TrailMeasurement, DistanceFit)
TRIES = {
    "its title": "UPDATE catalogue_release SET title = 'x'",
    "its rows": """UPDATE catalogue_releaserow SET "values" = '{}'""",
    "its files": "UPDATE catalogue_releasefile SET gzipped = ''",
    "a row goes": "DELETE FROM catalogue_releaserow WHERE number = 1",
    "a file goes": "DELETE FROM catalogue_releasefile",
    "it goes": "DELETE FROM catalogue_release",
    "a row comes": """
        INSERT INTO catalogue_releaserow (release_id, number, candidate_id, "values", ra_deg, dec_deg, toward)
        SELECT release_id, 99, gen_random_uuid(), "values", ra_deg, dec_deg, toward FROM catalogue_releaserow""",
    "a file comes": """
        INSERT INTO catalogue_releasefile (release_id, format, name, content_type, size_bytes, sha256, gzipped)
        SELECT release_id, 'x', 'x', 'x', 1, 'x', '' FROM catalogue_releasefile LIMIT 1""",
}


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_every_change() -> None:
    ann = factories.user(Role.ADMIN, username="ann")
    one = accepted(ann, *PLACES[0])
    measured(one)
    distance(one)
    released(ann)
    before = _everything()
    for what, sql in TRIES.items():
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
            pytest.fail(f"{what} was changed")
    for rows in (
        Release.objects,
        ReleaseRow.objects,
        ReleaseFile.objects,
        TrailMeasurement.objects,
        DistanceFit.objects,
    ):
        with pytest.raises(DatabaseError):
            rows.all()._raw_delete("default")
    assert _everything() == before


def _everything() -> list[object]:
    return [list(table.objects.order_by("pk").values()) for table in TABLES]


def test_what_changed_between_two_releases(ann: User, trails: list[Candidate], client: Client) -> None:
    first = released(ann)
    measured(trails[1], magnitude_ab=21.0)
    candidate_validate(candidate=trails[2], by=ann, verdict="reject", trail_class="cosmic_ray")
    new = accepted(ann, 10.0, 10.0)
    second = released(ann, "Second release")
    assert second.previous == first
    assert second.changes["added"] == [str(new.pk)]
    assert second.changes["removed"] == [str(trails[2].pk)]
    assert {"mag", "length"} <= set(second.changes["changed"][str(trails[1].pk)])
    page = client.get(f"/releases/{second.slug}/since/{first.slug}/").content.decode()
    assert str(new.pk) in page and str(trails[2].pk) in page


def test_the_page_shows_figures_files_and_citation(ann: User, trails: list[Candidate], client: Client) -> None:
    release = released(ann)
    page = client.get(f"/releases/{release.slug}/").content.decode()
    for kept in release.files.all():
        assert kept.sha256 in page
    assert release.citation in page and page.count("<circle") == 4
    assert release.figures["magnitude"]["counts"]["known"].count(1) == 1
    assert release.figures["steps"]["with_distance"] == 1


def test_a_cone_finds_what_lies_in_it_over_the_pole_too(ann: User, trails: list[Candidate], client: Client) -> None:
    release = released(ann)
    centre = SkyCoord(0 * u.deg, 89.9 * u.deg)
    far = SkyCoord([place[0] for place in PLACES] * u.deg, [place[1] for place in PLACES] * u.deg).separation(centre)
    for radius in (0.29, 0.3, 0.31, 0.4, 0.41, 5.0, 180.0):
        response = client.get(f"/releases/{release.slug}/cone?RA=0&dec=89.9&SR={radius}")
        table = parse(io.BytesIO(response.content)).get_first_table().to_table()
        expected = [str(row.pk) for row, d in zip(trails, far.deg, strict=True) if d <= radius]
        assert sorted(map(str, table["candidate_id"])) == sorted(expected), radius


def test_a_cone_is_a_valid_votable_with_the_three_names(ann: User, trails: list[Candidate], client: Client) -> None:
    release = released(ann)
    response = client.get(f"/releases/{release.slug}/cone", {"RA": "150.1", "DEC": "-2.9", "SR": "1"})
    assert response["Content-Type"] == CONTENT_TYPE
    said = io.StringIO()
    validate(io.BytesIO(response.content), output=said)
    # Cone Search 1.03 asks for three names of UCD1, which newer rules no longer know.
    assert re.findall(r"([EW]\d\d): Invalid UCD", said.getvalue()) == ["W06"] * 3
    assert len(re.findall(r"\b[EW]\d\d:", said.getvalue())) == 3
    fields = {field.ucd: field for field in parse(io.BytesIO(response.content)).get_first_table().fields}
    assert fields["ID_MAIN"].datatype == "char"
    assert {fields["POS_EQ_RA_MAIN"].datatype, fields["POS_EQ_DEC_MAIN"].datatype} == {"double"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "RA is missing"),
        ("RA=x&DEC=0&SR=1", "RA is no number"),
        ("RA=361&DEC=0&SR=1", "RA must lie"),
        ("RA=1&DEC=nan&SR=1", "DEC must lie"),
        ("RA=1&DEC=0&SR=-1", "SR must lie"),
        ("RA=1&DEC=0&SR=1&VERB=9", "VERB is"),
    ],
)
def test_a_bad_cone_gets_the_error_that_the_standard_asks_for(
    ann: User, trails: list[Candidate], client: Client, query: str, said: str
) -> None:
    response = client.get(f"/releases/{released(ann).slug}/cone?{query}")
    assert response.status_code == 200
    (error,) = [info for info in parse(io.BytesIO(response.content)).infos if info.name == "Error"]
    assert said in error.value


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """The site in a thread, for a client that speaks HTTP."""
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_pyvo_finds_a_release_by_cone(address: str) -> None:
    ann = factories.user(Role.SCIENTIST, username="ann")
    first, _other = accepted(ann, *PLACES[0]), accepted(ann, *PLACES[3])
    measured(first)
    release = released(ann)
    found = pyvo.conesearch(f"{address}/releases/{release.slug}/cone", pos=PLACES[0], radius=0.01)
    assert len(found) == 1
    assert (found[0].id, found[0].pos.ra.deg, found[0].pos.dec.deg) == (str(first.pk), *PLACES[0])
    assert found[0]["mag"] == 22.25
    with pytest.raises(pyvo.DALQueryError, match="SR must lie"):
        pyvo.conesearch(f"{address}/releases/{release.slug}/cone", pos=PLACES[0], radius=-1.0)
