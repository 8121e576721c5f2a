"""The inbox of labels: twice is once, the stronger source counts, and rooms write what they know."""

from __future__ import annotations

import threading
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from accounts.models import Role
from archive.tiling import Box
from catalogue.labels import clip_line
from catalogue.models import CandidateSubject
from catalogue.services import candidate_validate
from classify.consensus import classifications_aggregate
from ml.labels import Decided, labels_remove, labels_that_count, labels_write
from ml.models import Activation, TrainingLabel
from talk.services import comment_delete, comment_edit, comment_post
from tests import factories
from tests.catalogue.rows import candidate
from tests.ml.loop_rows import Label, Source, decide, model

pytestmark = pytest.mark.django_db


def places() -> list[tuple[str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text FROM ml_traininglabel ORDER BY id")
        return cursor.fetchall()


def test_writing_the_same_again_writes_nothing() -> None:
    cutout = factories.cutout()
    decided = Decided(cutout.pk, Label.ASTEROID, weight=0.9, ends=(1.0, 2.0, 3.0, 4.5), drawn=True)
    labels_write(Source.CONSENSUS, [decided])
    before = places()
    labels_write(Source.CONSENSUS, [decided])
    assert places() == before
    row = TrainingLabel.objects.get()
    assert (row.label, row.weight, row.ends, row.drawn) == ("asteroid", 0.9, [1.0, 2.0, 3.0, 4.5], True)


def test_only_another_decision_makes_a_label_new() -> None:
    cutout = factories.cutout()
    first = decide(cutout, "nothing", weight=0.7)
    surer = decide(cutout, "nothing", weight=0.9)
    assert (surer.decided_at, surer.weight) == (first.decided_at, 0.9)
    long_ago = first.decided_at - timedelta(hours=1)
    TrainingLabel.objects.update(decided_at=long_ago)
    assert decide(cutout, "nothing", weight=0.8).decided_at == long_ago
    assert decide(cutout, "asteroid").decided_at > long_ago + timedelta(minutes=30)


def test_where_sources_differ_the_stronger_one_counts() -> None:
    cutout, other = factories.cutout(), factories.cutout()
    decide(other, "nothing")
    for source, label in [("consensus", "asteroid"), ("talk", "satellite"), ("validation", "arc"), ("gold", "nothing")]:
        decide(cutout, label, source)
        assert labels_that_count().get(cutout=cutout).label == label
    labels_remove(Source.GOLD, [cutout.pk])
    assert labels_that_count().get(cutout=cutout).source == "validation"
    assert labels_that_count().count() == 2


def test_the_database_refuses_words_that_no_model_knows() -> None:
    with pytest.raises(IntegrityError, match="label_known"), transaction.atomic():
        TrainingLabel.objects.create(cutout=factories.cutout(), source="gold", label="comet")


def test_what_nobody_could_tell_is_no_label_and_takes_an_older_one_away() -> None:
    workflow = factories.workflow(max_votes=4, min_votes=4)
    (subject,) = factories.subjects(1, workflow)
    decide(subject.cutout, "nothing")
    for _ in range(4):
        factories.vote(subject, "impossible-to-tell", workflow)
    classifications_aggregate()
    assert factories.consensus(subject).state == "retired"
    assert not TrainingLabel.objects.exists()


def test_a_known_answer_of_an_expert_is_stronger_than_the_vote() -> None:
    workflow = factories.workflow()
    (subject,) = factories.subjects(1, workflow)
    for _ in range(3):
        factories.vote(subject, "no", workflow)
    factories.vote(subject, "yes", workflow, gold_standard=True)
    classifications_aggregate()
    said = dict(TrainingLabel.objects.values_list("source", "label"))
    assert said == {"consensus": "nothing", "gold": "asteroid"}
    assert labels_that_count().get().label == "asteroid"


def test_the_share_drawn_at_random_is_marked() -> None:
    workflow = factories.workflow(low_score_share=0.3)
    subjects = factories.subjects(2, workflow)
    for subject, shuffle in zip(subjects, (0.1, 0.6), strict=True):
        type(factories.consensus(subject)).objects.filter(subject=subject).update(shuffle=shuffle)
        for _ in range(3):
            factories.vote(subject, "no", workflow)
    classifications_aggregate()
    assert dict(TrainingLabel.objects.values_list("cutout", "drawn")) == {
        subjects[0].cutout_id: True,
        subjects[1].cutout_id: False,
    }


def test_the_teams_newest_hashtag_on_a_subject_is_a_label_until_it_is_gone() -> None:
    subject = factories.subjects(1, factories.workflow())[0]
    scientist, volunteer = factories.user(Role.SCIENTIST), factories.user()
    comment_post(author=volunteer, body="an #asteroid?", subject=subject)
    comment_post(author=scientist, body="#beautiful", subject=subject)
    assert not TrainingLabel.objects.exists()
    first = comment_post(author=scientist, body="clearly an #asteroid", subject=subject)
    assert TrainingLabel.objects.get(source="talk").label == "asteroid"
    second = comment_post(author=scientist, body="no, a #satellite", subject=subject)
    assert TrainingLabel.objects.get(source="talk").label == "satellite"
    comment_edit(comment=second, editor=scientist, body="no idea")
    assert TrainingLabel.objects.get(source="talk").label == "asteroid"
    comment_delete(comment=first, by=scientist)
    assert not TrainingLabel.objects.exists()


@pytest.mark.parametrize(
    ("verdict", "trail_class", "label"),
    [
        ("accept", "asteroid", "asteroid"),
        ("accept", "satellite", "satellite"),
        ("reject", "satellite", "satellite"),
        ("reject", "arc", "arc"),
        ("reject", "cosmic_ray", "nothing"),
        ("reject", "artefact", "nothing"),
        ("reject", "other", "nothing"),
    ],
)
def test_the_team_tells_the_models_what_a_trail_is_and_where(verdict: str, trail_class: str, label: str) -> None:
    subject = factories.subjects(1, factories.workflow())[0]
    ends = {"position_from": "fit", "end1_x": 100.0, "end1_y": 50.0, "end2_x": 700.0, "end2_y": 350.0}
    found = candidate(of=subject.cutout.exposure, **ends)
    CandidateSubject.objects.create(candidate=found, subject=subject)
    candidate_validate(candidate=found, by=factories.user(Role.SCIENTIST), verdict=verdict, trail_class=trail_class)
    row = TrainingLabel.objects.get(cutout=subject.cutout, source="validation")
    assert row.label == label
    assert row.ends == pytest.approx([100, 50, 511, 255.5])  # as far as the tile shows it


@pytest.mark.parametrize(
    ("line", "inside"),
    [
        ((12, 23, 15, 27), (2, 3, 5, 7)),
        ((0, 25, 40, 25), (0, 5, 9, 5)),
        ((15, 0, 15, 90), (5, 0, 5, 19)),
        ((40, 25, 0, 25), (9, 5, 0, 5)),
        ((0, 0, 5, 90), None),
        ((0, 5, 40, 5), None),
    ],
)
def test_a_line_is_cut_at_the_tiles_border(line: tuple[float, ...], inside: tuple[float, ...] | None) -> None:
    found = clip_line(line, Box(10, 20, 10, 20))  # type: ignore[arg-type]
    assert found == (None if inside is None else pytest.approx(inside))


def test_labels_of_before_become_the_models_classes() -> None:
    migration = import_module("ml.migrations.0002_loop")
    words = ["yes", "no", "impossible-to-tell", "asteroid", "satellite", "cosmic_ray", "arc"]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ml_traininglabel DROP CONSTRAINT label_known")
    for word in words:
        TrainingLabel.objects.create(cutout=factories.cutout(), source="gold", label=word)
    migration.words_of_the_inbox(apps, None)
    said = list(TrainingLabel.objects.order_by("pk").values_list("label", flat=True))
    assert said == ["asteroid", "nothing", "asteroid", "satellite", "nothing", "arc"]
    model(active=True)
    migration.first_activation(apps, None)
    assert Activation.objects.get().model.active


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_end_with_one_label_each() -> None:
    cutouts = [factories.cutout() for _ in range(30)]
    errors: list[Exception] = []

    def work(turn: int) -> None:
        try:
            rows = [Decided(cutout.pk, Label.NOTHING, weight=turn / 10) for cutout in cutouts]
            for _ in range(5):
                labels_write(Source.CONSENSUS, rows[::-1] if turn % 2 else rows)
                labels_remove(Source.CONSENSUS, [row.cutout_id for row in rows[turn::3]])
            labels_write(Source.CONSENSUS, rows)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    labels_write(Source.CONSENSUS, [Decided(cutout.pk, Label.NOTHING) for cutout in cutouts])
    assert errors == []
    assert TrainingLabel.objects.count() == 30
