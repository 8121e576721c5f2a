"""The consensus catches up from rows: exact, once, by any number of workers."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.db.models import Sum

from accounts.models import Volunteer
from classify.consensus import classifications_aggregate, subject_retire
from classify.models import Classification, Consensus, Workflow
from classify.priority import subjects_prioritise
from ml.models import Model, Score, TrainingLabel
from tests import factories


@pytest.fixture
def workflow(db):
    return factories.workflow()


def test_three_no_retire_a_subject_and_name_the_vote(workflow):
    (subject,) = factories.subjects(1, workflow)
    votes = [factories.vote(subject, "no", workflow) for _ in range(3)]
    assert classifications_aggregate() == 3
    now = factories.consensus(subject)
    assert (now.state, now.retirement_reason, now.votes_no) == ("retired", "nothing_here", 3)
    assert now.retired_by_id == votes[2].pk
    assert now.p_yes < 1e-3
    workflow.refresh_from_db()
    assert (workflow.retired_count, workflow.classifications_count) == (1, 3)


def test_late_votes_count_but_do_not_retire_again(workflow):
    (subject,) = factories.subjects(1, workflow)
    for _ in range(3):
        factories.vote(subject, "no", workflow)
    classifications_aggregate()
    before = factories.consensus(subject)
    factories.vote(subject, "yes", workflow)
    classifications_aggregate()
    after = factories.consensus(subject)
    assert after.votes_yes == 1
    assert (after.retired_at, after.retired_by_id) == (before.retired_at, before.retired_by_id)
    workflow.refresh_from_db()
    assert workflow.retired_count == 1


def test_late_votes_that_find_a_trail_bring_the_subject_back_to_the_catalogue(workflow):
    (subject,) = factories.subjects(1, workflow)
    for _ in range(3):
        factories.vote(subject, "no", workflow)
    classifications_aggregate()
    Consensus.objects.update(candidates_checked_at=factories.START)
    factories.vote(subject, "yes", workflow)
    classifications_aggregate()
    assert factories.consensus(subject).candidates_checked_at is not None
    for _ in range(8):
        factories.vote(subject, "yes", workflow)
    classifications_aggregate()
    now = factories.consensus(subject)
    assert now.p_yes > 0.5
    assert now.candidates_checked_at is None


def test_uncounted_and_gold_votes_do_not_enter(workflow):
    (subject,) = factories.subjects(1, workflow)
    person = factories.volunteer()
    factories.vote(subject, "yes", workflow, person)
    factories.vote(subject, "no", workflow, person, counted=False)
    factories.vote(subject, "no", workflow, gold_standard=True)
    classifications_aggregate()
    now = factories.consensus(subject)
    assert (now.votes_yes, now.votes_no) == (1, 0)
    assert not Classification.objects.filter(aggregated=False).exists()


def test_doing_it_twice_changes_nothing(workflow):
    (subject,) = factories.subjects(1, workflow)
    factories.vote(subject, "yes", workflow)
    classifications_aggregate()
    first = factories.consensus(subject).p_yes
    Classification.objects.update(aggregated=False)
    classifications_aggregate()
    assert factories.consensus(subject).p_yes == first


def test_a_retired_subject_leaves_a_label_for_training(workflow):
    (subject,) = factories.subjects(1, workflow)
    for _ in range(15):
        factories.vote(subject, "yes", workflow)
    classifications_aggregate()
    assert factories.consensus(subject).retirement_reason == "classification_count"
    label = TrainingLabel.objects.get(cutout=subject.cutout)
    assert (label.label, label.source) == ("yes", "consensus")
    assert label.weight > 0.99


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_agree_with_one():
    workflow = factories.workflow()
    subjects = factories.subjects(6, workflow)
    people = [factories.volunteer() for _ in range(40)]
    for number, person in enumerate(people):
        for subject in subjects:
            factories.vote(subject, ("no", "no", "yes")[(number + subject.pk) % 3], workflow, person)
    errors = []

    def work() -> None:
        try:
            classifications_aggregate()
        except Exception as error:  # collected, so that the test shows it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    classifications_aggregate()
    assert errors == []
    for subject in subjects:
        now = factories.consensus(subject)
        assert now.votes == 40
    workflow = Workflow.objects.get()
    assert workflow.classifications_count == 240
    assert workflow.retired_count == Consensus.objects.filter(state="retired").count() > 0
    assert Volunteer.objects.aggregate(n=Sum("classifications_count"))["n"] == 240


@pytest.mark.django_db(transaction=True)
def test_retirement_by_hand_has_one_winner():
    workflow = factories.workflow()
    (subject,) = factories.subjects(1, workflow)
    row, wins = factories.consensus(subject), []

    def retire() -> None:
        wins.append(subject_retire(consensus=row, reason=Consensus.Reason.OTHER))
        connection.close()

    threads = [threading.Thread(target=retire) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == [False] * 5 + [True]


def test_scores_decide_what_is_shown_first(workflow):
    subjects = factories.subjects(3, workflow)
    model = Model.objects.create(name="m", version="1", sha256="0" * 64, active=True)
    Consensus.objects.update(shuffle=0.9)
    for subject, p in zip(subjects, (0.9, 0.2, 0.01), strict=True):
        Score.objects.create(cutout=subject.cutout, model=model, p_asteroid=p, p_satellite=0, p_nothing=1 - p)
    newest = subjects_prioritise()
    assert [factories.consensus(subject).band for subject in subjects] == [0, 1, 2]
    assert newest == Score.objects.latest("id").pk
