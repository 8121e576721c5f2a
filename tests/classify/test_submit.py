"""An answer is recorded once, whatever the network does; a person counts once per subject."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from classify.models import Classification
from classify.services import KeyTakenError, Submitted, classification_submit
from tests import factories


def submit(workflow, subject, volunteer, answer="yes", key=None, **fields) -> Submitted:
    now = datetime.now(UTC)
    values = {"started_at": now - timedelta(seconds=4), "finished_at": now, "metadata": {}, "workflow_version": "1.1"}
    return classification_submit(
        workflow=workflow,
        subject_id=subject.pk,
        volunteer=volunteer,
        answer=answer,
        key=key or uuid.uuid4(),
        **values | fields,
    )


@pytest.fixture
def workflow(db):
    return factories.workflow()


@pytest.fixture
def subject(workflow):
    return factories.subjects(1, workflow)[0]


def test_it_keeps_the_label_and_the_version(workflow, subject):
    made = submit(workflow, subject, factories.volunteer(), "impossible-to-tell").classification
    assert made.annotations == [
        {"task": "T0", "task_label": "Is there an asteroid trail visible?", "value": "Impossible to tell"}
    ]
    assert made.workflow_version == "1.1"


def test_a_replay_returns_the_first_result(workflow, subject):
    person, key = factories.volunteer(), uuid.uuid4()
    first = submit(workflow, subject, person, "yes", key)
    again = submit(workflow, subject, person, "no", key)
    assert (first.created, again.created) == (True, False)
    assert again.classification.pk == first.classification.pk
    assert again.classification.answer == "yes"
    assert Classification.objects.count() == 1


def test_a_repeat_is_kept_and_not_counted(workflow, subject):
    person = factories.volunteer()
    submit(workflow, subject, person, "yes")
    second = submit(workflow, subject, person, "no")
    assert second.created and not second.classification.counted
    assert Classification.objects.filter(counted=True).count() == 1


def test_two_people_both_count(workflow, subject):
    submit(workflow, subject, factories.volunteer())
    submit(workflow, subject, factories.volunteer())
    assert Classification.objects.filter(counted=True).count() == 2


def test_another_persons_key_is_refused(workflow, subject):
    key = uuid.uuid4()
    submit(workflow, subject, factories.volunteer(), key=key)
    with pytest.raises(KeyTakenError):
        submit(workflow, subject, factories.volunteer(), key=key)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"answer": "maybe"}, "answer"),
        ({"finished_at": datetime.now(UTC) - timedelta(hours=1)}, "finished_at"),
        ({"finished_at": datetime.now(UTC) + timedelta(days=1)}, "started_at"),
        ({"started_at": datetime.now(UTC) - timedelta(days=400)}, "started_at"),
    ],
)
def test_what_does_not_fit_is_refused_and_not_written(workflow, subject, wrong, field):
    with pytest.raises(ValidationError) as refused:
        submit(workflow, subject, factories.volunteer(), **wrong)
    assert field in refused.value.message_dict
    assert not Classification.objects.exists()


def test_a_subject_of_no_workflow_is_refused(workflow, subject):
    subject.pk += 1000
    with pytest.raises(ValidationError):
        submit(workflow, subject, factories.volunteer())


def test_the_database_itself_counts_a_person_once(workflow, subject):
    """The guard is the constraint, not Python: without the service, a second counted row is refused."""
    person = factories.volunteer()
    factories.vote(subject, "yes", workflow, person)
    with pytest.raises(IntegrityError, match="classification_counted_once"), transaction.atomic():
        factories.vote(subject, "no", workflow, person)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_key", [True, False])
def test_many_at_the_same_moment_count_once(same_key):
    workflow = factories.workflow()
    subject, person, key = factories.subjects(1, workflow)[0], factories.volunteer(), uuid.uuid4()
    barrier, results, errors = threading.Barrier(8), [], []

    def send() -> None:
        try:
            barrier.wait()
            results.append(submit(workflow, subject, person, key=key if same_key else None))
        except Exception as error:  # collected, so that the test shows it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Classification.objects.filter(counted=True).count() == 1
    assert Classification.objects.count() == (1 if same_key else 8)
    assert sum(result.created for result in results) == (1 if same_key else 8)
