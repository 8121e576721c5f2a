"""The consensus catches up from rows: exact, once, by any number of workers."""

from __future__ import annotations

import re
import threading

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from accounts.models import Volunteer
from classify import consensus
from classify.consensus import classifications_aggregate, votings_close
from classify.models import ANSWER_VALUES, Classification, Consensus, Workflow
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
    factories.vote(subject, "no", workflow, person, counted=False, set_aside="repeat")
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
    assert (label.label, label.source) == ("asteroid", "consensus")
    assert label.weight > 0.99


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", [7, 500])
def test_workers_at_the_same_moment_agree_with_one(batch, monkeypatch):
    """Also in small batches, in which all workers touch the same people and subjects in turns."""
    monkeypatch.setattr(consensus, "BATCH", batch)
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


def test_a_batch_costs_as_many_queries_for_many_people_as_for_few(workflow):
    few = _queries_of_a_batch(workflow, 3)
    many = _queries_of_a_batch(workflow, 60)
    assert many == few <= 19


def _queries_of_a_batch(workflow: Workflow, votes: int) -> int:
    subjects = factories.subjects(votes, workflow)
    for number, subject in enumerate(subjects):
        factories.vote(subject, ANSWER_VALUES[number % 3], workflow)
    with CaptureQueriesContext(connection) as queries:
        assert classifications_aggregate() == votes
    return len(queries)


def test_people_are_locked_in_order_before_they_are_counted(workflow):
    """An UPDATE alone takes rows in any order: two workers with the same people could wait for each other."""
    (subject,) = factories.subjects(1, workflow)
    people = [factories.volunteer() for _ in range(3)]
    for person in reversed(people):
        factories.vote(subject, "no", workflow, person)
    with CaptureQueriesContext(connection) as queries:
        classifications_aggregate()
    locks, counts = [query["sql"] for query in queries if "accounts_volunteer" in query["sql"]]
    assert re.match(r'SELECT "accounts_volunteer"."id" .* ORDER BY \S+ ASC FOR NO KEY UPDATE$', locks)
    assert "UPDATE accounts_volunteer" in counts
    assert set(Volunteer.objects.values_list("classifications_count", flat=True)) == {1}


def test_each_workflow_counts_its_own_votes_and_people_theirs(workflow):
    second = Workflow.objects.create(
        project=workflow.project, slug="second", name="Second", question="?", answers=workflow.answers
    )
    subjects = factories.subjects(2, workflow)
    Consensus.objects.bulk_create([Consensus(workflow=second, subject=subject) for subject in subjects])
    person = factories.volunteer()
    for subject in subjects:
        factories.vote(subject, "no", workflow, person)
    factories.vote(subjects[0], "yes", second, person)
    assert classifications_aggregate() == 3
    rows = Consensus.objects.order_by("workflow", "subject").values_list("votes_no", "votes_yes")
    assert list(rows) == [(1, 0), (1, 0), (0, 1), (0, 0)]
    person.refresh_from_db()
    assert person.classifications_count == 3
    assert list(Workflow.objects.order_by("pk").values_list("classifications_count", flat=True)) == [2, 1]


def test_counting_leaves_the_band_to_the_scores(workflow):
    (subject,) = factories.subjects(1, workflow)
    Consensus.objects.update(band=2, shuffle=0.25)
    factories.vote(subject, "no", workflow)
    classifications_aggregate()
    now = factories.consensus(subject)
    assert (now.band, now.shuffle, now.votes_no, now.retired_at) == (2, 0.25, 1, None)


@pytest.mark.django_db(transaction=True)
def test_retirement_by_hand_has_one_winner():
    workflow = factories.workflow()
    (subject,) = factories.subjects(1, workflow)
    row, wins = factories.consensus(subject), []

    def retire() -> None:
        wins.append(votings_close(Consensus.objects.filter(pk=row.pk)))
        connection.close()

    threads = [threading.Thread(target=retire) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == [0] * 5 + [1]
    assert Workflow.objects.get().retired_count == 1


def score_of(subject, p: float) -> None:
    card = {"figures": {"tiles": {"asteroid": 40, "all": 100}}}
    model, _ = Model.objects.get_or_create(
        name="m", version="1", defaults={"sha256": "1" * 64, "active": True, "card": card}
    )
    Score.objects.create(cutout=subject.cutout, model=model, p_asteroid=p, p_satellite=0, p_nothing=1 - p)


def test_a_low_score_saves_a_vote_and_a_high_one_asks_for_more(workflow):
    low, none, high = factories.subjects(3, workflow)
    Consensus.objects.update(shuffle=0.9)
    score_of(low, 0.001)
    score_of(high, 0.99)
    for count, retired in [(2, [low]), (3, [low, none]), (6, [low, none])]:
        for subject in (low, none, high):
            for _ in range(count - factories.consensus(subject).votes):
                factories.vote(subject, "no", workflow)
        classifications_aggregate()
        assert set(Consensus.objects.filter(state="retired").values_list("subject", flat=True)) == {
            s.pk for s in retired
        }
    now = factories.consensus(high)
    assert now.p_yes < 1e-3 < now.p_yes_scored  # votes alone would have ended it: they are what is published
    assert factories.consensus(none).p_yes_scored is None


def test_the_score_does_not_speak_where_a_scientist_or_the_draw_says_so(workflow):
    drawn, plain = factories.subjects(2, workflow)
    Consensus.objects.filter(subject=drawn).update(shuffle=0.05)
    Consensus.objects.filter(subject=plain).update(shuffle=0.9)
    for subject in (drawn, plain):
        score_of(subject, 0.001)
        factories.vote(subject, "no", workflow), factories.vote(subject, "no", workflow)
    Workflow.objects.update(score_as_prior=False)
    classifications_aggregate()
    assert not Consensus.objects.filter(state="retired").exists()
    Workflow.objects.update(score_as_prior=True)
    Classification.objects.update(aggregated=False)
    classifications_aggregate()
    assert list(Consensus.objects.filter(state="retired").values_list("subject", flat=True)) == [plain.pk]


def test_a_model_does_not_learn_its_own_score(workflow):
    (subject,) = factories.subjects(1, workflow)
    Consensus.objects.update(shuffle=0.9)
    score_of(subject, 0.99)
    for _ in range(15):
        factories.vote(subject, "no", workflow)
    classifications_aggregate()
    label = TrainingLabel.objects.get()
    assert label.label == "nothing"
    assert label.weight == pytest.approx(1 - factories.consensus(subject).p_yes - factories.consensus(subject).p_unsure)
