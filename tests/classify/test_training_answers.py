"""Training subjects look like the others before the answer, and teach after it."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Volunteer
from archive.models import Observation
from classify.models import Classification, Consensus, KnownAnswer, Workflow
from classify.training import training_chance
from classify.visits import visit_of
from tests import factories
from tools.statements import statements_sent

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
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_undone")
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


@pytest.mark.parametrize("marks", [[mark(-30, 5, 40, 40)], [mark(5, 5, 540, 40)], [mark(5, 5, 40, 540)]])
def test_marks_outside_the_picture_are_refused(visitor, workflow, trained, marks):
    """The picture has 512 pixels a side; a little outside is honest."""
    assert post(visitor, workflow, trained, marks=marks).status_code == 400
    assert post(visitor, workflow, trained, marks=[mark(-5, 5, 515, 40)]).status_code == 201


def test_the_first_ones_are_easy(visitor, workflow, trained):
    KnownAnswer.objects.update(difficulty=3)
    (easy,) = factories.subjects(1, workflow, with_file=True)
    Consensus.objects.all().delete()
    KnownAnswer.objects.create(workflow=workflow, subject=easy, answer="no", difficulty=1)
    address = f"/api/workflows/{workflow.slug}/next/?training=1&n=1"
    assert {visitor.get(address).json()["subjects"][0]["id"] for _ in range(8)} == {easy.pk}


def test_only_answers_in_this_workflow_make_them_fewer(workflow, client):
    """A person with sixty answers elsewhere begins here like anybody else."""
    other = Workflow.objects.create(
        project=workflow.project, slug="other", name="Other", question="?", answers=workflow.answers
    )
    user = factories.user()
    person = Volunteer.objects.create(user=user, classifications_count=60)
    subject, *mine = factories.subjects(4, workflow)
    for _ in range(60):
        factories.vote(subject, "no", other, person, counted=False, set_aside="repeat")
    request = client.get("/").wsgi_request
    request.user = user
    assert visit_of(request, slug=workflow.slug, count=True).seen == 0
    for one in mine:
        factories.vote(one, "no", workflow, person)
    assert visit_of(request, slug=workflow.slug, count=True).seen == 3


def test_a_training_image_alone_is_as_simulated_as_the_others(visitor, workflow, trained):
    factories.subjects(1, workflow, with_file=True)
    workflow.training_first = 1.0
    workflow.save()
    for simulated in (True, False):
        Observation.objects.filter(exposures__cutouts__subject__known_answers=None).update(simulated=simulated)
        (alone,) = visitor.get(f"/api/workflows/{workflow.slug}/next/?n=1").json()["subjects"]
        assert (alone["id"], alone["simulated"]) == (trained.pk, simulated)


def test_what_a_workflow_says_now_is_what_counts(visitor, workflow):
    """Its row is kept between requests, but never past a change."""
    (subject,) = factories.subjects(1, workflow, with_file=True)
    for version in (2, 3, 4):
        workflow.version_minor = version
        workflow.save()
        later = post(visitor, workflow, subject, "no", workflow_version=f"1.{version + 1}")
        now = post(visitor, workflow, subject, "no", workflow_version=f"1.{version}")
        assert (later.status_code, now.status_code) == (400, 201)
    workflow.active = False
    workflow.save()
    assert post(visitor, workflow, subject, "no").status_code == 400
    assert visitor.get(f"/api/workflows/{workflow.slug}/next/").status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_cycle_costs_few_statements(client, signed_in):
    """As PostgreSQL counts them, outside of any test's transaction; and a training subject's, which costs more."""
    workflow = factories.workflow(training_first=0, training_later=0)
    subjects = factories.subjects(8, workflow, with_file=True)
    KnownAnswer.objects.create(workflow=workflow, subject=subjects[1], answer="yes", marks=[TRAIL])
    client.get(f"/classify/{workflow.slug}/")
    if signed_in:
        client.force_login(factories.user())
    post(client, workflow, subjects[0], "no")
    with statements_sent() as asking:
        found = client.get(f"/api/workflows/{workflow.slug}/next/?n=4").json()["subjects"]
    plain = next(one for one in subjects[2:] if one.pk in [subject["id"] for subject in found])
    with statements_sent() as sending:
        assert post(client, workflow, plain, "no").status_code == 201
    key = str(uuid.uuid4())
    with statements_sent() as training:
        assert post(client, workflow, subjects[1], marks=[mark(*TRAIL)], key=key).json()["feedback"]["right"]
    session = 2 if signed_in else 0
    assert len(asking) == 2 + session, asking
    assert len(sending) == 2 + session, sending
    assert len(training) <= 10, training
