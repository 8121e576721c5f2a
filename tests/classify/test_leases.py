"""What is on its way to somebody counts as a vote to come; no subject takes more votes than it may."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from classify.consensus import classifications_aggregate
from classify.leases import leases_sweep
from classify.models import Classification, Consensus, Lease
from classify.selectors import subjects_next_for
from classify.services import NotUndoneError, classification_submit
from talk.models import Board, Comment, Discussion
from tests import factories


@pytest.fixture
def workflow(db):
    return factories.workflow(max_votes=3, training_first=0, training_later=0)


def ids(workflow, person, n=4, exclude=()):
    return [subject.pk for subject in ask(workflow, person, n, exclude).subjects]


def ask(workflow, person, n=4, exclude=()):
    return subjects_next_for(workflow, person, n=n, exclude=exclude, holder=person.key)


def submit(workflow, subject_id, person, answer="no", key=None, **fields):
    now = datetime.now(UTC)
    return classification_submit(
        workflow=workflow, subject_id=subject_id, volunteer=person, answer=answer, key=key or uuid.uuid4(),
        workflow_version="1.1", started_at=now - timedelta(seconds=2), finished_at=now, metadata={}, **fields,
    )  # fmt: skip


def test_three_people_hold_a_subject_and_the_fourth_waits(workflow):
    factories.subjects(1, workflow)
    holders = [factories.volunteer() for _ in range(3)]
    assert all(ids(workflow, person) for person in holders)
    waiting = ask(workflow, factories.volunteer())
    assert (waiting.subjects, waiting.state) == ([], "normal")
    assert ids(workflow, holders[0]), "who holds it gets it again"


def test_a_lease_that_ended_frees_its_place(workflow):
    factories.subjects(1, workflow)
    for _ in range(3):
        ids(workflow, factories.volunteer())
    Lease.objects.filter(pk=Lease.objects.first().pk).update(expires_at=factories.START)
    assert ids(workflow, factories.volunteer())
    assert leases_sweep() == 1
    assert Lease.objects.count() == 3


def test_an_answer_ends_the_lease_and_takes_a_place(workflow):
    (subject,) = factories.subjects(1, workflow)
    person = factories.volunteer()
    ids(workflow, person)
    submit(workflow, subject.pk, person)
    assert not Lease.objects.exists()
    assert factories.consensus(subject).votes_taken == 1


def test_a_vote_too_many_is_kept_and_flagged(workflow):
    (subject,) = factories.subjects(1, workflow)
    for _ in range(3):
        assert submit(workflow, subject.pk, factories.volunteer()).classification.counted
    late = submit(workflow, subject.pk, factories.volunteer(), "yes").classification
    assert (late.counted, late.set_aside) == (False, "late")
    classifications_aggregate()
    assert factories.consensus(subject).votes == 3


def test_a_vote_after_retirement_is_late(workflow):
    (subject,) = factories.subjects(1, workflow)
    Consensus.objects.update(state="retired", retired_at=factories.START)
    assert submit(workflow, subject.pk, factories.volunteer()).classification.set_aside == "late"


def test_an_answer_taken_back_makes_place_for_the_new_one(workflow):
    (subject,) = factories.subjects(1, workflow)
    person, key, second = factories.volunteer(), uuid.uuid4(), uuid.uuid4()
    submit(workflow, subject.pk, person, "yes", key)
    again = submit(workflow, subject.pk, person, "no", second, supersedes=key)
    assert again.classification.counted
    assert Classification.objects.get(key=key).set_aside == "undone"
    assert factories.consensus(subject).votes_taken == 1
    replay = submit(workflow, subject.pk, person, "no", second, supersedes=key)
    assert (replay.created, replay.classification.pk) == (False, again.classification.pk)
    classifications_aggregate()
    now = factories.consensus(subject)
    assert (now.votes_yes, now.votes_no) == (0, 1)


def test_it_is_taken_back_even_when_it_ended_the_voting(workflow):
    workflow.min_votes = workflow.max_votes = 1
    workflow.save()
    (subject,) = factories.subjects(1, workflow)
    person, key = factories.volunteer(), uuid.uuid4()
    submit(workflow, subject.pk, person, "yes", key)
    classifications_aggregate()
    assert submit(workflow, subject.pk, person, "no", supersedes=key).classification.counted
    classifications_aggregate()
    assert factories.consensus(subject).votes_no == 1


def test_only_the_last_answer_is_taken_back(workflow):
    one, other = factories.subjects(2, workflow)
    person, key = factories.volunteer(), uuid.uuid4()
    submit(workflow, one.pk, person, "yes", key)
    submit(workflow, other.pk, person, "yes")
    with pytest.raises(NotUndoneError):
        submit(workflow, one.pk, person, "no", supersedes=key)
    with pytest.raises(NotUndoneError):
        submit(workflow, one.pk, factories.volunteer(), "no", supersedes=key)
    assert Classification.objects.filter(counted=True).count() == 2


def test_a_repeat_of_a_full_subject_is_a_repeat(workflow):
    (subject,) = factories.subjects(1, workflow)
    people = [factories.volunteer() for _ in range(3)]
    for person in people:
        submit(workflow, subject.pk, person)
    assert submit(workflow, subject.pk, people[0]).classification.set_aside == "repeat"
    assert factories.consensus(subject).votes_taken == 3


def test_an_answer_that_was_talked_about_stays(workflow):
    (subject,) = factories.subjects(1, workflow)
    person, key = factories.volunteer(user=factories.user()), uuid.uuid4()
    submit(workflow, subject.pk, person, "yes", key)
    board, _ = Board.objects.get_or_create(is_notes=True, defaults={"slug": "notes", "title": "Notes"})
    discussion = Discussion.objects.create(board=board, title="S", subject=subject)
    Comment.objects.create(discussion=discussion, author=person.user, body="Look!")
    with pytest.raises(NotUndoneError):
        submit(workflow, subject.pk, person, "no", supersedes=key)
    assert Classification.objects.get().counted


@pytest.mark.django_db(transaction=True)
def test_one_undo_sent_eight_times_at_once_is_one():
    workflow = factories.workflow(training_first=0, training_later=0)
    (subject,) = factories.subjects(1, workflow)
    person, key, second = factories.volunteer(), uuid.uuid4(), uuid.uuid4()
    submit(workflow, subject.pk, person, "yes", key)
    results = at_once(8, lambda: submit(workflow, subject.pk, person, "no", second, supersedes=key))
    assert {result.classification.pk for result in results} == {Classification.objects.get(key=second).pk}
    assert sum(result.created for result in results) == 1
    assert factories.consensus(subject).votes_taken == 1


def at_once(n, act):
    """What ``n`` calls in threads of their own return."""
    barrier, results, errors = threading.Barrier(n), [], []

    def work() -> None:
        try:
            barrier.wait()
            results.append(act())
        except Exception as error:  # shown by the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(n)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        classifications_aggregate()
        for thread in threads:
            thread.join(0.05)
    classifications_aggregate()
    assert errors == []
    return results


def browser(workflow):
    made = Client()
    made.get(f"/classify/{workflow.slug}/")
    return made


def post(client, workflow, subject_id, key):
    now = datetime.now(UTC)
    body = {
        "key": key, "workflow": workflow.pk, "workflow_version": "1.1", "subject": subject_id, "answer": "no",
        "started_at": (now - timedelta(seconds=3)).isoformat(), "finished_at": now.isoformat(), "metadata": {},
    }  # fmt: skip
    return client.post("/api/classifications/", body, content_type="application/json")


@pytest.mark.django_db(transaction=True)
def test_one_answer_sent_eight_times_at_once_is_one():
    workflow = factories.workflow(training_first=0, training_later=0)
    (subject,) = factories.subjects(1, workflow)
    cookies, key = browser(workflow).cookies, str(uuid.uuid4())

    def send():
        client = Client()
        client.cookies = cookies
        return post(client, workflow, subject.pk, key)

    answers = at_once(8, send)
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert Classification.objects.count() == factories.consensus(subject).votes_taken == 1


@pytest.mark.django_db(transaction=True)
def test_a_crowd_at_once_answers_everything_and_nothing_too_often():
    """Eight people, forty subjects, three votes each: no vote over the limit, nobody twice, nobody left waiting."""
    workflow = factories.workflow(min_votes=3, max_votes=3, training_first=0, training_later=0)
    subjects = factories.subjects(40, workflow)

    def work():
        client, done = browser(workflow), 0
        while (found := client.get(f"/api/workflows/{workflow.slug}/next/?n=2").json())["state"] == "normal":
            for subject in found["subjects"]:
                key = str(uuid.uuid4())
                first, again = (post(client, workflow, subject["id"], key) for _ in range(2))
                assert (first.status_code, again.status_code) == (201, 200)
                assert first.content == again.content
                done += 1
        return done

    done = at_once(8, work)
    rows = Consensus.objects.filter(subject__in=subjects)
    assert {row.state for row in rows} == {"retired"}
    assert {row.votes for row in rows} == {row.votes_taken for row in rows} == {3}
    counted = Classification.objects.filter(counted=True)
    assert counted.count() == counted.values("subject", "volunteer").distinct().count() == 120
    assert min(done) > 0
    workflow.refresh_from_db()
    assert workflow.classifications_count == Classification.objects.count() == sum(done)
    assert workflow.retired_count == 40
