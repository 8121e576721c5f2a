"""The REST interface as a client sees it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import Role, Volunteer
from accounts.throttles import NewVolunteerThrottle
from classify.models import Classification
from hunter.rest import PersonThrottle
from tests import factories


@pytest.fixture
def workflow(db):
    return factories.workflow()


@pytest.fixture
def subject(workflow):
    return factories.subjects(1, workflow)[0]


def body(of_workflow, of_subject, **fields):
    now = datetime.now(UTC)
    values = {
        "key": str(uuid.uuid4()), "workflow": of_workflow.pk, "workflow_version": "1.1", "subject": of_subject.pk,
        "answer": "yes", "started_at": (now - timedelta(seconds=5)).isoformat(), "finished_at": now.isoformat(),
        "metadata": {"viewport": {"width": 390, "height": 844}},
    }  # fmt: skip
    return values | fields


def post(client, data):
    return client.post("/api/classifications/", data, content_type="application/json")


def test_an_anonymous_volunteer_classifies_and_is_remembered(client, workflow, subject):
    assert client.get("/classify/asteroid-trails/").status_code == 200
    assert Volunteer.objects.count() == 0  # looking leaves no row
    answer = post(client, body(workflow, subject))
    assert answer.status_code == 201
    assert answer.json()["counted"] is True
    assert client.get("/api/workflows/asteroid-trails/next/").json()["subjects"] == []
    assert Client().get("/api/workflows/asteroid-trails/next/").json()["subjects"][0]["id"] == subject.pk


def test_a_reply_that_was_lost_is_200_the_second_time_for_the_same_browser(client, workflow, subject):
    client.get("/classify/asteroid-trails/")  # sets the volunteer's cookie before the first answer
    data = body(workflow, subject)
    cookie = client.cookies["volunteer"].value
    assert post(client, data).status_code == 201
    client.cookies["volunteer"] = cookie  # the reply, and any cookie with it, never arrived
    again = post(client, data)
    assert again.status_code == 200
    assert Classification.objects.count() == Volunteer.objects.count() == 1


def test_errors_have_one_shape_and_an_id(client, workflow, subject):
    answer = post(client, body(workflow, subject, answer="perhaps"))
    assert answer.status_code == 400
    said = answer.json()
    assert set(said) == {"error", "request_id"} and set(said["error"]) == {"code", "message", "fields"}
    assert "perhaps" in said["error"]["message"]
    assert said["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "nonsense"},
        {"subject": 10**30},
        {"subject": -1},
        {"workflow": 999_999},
        {"workflow_version": "one"},
        {"answer": "y" * 100},
        {"started_at": "yesterday"},
        {"metadata": {"big": "x" * 20_000}},
        {"metadata": {"nul": "\x00"}},
        {"metadata": [1, 2]},
        {"metadata": {"half": "\ud800"}},
        {"metadata": {"\ud800": 1}},
        {"metadata": {"deep": [[[[[[[[[[]]]]]]]]]]}},
        {"workflow_version": "١.١"},
        {"workflow_version": "9.9"},
    ],
)
def test_hostile_input_is_400_and_writes_nothing(client, workflow, subject, wrong):
    assert post(client, body(workflow, subject, **wrong)).status_code == 400
    assert not Classification.objects.exists()


@pytest.mark.parametrize(
    "text",
    ['{"workflow": 1e999}', '{"metadata": {"x": 1e999}}', '{"metadata": {"x": NaN}}', "[" * 5_000, '"\\ud800"', "[]"],
)
def test_json_at_its_limits_is_400(client, workflow, text):
    answer = client.post("/api/classifications/", text, content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "/api/subjects/?cursor=cD1hYmM=",
        "/api/workflows/?cursor=cD1hYmM=",
        "/api/subjects/?cursor=%00",
        "/%00",
        "/?q=%00",
    ],
)
def test_odd_addresses_lead_nowhere(client, workflow, address):
    assert client.get(address).status_code == 404


def test_a_cookie_with_a_nul_is_not_ours(client, workflow):
    client.cookies["sessionid"] = "\x00abcdefgh"
    assert client.get("/").status_code == 200


def test_broken_json_is_400(client, workflow):
    answer = client.post("/api/classifications/", "{", content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "parse_error"


def test_someone_elses_key_is_409(client, workflow, subject):
    data = body(workflow, subject)
    post(client, data)
    other = Client()
    other.get("/classify/asteroid-trails/")
    refused = post(other, data)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "key_taken")


def test_a_key_used_for_another_subject_is_409(client, workflow, subject):
    (second,) = factories.subjects(1, workflow)
    data = body(workflow, subject)
    post(client, data)
    assert post(client, data | {"subject": second.pk}).status_code == 409


def test_a_post_without_a_csrf_token_is_403_even_for_strangers(workflow, subject):
    strict = Client(enforce_csrf_checks=True)
    assert post(strict, body(workflow, subject)).status_code == 403
    strict.get("/classify/asteroid-trails/")
    token = strict.cookies["csrftoken"].value
    answer = strict.post(
        "/api/classifications/",
        body(workflow, subject),
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == 201


@pytest.fixture
def client(workflow) -> Client:
    """A browser that opened the classifier before."""
    made = Client()
    made.get("/classify/asteroid-trails/")
    return made


def test_a_browser_without_the_classifiers_cookie_is_refused_and_makes_nobody(workflow, subject):
    answer = post(Client(), body(workflow, subject))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "no_volunteer")
    assert not Volunteer.objects.exists()


def test_one_address_brings_only_so_many_new_people(workflow, subject, monkeypatch):
    monkeypatch.setitem(NewVolunteerThrottle.THROTTLE_RATES, "new_volunteer", "2/hour")
    codes = []
    for _ in range(3):
        browser = Client()
        browser.get("/classify/asteroid-trails/")
        codes += [post(browser, body(workflow, subject)).status_code for _ in range(2)]
    assert codes == [201, 201, 201, 201, 429, 429]
    assert Volunteer.objects.count() == 2


@pytest.fixture
def _clock_stands(monkeypatch):
    """Limits count per minute of the clock: the next minute must not begin within a test."""
    monkeypatch.setattr(PersonThrottle, "timer", staticmethod(lambda: 1_700_000_000.0))


@pytest.mark.usefixtures("_clock_stands")
def test_people_of_one_address_have_limits_of_their_own(workflow, subject, monkeypatch):
    monkeypatch.setitem(PersonThrottle.THROTTLE_RATES, "classify", "2/min")
    for _ in range(3):
        browser = Client()
        browser.get("/classify/asteroid-trails/")
        assert [post(browser, body(workflow, subject)).status_code for _ in range(3)] == [201, 201, 429]


@pytest.mark.usefixtures("_clock_stands")
def test_too_many_answers_in_a_minute_are_429_and_say_when_to_come_back(client, workflow, subject, monkeypatch):
    monkeypatch.setitem(PersonThrottle.THROTTLE_RATES, "classify", "3/min")
    codes = [post(client, body(workflow, subject)).status_code for _ in range(4)]
    assert codes == [201, 201, 201, 429]


def test_consensus_is_for_the_team(client, workflow, subject):
    assert client.get("/api/consensus/").status_code == 401
    client.force_login(factories.user(Role.VOLUNTEER))
    assert client.get("/api/consensus/").status_code == 404
    client.force_login(factories.user(Role.SCIENTIST))
    rows = client.get("/api/consensus/?state=active").json()["results"]
    assert [row["subject"] for row in rows] == [subject.pk]


@pytest.mark.parametrize("query", ["n=0", "n=1000", "n=x", "exclude=a", "exclude=1,-2", "exclude=" + "1," * 300])
def test_odd_queue_requests_are_400(client, workflow, query):
    assert client.get(f"/api/workflows/asteroid-trails/next/?{query}").status_code == 400


def test_subjects_are_paged_by_key(client, workflow):
    factories.subjects(5, workflow)
    page = client.get("/api/subjects/?page_size=2").json()
    ids = [row["id"] for row in page["results"]]
    while page["next"]:
        page = client.get(page["next"]).json()
        ids += [row["id"] for row in page["results"]]
    assert len(ids) == len(set(ids)) == 5


def test_the_schema_describes_every_endpoint(client, db):
    schema = client.get("/api/schema/").content.decode()
    for path in ("/api/classifications/", "/api/workflows/{slug}/next/", "/api/consensus/", "/api/subjects/{id}/"):
        assert f"  {path}:" in schema
