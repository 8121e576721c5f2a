"""REST of the catalogue."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Role, User
from catalogue.models import Candidate, CandidateSubject, Validation
from tests import factories
from tests.catalogue.rows import candidate


@pytest.fixture
def ann(db: None) -> User:
    return factories.user(Role.SCIENTIST, username="ann")


@pytest.fixture
def api(ann: User) -> Client:
    client = Client()
    client.force_login(ann)
    return client


def decide(client: Client, one: Candidate, **decision: object):  # type: ignore[no-untyped-def]
    address = f"/api/candidates/{one.pk}/validations/"
    return client.post(address, decision, content_type="application/json")


def test_the_list_is_filtered_and_paged_by_key(api: Client) -> None:
    exposure = candidate().exposure
    made = [candidate(of=exposure), candidate(of=exposure, source="model")]
    candidate(of=exposure, state="accepted", trail_class="asteroid")
    first = api.get("/api/candidates/?page_size=2").json()
    assert len(first["results"]) == 2 and first["previous"] is None
    second = api.get(first["next"]).json()
    assert [row["id"] for row in second["results"]] == [str(made[1].pk)] and second["next"] is None
    (row,) = api.get("/api/candidates/?state=accepted").json()["results"]
    assert (row["ra_deg"], row["instrument"], row["simulated"]) == (150.0, "ACS", True)
    assert len(api.get("/api/candidates/?source=model&state=all").json()["results"]) == 1


def test_decisions_through_the_api(api: Client, ann: User) -> None:
    subject = factories.subjects(1, factories.workflow())[0]
    one = candidate(of=subject.cutout.exposure)
    CandidateSubject.objects.create(candidate=one, subject=subject)
    made = decide(api, one, verdict="accept", trail_class="asteroid", note="n")
    assert made.status_code == 201
    again = decide(api, one, verdict="accept", trail_class="asteroid", note="n")
    assert again.json()["id"] == made.json()["id"]
    detail = api.get(f"/api/candidates/{one.pk}/").json()
    assert (detail["state"], detail["trail_class"], detail["subjects"]) == ("accepted", "asteroid", [subject.pk])
    (kept,) = detail["validations"]
    assert (kept["by"], kept["verdict"], kept["note"]) == ("ann", "accept", "n")


def test_errors_have_the_one_shape(api: Client) -> None:
    one = candidate()
    refused = decide(api, one, verdict="reject", trail_class="asteroid")
    assert refused.status_code == 400 and "trail_class" in refused.json()["error"]["fields"]
    assert decide(api, one, verdict="maybe").status_code == 400
    by_other = Validation.objects.create(
        candidate=one, by=factories.user(Role.SCIENTIST), verdict="accept", trail_class="arc"
    )
    meanwhile = decide(api, one, verdict="reject", trail_class="other", seen=0)
    assert meanwhile.status_code == 409 and meanwhile.json()["error"]["code"] == "decided_meanwhile"
    assert decide(api, one, verdict="reject", trail_class="other", seen=by_other.pk).status_code == 201


def test_strangers_are_told_nothing(db: None) -> None:
    one = candidate()
    addresses = ["/api/candidates/", f"/api/candidates/{one.pk}/", "/api/exports/"]
    volunteer = Client()
    volunteer.force_login(factories.user())
    for address in addresses:
        assert volunteer.get(address).status_code == 404
        assert Client().get(address).status_code in (401, 403)
    assert decide(volunteer, one, verdict="accept", trail_class="asteroid").status_code == 404
    assert Validation.objects.count() == 0


def test_where_the_downloads_are(api: Client, ann: User) -> None:
    found = {row["format"]: row["url"] for row in api.get("/api/exports/").json()}
    assert set(found) == {"csv", "ecsv", "votable", "fits"}
    assert api.get(found["ecsv"]).status_code == 200
    ann.role = Role.ADMIN
    ann.save()
    assert "classifications" in {row["format"] for row in api.get("/api/exports/").json()}
