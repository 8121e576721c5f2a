"""What a row of a release says of a trail, and that it says so of one moment."""

from __future__ import annotations

import io
import threading

import pytest
from astropy.io import fits
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from catalogue.models import Candidate, ObjectCheck, ObjectMatch, Release
from catalogue.releases import making
from catalogue.releases.making import release_make
from catalogue.releases.reading import releases_compared
from catalogue.services import candidate_validate
from tests import factories
from tests.catalogue.rows import candidate
from tests.catalogue.test_releases import accepted, measured, released


@pytest.fixture
def ann(db: None) -> User:
    return factories.user(Role.SCIENTIST, username="ann")


def row_of(release: Release, one: Candidate) -> dict[str, object]:
    return dict(release.rows.get(candidate_id=one.pk).values)


def near(of: Candidate, state: str, by: User) -> ObjectMatch:
    """An object near a trail, found by a check."""
    ObjectCheck.objects.create(
        candidate=of, catalogue="MPCORB 2025-11-21", orbits_count=9, observer="TLE", radius_arcsec=60, found_count=1
    )
    return ObjectMatch.objects.create(
        candidate=of, designation="2001 AB12", catalogue="MPCORB 2025-11-21", rank=1, state=state, decided_by=by,
        reversed=False, separation_arcsec=0.1, along_arcsec=0.1, cross_arcsec=0.0, angle_deg=0.5, length_ratio=1.0,
        rate_arcsec_h=20.0, delta_au=2.0, r_au=2.8, phase_deg=10.0, within_limits=True,
    )  # fmt: skip


def test_a_trail_that_nobody_measured_keeps_the_ends_it_was_found_with(ann: User) -> None:
    one = accepted(ann, 150.0, 2.0)
    row = row_of(released(ann), one)
    assert (row["end1_ra"], row["end2_dec"], row["length"]) == (149.999, 2.001, 5.4)
    assert (row["position_angle"], row["ridge_snr"], row["mag"]) == (68.2, 6.1, None)


def test_once_measured_the_place_is_that_of_the_measurement_and_so_is_its_error(ann: User) -> None:
    one = candidate(position_from="cutout", position_sigma_arcsec=7.0, end1_ra_deg=None, length_arcsec=None)
    candidate_validate(candidate=one, by=ann, verdict="accept", trail_class="asteroid")
    measured(one, mid_ra_deg=150.01, sigma_arcsec=0.02)
    row = row_of(released(ann), one)
    assert (row["ra"], row["position_from"]) == (150.01, "fit")
    assert row["position_sigma"] == pytest.approx(0.02 / 2**0.5)


@pytest.mark.parametrize(
    ("state", "expected"), [("proposed", "unchecked"), ("rejected", "unidentified"), ("accepted", "known")]
)
def test_what_waits_for_a_persons_word_is_not_called_unidentified(ann: User, state: str, expected: str) -> None:
    one = accepted(ann, 150.0, 2.0)
    near(one, state, ann)
    release = released(ann)
    assert row_of(release, one)["identification"] == expected
    assert release.figures["steps"]["unidentified"] == (expected == "unidentified")


def test_of_several_opinions_the_one_that_holds_is_named(ann: User, client: Client) -> None:
    ben, cleo = (factories.user(Role.SCIENTIST, username=name) for name in ("ben", "cleo"))
    one = candidate(verdicts_needed=2)
    for by, note in ((ann, "a trail"), (ben, "I agree")):
        candidate_validate(candidate=one, by=by, verdict="accept", trail_class="asteroid", note=note)
    client.force_login(cleo)
    decision = {"verdict": "reject", "trail_class": "cosmic_ray", "note": "a ray"}
    page = client.post(f"/validate/{one.pk}/decide/", decision, follow=True).content.decode()
    assert "What most people said stands" in page and "Rejected: cosmic ray" not in page
    row = row_of(released(ann), one)
    assert (row["class"], row["validated_by"], row["note"]) == ("asteroid", "ben", "I agree")


def test_only_what_was_measured_from_end_to_end_in_one_exposure_is_astrometry(ann: User) -> None:
    trails = [accepted(ann, 150.0 + n, 2.0) for n in range(4)]
    for one, flags in zip(trails, ([], ["covered"], ["end2_edge"], ["combined"]), strict=True):
        measured(one, flags=flags)
    rows = [{"candidate_id": str(one.pk)} for one in trails]
    assert sorted(making._measured(rows)) == sorted(str(one.pk) for one in trails[:2])


def test_a_release_named_like_another_page_is_refused(ann: User) -> None:
    accepted(ann, 150.0, 2.0)
    with pytest.raises(ValidationError, match="Give the release a title"):
        released(ann, "New")


def test_fits_keeps_names_that_are_not_ascii(ann: User, client: Client) -> None:
    accepted(ann, 150.0, 2.0)
    release = release_make(by=ann, title="Catálogo", citation="Núñez 2026", with_simulated=True)
    content = client.get(f"/releases/{release.slug}/files/fits").content
    with fits.open(io.BytesIO(content)) as hdus:
        assert (hdus[1].header["NAME"], hdus[1].header["CITATION"]) == ("Cat\\xe1logo", "N\\xfa\\xf1ez 2026")


def test_comparing_says_what_the_changelog_says(ann: User, client: Client) -> None:
    stays, goes, changes = (accepted(ann, 150.0 + n, 2.0) for n in range(3))
    first = released(ann)
    measured(changes)
    candidate_validate(candidate=goes, by=ann, verdict="reject", trail_class="cosmic_ray")
    accepted(ann, 10.0, 10.0)
    second = released(ann, "Second release")
    assert releases_compared(first, second) == second.changes
    assert str(changes.pk) in second.changes["changed"] and str(stays.pk) not in second.changes["changed"]
    backwards = releases_compared(second, first)
    assert (backwards["added"], backwards["removed"]) == (second.changes["removed"], second.changes["added"])


def test_a_page_and_a_cone_read_no_more_than_they_show(
    ann: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        accepted(ann, 150.0 + n, 2.0)
    release = released(ann)
    monkeypatch.setattr("catalogue.releases.charts.MOST_POINTS", 2)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page = client.get(f"/releases/{release.slug}/").content.decode()
        client.get(f"/releases/{release.slug}/cone?RA=150&DEC=2&SR=1")
    assert page.count("<circle") == 2 and "1 more is not drawn" in page
    assert not any('"changes"' in query["sql"] for query in asked)


@pytest.mark.django_db(transaction=True)
def test_what_others_do_meanwhile_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = factories.user(Role.SCIENTIST, username="ann")
    one = accepted(ann, 150.0, 2.0)
    measured(one, sigma_arcsec=0.02)
    sigmas = []

    def others() -> None:
        measured(Candidate.objects.get(), sigma_arcsec=9.0)
        connection.close()

    def figures(rows: list[making.Values]) -> dict[str, object]:
        thread = threading.Thread(target=others)
        thread.start()
        thread.join()
        sigmas.extend(one.sigma_arcsec for one in making._measured(rows).values())
        return whole(rows)

    whole = making.figures_of
    monkeypatch.setattr(making, "figures_of", figures)
    released(ann)
    assert sigmas == [0.02]
    assert one.measurements.count() == 2
