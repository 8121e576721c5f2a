"""What is shown next: active, unseen, spread, and cheap."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import connection

from classify import leases
from classify.models import Consensus, Subject
from classify.selectors import people_counts, shown_metadata, subject_for_viewer, subjects_next_for
from classify.sql import rows
from tests import factories


@pytest.fixture
def workflow(db):
    return factories.workflow()


def test_it_shows_only_what_is_active_and_unseen(workflow):
    seen, retired, fresh = factories.subjects(3, workflow)
    person = factories.volunteer()
    factories.vote(seen, "no", workflow, person)
    Consensus.objects.filter(subject=retired).update(state="retired", retired_at=factories.START)
    for _ in range(10):
        found = subjects_next_for(workflow, person, n=5)
        assert [subject.pk for subject in found.subjects] == [fresh.pk]


def test_it_leaves_out_what_the_client_holds(workflow):
    subjects = factories.subjects(4, workflow)
    held = [subject.pk for subject in subjects[:3]]
    found = subjects_next_for(workflow, None, n=4, exclude=held)
    assert [subject.pk for subject in found.subjects] == [subjects[3].pk]


def test_it_never_shows_one_subject_twice_in_an_answer(workflow):
    factories.subjects(6, workflow)
    for _ in range(20):
        ids = [subject.pk for subject in subjects_next_for(workflow, None, n=6).subjects]
        assert len(ids) == len(set(ids)) == 6


def test_likely_trails_come_first_but_not_only(workflow):
    subjects = factories.subjects(10, workflow)
    likely = subjects[0]
    Consensus.objects.exclude(subject=likely).update(band=2)
    Consensus.objects.filter(subject=likely).update(band=0)
    first = Counter(subjects_next_for(workflow, None, n=1).subjects[0].pk == likely.pk for _ in range(300))
    assert 0.80 < first[True] / 300 < 0.95  # 0.8 + a third of 0.2


def test_it_spreads_people_over_subjects(workflow):
    factories.subjects(10, workflow)
    for number, row in enumerate(Consensus.objects.all()):
        Consensus.objects.filter(pk=row.pk).update(shuffle=number / 10)
    first = Counter(subjects_next_for(workflow, None, n=1).subjects[0].pk for _ in range(400))
    assert len(first) == 10
    assert max(first.values()) < 90


def test_it_tells_the_ends_apart(workflow):
    (subject,) = factories.subjects(1, workflow)
    person = factories.volunteer()
    assert subjects_next_for(workflow, person, n=1).state == "normal"
    factories.vote(subject, "no", workflow, person)
    assert subjects_next_for(workflow, person, n=1).state == "user_finished"
    Consensus.objects.update(state="retired", retired_at=factories.START)
    assert subjects_next_for(workflow, person, n=1).state == "finished"


def test_it_walks_an_index_from_a_random_point_on_a_large_table(workflow, monkeypatch):
    """At 20,000 subjects the plan reads the partial index in order and stops; it does not sort the table."""
    (subject,) = factories.subjects(1, workflow)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO classify_subject (project_id, metadata, created_at)"
            " SELECT %s, '{}', now() FROM generate_series(1, 20000)",
            [workflow.project_id],
        )
        cursor.execute(
            "INSERT INTO classify_consensus (workflow_id, subject_id, state, band, shuffle, votes_taken, votes_yes,"
            " votes_no, votes_unsure, retirement_reason, updated_at)"
            " SELECT %s, id, 'active', 1, random(), 0, 0, 0, 0, '', now() FROM classify_subject WHERE id <> %s",
            [workflow.pk, subject.pk],
        )
        cursor.execute("ANALYZE classify_consensus")
    person = factories.volunteer()
    factories.vote(subject, "no", workflow, person)
    plans: list[str] = []

    def explained(sql, values):
        plans.append("\n".join(line for (line,) in rows(f"EXPLAIN {sql}", values)))
        return rows(sql, values)

    monkeypatch.setattr(leases, "rows", explained)
    assert len(subjects_next_for(workflow, person, n=4).subjects) == 4
    (plan,) = plans
    assert "Index Scan using consensus_next" in plan, plan
    assert "Sort Key: classify_consensus" not in plan and "Seq Scan on classify_consensus" not in plan, plan


def test_a_volunteer_sees_nothing_of_votes_scores_or_hidden_fields(workflow):
    (subject,) = factories.subjects(1, workflow)
    subject.metadata |= {"#answer": "yes", "!Target": "NGC 1", "//note": "x"}
    shown = subject_for_viewer(subject)
    assert set(shown["metadata"]) == {
        "Telescope",
        "Instrument",
        "Filter",
        "Exposure start",
        "Exposure time",
        "RA",
        "Dec",
    }
    assert not any(word in str(shown) for word in ("votes", "score", "p_yes", "p_asteroid"))
    assert subject_for_viewer(subject, in_classifier=False)["metadata"]["Target"] == "NGC 1"


def test_metadata_come_in_one_order_whatever_the_database_made_of_it(workflow):
    (subject,) = factories.subjects(1, workflow)
    Subject.objects.filter(pk=subject.pk).update(metadata=subject.metadata | {"Zoom": "1", "!Camera": "A", "Size": "2"})
    subject.refresh_from_db()
    first = ["Telescope", "Instrument", "Filter", "Exposure start", "Exposure time", "RA", "Dec"]
    assert list(subject_for_viewer(subject)["metadata"]) == [*first, "Size", "Zoom"]
    everything = list(shown_metadata(subject.metadata, in_classifier=False))
    assert everything == [*first, "Observation", "Target", "Camera", "Size", "Zoom"]


def test_people_are_counted_once_a_minute_not_once_a_visit(workflow, django_assert_num_queries):
    factories.volunteer(classifications_count=2)
    factories.volunteer(classifications_count=0)
    with django_assert_num_queries(1):
        assert people_counts(workflow)["volunteers"] == 1
    with django_assert_num_queries(0):
        assert people_counts(workflow)["volunteers"] == 1


def test_people_are_counted_without_a_cache(workflow, settings, tmp_path):
    away = {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}
    settings.CACHES = {"default": away}
    assert people_counts(workflow)["volunteers"] == 0
    factories.volunteer(classifications_count=2)
    assert people_counts(workflow)["volunteers"] == 1
