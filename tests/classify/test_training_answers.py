"""Training subjects look like the others before the answer, and teach after it."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Volunteer
from classify.models import Classification, Consensus, KnownAnswer
from classify.training import training_chance
from tests import factories

TRAIL = [100.0, 100.0, 200.0, 160.0]


@pytest.fixture
def workflow(db):
    return factories.workflow(training_first=0.5, training_later=0.1)


@pytest.fixture
def trained(workflow):
    """A training subject with a trail, and the client of somebody who opened the classifier."""
    (subject,) = factories.subjects(1, workflow, with_file=True)
    Consensus.objects.filter(subject=subject).delete()
    KnownAnswer.objects.create(
        workflow=workflow, subject=subject, answer="yes", kind="asteroid", marks=[TRAIL], explanation="Here it is."
    )
    return subject


@pytest.fixture
def visitor(workflow, client):
    client.get(f"/classify/{workflow.slug}/")
    return client


def post(client, workflow, subject, answer="yes", **fields):
    now = datetime.now(UTC)
    body = {
        "key": str(uuid.uuid4()), "workflow": workflow.pk, "workflow_version": "1.1", "subject": subject.pk,
        "answer": answer, "started_at": (now - timedelta(seconds=3)).isoformat(), "finished_at": now.isoformat(),
        "metadata": {},
    }  # fmt: skip
    return client.post("/api/classifications/", json.dumps(body | fields), content_type="application/json")


def mark(x1, y1, x2, y2):
    return {"x1": x1, "y1": y1, "x2": x2, "y2": y2}


def test_nothing_tells_it_apart_before_the_answer(visitor, workflow, trained):
    factories.subjects(1, workflow, with_file=True)
    workflow.training_first = 1.0
    workflow.save()
    first = visitor.get(f"/api/workflows/{workflow.slug}/next/?n=1").json()["subjects"]
    workflow.training_first = 0.0
    workflow.save()
    other = visitor.get(f"/api/workflows/{workflow.slug}/next/?n=1").json()["subjects"]
    assert first[0]["id"] == trained.pk != other[0]["id"]
    assert set(first[0]) == set(other[0])
    assert set(first[0]["metadata"]) == set(other[0]["metadata"])


def test_a_right_answer_with_marks_on_the_trail(visitor, workflow, trained):
    answer = post(visitor, workflow, trained, marks=[mark(203, 158, 98, 103)])
    said = answer.json()["feedback"]
    assert answer.status_code == 201
    assert (said["right"], said["marks_right"], said["marks"], said["explanation"]) == (
        True,
        True,
        [TRAIL],
        "Here it is.",
    )
    kept = Classification.objects.get()
    assert (kept.training, kept.counted) == (True, True)
    assert kept.metadata["feedback"]["T0"][0]["success"] is True
    assert kept.annotations[1]["value"][0]["x1"] == 203


def test_marks_elsewhere_are_said_to_be_elsewhere(visitor, workflow, trained):
    said = post(visitor, workflow, trained, marks=[mark(400, 400, 450, 480)]).json()["feedback"]
    assert (said["right"], said["marks_right"]) == (True, False)


def test_a_replay_tells_the_same(visitor, workflow, trained):
    key = str(uuid.uuid4())
    first = post(visitor, workflow, trained, "no", key=key)
    again = post(visitor, workflow, trained, "no", key=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["feedback"]["right"] is False
    assert Classification.objects.count() == 1


def test_it_comes_once_and_practice_ends(visitor, workflow, trained):
    address = f"/api/workflows/{workflow.slug}/next/?training=1"
    assert [one["id"] for one in visitor.get(address).json()["subjects"]] == [trained.pk]
    post(visitor, workflow, trained)
    assert visitor.get(address).json() == {"subjects": [], "state": "user_finished"}


def test_an_answer_to_it_is_not_taken_back(visitor, workflow, trained):
    key = str(uuid.uuid4())
    post(visitor, workflow, trained, "no", key=key)
    refused = post(visitor, workflow, trained, "yes", supersedes=key)
    assert refused.status_code == 409
    assert Classification.objects.count() == 1


@pytest.mark.parametrize(("seen", "chance"), [(0, 0.5), (14, 0.5), (15, 0.2236), (39, 0.2236), (40, 0.1), (9000, 0.1)])
def test_they_thin_out(workflow, seen, chance):
    assert training_chance(workflow, seen) == pytest.approx(chance, abs=1e-4)


@pytest.mark.parametrize(
    "marks",
    [
        [mark(1, 1, 1, 1)],
        [mark(1, 1, 1e9, 1)],
        [mark(1, 1, float("1e308"), 9)],
        [{"x1": 1, "y1": 2}],
        [mark(1, 1, 9, 9)] * 11,
        "everywhere",
    ],
)
def test_odd_marks_are_refused_and_nothing_is_written(visitor, workflow, trained, marks):
    assert post(visitor, workflow, trained, marks=marks).status_code == 400
    assert not Classification.objects.exists()


def test_marks_do_not_go_with_a_no(visitor, workflow, trained):
    assert post(visitor, workflow, trained, "no", marks=[mark(1, 1, 9, 9)]).status_code == 400


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_cycle_costs_few_statements(visitor, workflow, signed_in):
    subjects = factories.subjects(8, workflow, with_file=True)
    if signed_in:
        visitor.force_login(factories.user())
    post(visitor, workflow, subjects[0], "no")
    assert Volunteer.objects.exists()
    with CaptureQueriesContext(connection) as asking:
        found = visitor.get(f"/api/workflows/{workflow.slug}/next/?n=4").json()["subjects"]
    chosen = next(subject for subject in subjects if subject.pk == found[0]["id"])
    with CaptureQueriesContext(connection) as sending:
        assert post(visitor, workflow, chosen, "no").status_code == 201
    assert len(asking) <= 6, [query["sql"][:90] for query in asking]
    assert len(sending) <= 10, [query["sql"][:90] for query in sending]
