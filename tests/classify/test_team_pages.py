"""What the team sees of votes: the path of a subject, and what another rule would have made of past votes."""

from __future__ import annotations

import copy

import pytest

from accounts.models import Role
from classify.consensus import classifications_aggregate
from classify.paths import paths_of
from classify.rule_preview import rule_preview
from tests import factories


@pytest.fixture
def workflow(db):
    return factories.workflow()


def voted(workflow, answers):
    (subject,) = factories.subjects(1, workflow)
    for answer in answers:
        factories.vote(subject, answer, workflow)
        classifications_aggregate()
    return subject


def test_the_path_ends_where_the_consensus_stands_and_names_the_vote_that_ended_it(workflow):
    subject = voted(workflow, ["yes", "no", "no", "no", "no", "no", "no"])
    (path,) = paths_of(subject)
    now = factories.consensus(subject)
    assert [step.number for step in path.steps] == [1, 2, 3, 4, 5, 6, 7]
    assert path.steps[-1].p_yes == now.p_yes
    assert [step.ended for step in path.steps].index(True) == [
        s.pk for s in subject.classifications.order_by("pk")
    ].index(now.retired_by_id)


def test_the_page_shows_every_vote_to_scientists_alone(workflow, client):
    subject = voted(workflow, ["no", "no", "no"])
    url = f"/classify/subjects/{subject.pk}/votes/"
    client.force_login(factories.user(Role.SCIENTIST))
    page = client.get(url).content.decode()
    assert page.count("<td>No</td>") == 3
    assert "ended the voting" in page
    client.force_login(factories.user(Role.MODERATOR))
    assert client.get(url).status_code == 404


def test_a_rule_of_two_votes_spares_a_third_of_them(workflow):
    for _ in range(4):
        voted(workflow, ["no", "no", "no"])
    proposed = copy.copy(workflow)
    proposed.min_votes, proposed.retire_no_below = 2, 0.01
    preview = rule_preview(workflow, proposed)
    assert (preview.subjects, preview.retired, preview.votes, preview.votes_then) == (4, 4, 12, 8)
    assert preview.fewer_percent == pytest.approx(33.3, abs=0.1)
    assert preview.flips == []


def test_a_rule_that_asks_for_more_leaves_subjects_open(workflow):
    voted(workflow, ["no", "no", "no"])
    proposed = copy.copy(workflow)
    proposed.min_votes = 5
    preview = rule_preview(workflow, proposed)
    assert preview.retired == 0
    assert preview.flips == [("no", "open", 1)]
    workflow.refresh_from_db()
    assert workflow.min_votes == 3


def test_another_threshold_changes_decisions_and_names_the_subjects(workflow):
    workflow.max_votes = 5
    workflow.save()
    subject = voted(workflow, ["yes", "yes", "no", "no", "yes"])
    decided = factories.consensus(subject).p_yes
    proposed = copy.copy(workflow)
    proposed.yes_threshold = decided * 1.1 if decided >= workflow.yes_threshold else decided * 0.9
    preview = rule_preview(workflow, proposed)
    assert [one.subject_id for one in preview.changed] == [subject.pk]
