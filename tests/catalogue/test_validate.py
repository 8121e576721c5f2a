"""Decisions: kept, repeatable, never lost between two people."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from accounts.models import Role
from catalogue.models import Candidate, CandidateSubject, Validation
from catalogue.services import DecidedMeanwhile, candidate_validate
from ml.models import TrainingLabel
from tests import factories
from tests.catalogue.rows import candidate


def test_every_decision_is_kept_with_who_and_when(db: None) -> None:
    ann, ben = factories.user(Role.SCIENTIST), factories.user(Role.SCIENTIST)
    found = candidate()
    candidate_validate(candidate=found, by=ann, verdict="accept", trail_class="asteroid", note="clear")
    candidate_validate(candidate=found, by=ben, verdict="reopen", trail_class="", note="let me look")
    assert Candidate.objects.get().state == "pending" and Candidate.objects.get().trail_class == ""
    candidate_validate(candidate=found, by=ben, verdict="reject", trail_class="cosmic_ray")
    kept = [(row.by, row.verdict, row.trail_class, row.note) for row in found.validations.order_by("id")]
    assert kept == [
        (ann, "accept", "asteroid", "clear"),
        (ben, "reopen", "", "let me look"),
        (ben, "reject", "cosmic_ray", ""),
    ]
    assert (found.state, found.trail_class) == ("rejected", "cosmic_ray")
    events = found.state_trail_class_events.order_by("pgh_id").values_list("state", "pgh_context__metadata__user")
    assert list(events) == [("accepted", ann.pk), ("pending", ben.pk), ("rejected", ben.pk)]


def test_an_accepted_find_is_public_so_nobody_votes_on_it_any_more(client: Client, db: None) -> None:
    workflow = factories.workflow()
    (subject,) = factories.subjects(1, workflow)
    found = candidate(of=subject.cutout.exposure)
    CandidateSubject.objects.create(candidate=found, subject=subject)
    shown = subject.cutout.exposure.observation.name
    assert shown not in client.get("/results/").content.decode()
    candidate_validate(candidate=found, by=factories.user(Role.SCIENTIST), verdict="accept", trail_class="asteroid")
    assert shown in client.get("/results/").content.decode()
    assert (factories.consensus(subject).state, factories.consensus(subject).retirement_reason) == ("retired", "other")
    assert client.get("/api/workflows/asteroid-trails/next/").json()["subjects"] == []


def test_the_same_decision_sent_twice_is_one(db: None) -> None:
    ann, found = factories.user(Role.SCIENTIST), candidate()
    decision = {"candidate": found, "by": ann, "verdict": "accept", "trail_class": "asteroid", "note": "a", "seen": 0}
    assert candidate_validate(**decision) == candidate_validate(**decision)
    assert Validation.objects.count() == 1


def test_a_decision_made_meanwhile_is_not_passed_over(db: None) -> None:
    ann, ben, found = factories.user(Role.SCIENTIST), factories.user(Role.SCIENTIST), candidate()
    first = candidate_validate(candidate=found, by=ann, verdict="accept", trail_class="asteroid", seen=0)
    with pytest.raises(DecidedMeanwhile, match=ann.username):
        candidate_validate(candidate=found, by=ben, verdict="reject", trail_class="other", seen=0)
    assert Candidate.objects.get().state == "accepted"
    candidate_validate(candidate=found, by=ben, verdict="reject", trail_class="other", seen=first.pk)
    assert Candidate.objects.get().state == "rejected"


@pytest.mark.parametrize(
    ("verdict", "trail_class", "field"),
    [
        ("accept", "", "trail_class"),
        ("accept", "comet", "trail_class"),
        ("reject", "asteroid", "trail_class"),
        ("reopen", "asteroid", "trail_class"),
        ("perhaps", "asteroid", "verdict"),
    ],
)
def test_a_contradiction_is_refused_and_nothing_written(db: None, verdict: str, trail_class: str, field: str) -> None:
    found = candidate()
    with pytest.raises(ValidationError) as refused:
        candidate_validate(candidate=found, by=factories.user(Role.SCIENTIST), verdict=verdict, trail_class=trail_class)
    assert list(refused.value.message_dict) == [field]
    assert Validation.objects.count() == 0 and Candidate.objects.get().state == "pending"


def test_a_note_is_kept_without_what_no_file_can_hold(db: None) -> None:
    made = candidate_validate(
        candidate=candidate(),
        by=factories.user(Role.SCIENTIST),
        verdict="accept",
        trail_class="arc",
        note="a\x0b\r\nb ",
    )
    assert made.note == "a\nb"


def test_models_learn_the_best_of_what_a_cutout_shows(db: None) -> None:
    ann, workflow = factories.user(Role.SCIENTIST), factories.workflow()
    subject = factories.subjects(1, workflow)[0]
    asteroid, ray = (candidate(of=subject.cutout.exposure) for _ in range(2))
    for one in (asteroid, ray):
        CandidateSubject.objects.create(candidate=one, subject=subject)
    candidate_validate(candidate=asteroid, by=ann, verdict="accept", trail_class="asteroid")
    candidate_validate(candidate=ray, by=ann, verdict="reject", trail_class="cosmic_ray")
    label = TrainingLabel.objects.get(cutout=subject.cutout, source="validation")
    assert label.label == "asteroid"
    candidate_validate(candidate=asteroid, by=ann, verdict="reopen", trail_class="")
    label.refresh_from_db()
    assert label.label == "nothing"
    candidate_validate(candidate=ray, by=ann, verdict="reopen", trail_class="")
    assert not TrainingLabel.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_decide_one_after_the_other() -> None:
    people, found = [factories.user(Role.SCIENTIST) for _ in range(2)], candidate()
    start, outcomes = threading.Barrier(2), []

    def decide(number: int) -> None:
        start.wait()
        try:
            trail_class = ("asteroid", "satellite")[number]
            candidate_validate(
                candidate=Candidate.objects.get(), by=people[number], verdict="accept", trail_class=trail_class, seen=0
            )
            outcomes.append(trail_class)
        except DecidedMeanwhile:
            outcomes.append("")
        finally:
            connection.close()

    workers = [threading.Thread(target=decide, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    winner = max(outcomes)
    assert sorted(outcomes) == ["", winner]
    found.refresh_from_db()
    assert found.trail_class == winner and Validation.objects.get().trail_class == winner
