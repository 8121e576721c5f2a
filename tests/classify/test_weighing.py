"""Votes are weighed by who gave them: kept exactly, learnt once, taken back when undone."""

from __future__ import annotations

import numpy as np
import pytest

from classify import aggregation
from classify.consensus import classifications_aggregate
from classify.models import Classification, HourlyCount, KnownAnswer, VolunteerSkill
from tests import factories


@pytest.fixture
def workflow(db):
    return factories.workflow(min_votes=15)


def training_subjects(n, workflow, answer):
    """Subjects with a known answer, outside the voting."""
    made = factories.subjects(n, workflow)
    for subject in made:
        subject.consensuses.all().delete()
        KnownAnswer.objects.create(workflow=workflow, subject=subject, answer=answer)
    return made


def test_the_kept_evidence_repeats_the_posterior_to_the_last_bit(workflow):
    (subject,) = factories.subjects(1, workflow)
    for answer in ("yes", "no", "impossible-to-tell", "yes", "yes"):
        factories.vote(subject, answer, workflow)
        classifications_aggregate()
    evidence = Classification.objects.order_by("id").values_list("evidence", flat=True)
    prior = aggregation.class_prior(prevalence_yes=0.015, prevalence_unsure=0.02)
    assert aggregation.replay(list(evidence), prior)[-1][aggregation.YES] == factories.consensus(subject).p_yes


def test_a_person_who_says_yes_to_everything_soon_says_nothing(workflow):
    spammer, careful = factories.volunteer(), factories.volunteer()
    for truth in ("yes", "no"):
        for subject in training_subjects(40, workflow, truth):
            factories.vote(subject, "yes", workflow, spammer, training=True)
            factories.vote(subject, truth, workflow, careful, training=True)
    classifications_aggregate()
    one, other = factories.subjects(2, workflow)
    factories.vote(one, "yes", workflow, spammer)
    factories.vote(other, "yes", workflow, careful)
    classifications_aggregate()
    assert factories.consensus(other).p_yes > 2 * factories.consensus(one).p_yes
    skill = VolunteerSkill.objects.get(volunteer=spammer)
    assert (skill.training_seen, skill.training_right) == (80, 40)


def test_training_subjects_get_no_consensus(workflow):
    (subject,) = training_subjects(1, workflow, "yes")
    factories.vote(subject, "yes", workflow, training=True)
    classifications_aggregate()
    assert not subject.consensuses.exists()
    workflow.refresh_from_db()
    assert workflow.classifications_count == 1


def test_a_vote_teaches_once_however_often_it_is_counted(workflow):
    person = factories.volunteer()
    for subject in training_subjects(5, workflow, "yes"):
        factories.vote(subject, "yes", workflow, person, training=True)
    classifications_aggregate()
    first = VolunteerSkill.objects.get(volunteer=person)
    Classification.objects.update(aggregated=False)
    classifications_aggregate()
    again = VolunteerSkill.objects.get(volunteer=person)
    assert (again.counts, again.training_seen) == (first.counts, 5)
    workflow.refresh_from_db()
    assert np.array(workflow.crowd).sum() == pytest.approx(300 + 5)


@pytest.mark.parametrize("counted_before", [True, False])
def test_a_vote_taken_back_leaves_the_consensus_and_the_counters(workflow, counted_before):
    (subject,) = factories.subjects(1, workflow)
    person = factories.volunteer()
    vote = factories.vote(subject, "yes", workflow, person)
    if counted_before:
        classifications_aggregate()
    Classification.objects.filter(pk=vote.pk).update(counted=False, set_aside="undone", aggregated=False)
    factories.vote(subject, "no", workflow, person)
    classifications_aggregate()
    now = factories.consensus(subject)
    assert (now.votes_yes, now.votes_no) == (0, 1)
    workflow.refresh_from_db()
    person.refresh_from_db()
    assert (workflow.classifications_count, person.classifications_count) == (1, 1)
    assert HourlyCount.objects.get().classifications == 1


def test_a_few_who_say_yes_to_everything_make_no_candidate(workflow):
    """One account in twenty always says yes; the rest are right nine times in ten. Nothing is there."""
    random = np.random.default_rng(5)
    people = [factories.volunteer() for _ in range(40)]
    subjects = factories.subjects(60, workflow)
    for subject in subjects:
        for index in random.permutation(40)[:10]:
            always = index < 2
            factories.vote(subject, "yes" if always or random.random() < 0.07 else "no", workflow, people[index])
    classifications_aggregate()
    assert max(factories.consensus(subject).p_yes for subject in subjects) < workflow.yes_threshold
