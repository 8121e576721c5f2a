"""What is shown first follows the active model, and an idle round writes nothing."""

from __future__ import annotations

import pytest
from django.db import connection

from classify import priority, tasks
from classify.models import Consensus, Workflow
from classify.priority import subjects_prioritise
from ml.models import Model, Score, TrainingLabel
from tests import factories


@pytest.fixture
def subjects(db):
    made = factories.subjects(3, factories.workflow())
    Consensus.objects.update(shuffle=0.9)
    return made


@pytest.fixture
def clock(monkeypatch):
    """The task's time, to be set; and no looking back, which hides what is not looked at again."""
    now = [1_000_000.0]
    monkeypatch.setattr(tasks, "time", lambda: now[0])
    monkeypatch.setattr(priority, "LOOK_BACK", 0)
    return now


def model_with(version: str, subjects, scores, *, active: bool = True) -> Model:
    Model.objects.update(active=False)
    model = Model.objects.create(name="m", version=version, sha256=version * 64, active=active)
    for subject, p in zip(subjects, scores, strict=True):
        Score.objects.create(cutout=subject.cutout, model=model, p_asteroid=p, p_satellite=0, p_nothing=1 - p)
    return model


def bands(subjects) -> list[int]:
    return [factories.consensus(subject).band for subject in subjects]


def places() -> list[tuple[str]]:
    """Where the rows lie on disk: an update, even to the same value, moves a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text FROM classify_consensus ORDER BY id")
        return cursor.fetchall()


def test_scores_decide_what_is_shown_first(subjects, monkeypatch):
    monkeypatch.setattr(priority, "RANGE", 2)  # three scores are two statements
    model_with("1", subjects, (0.9, 0.2, 0.01))
    newest = subjects_prioritise()
    assert bands(subjects) == [0, 1, 2]
    assert newest == Score.objects.latest("id").pk


def test_a_search_for_something_else_is_not_put_in_order_by_asteroids(subjects):
    Workflow.objects.update(purpose="other", retire_score_below=0.5)
    model_with("1", subjects, (0.9, 0.2, 0.01))
    subjects_prioritise()
    assert bands(subjects) == [1, 1, 1]
    assert set(Consensus.objects.values_list("state", flat=True)) == {"active"}


def test_some_low_scores_go_to_people_early(subjects):
    Consensus.objects.filter(subject=subjects[2]).update(shuffle=0.05)
    model_with("1", subjects, (0.01, 0.01, 0.01))
    subjects_prioritise()
    assert bands(subjects) == [2, 2, 1]


def test_the_share_is_the_workflows(subjects):
    Consensus.objects.filter(subject=subjects[2]).update(shuffle=0.25)
    model_with("1", subjects, (0.01, 0.01, 0.01))
    Workflow.objects.update(low_score_share=0.3)
    subjects_prioritise()
    assert bands(subjects) == [2, 2, 1]


def states(subjects) -> list[str]:
    return [factories.consensus(subject).retirement_reason for subject in subjects]


def test_no_score_is_a_verdict_unless_a_scientist_says_so(subjects, clock):
    model_with("1", subjects, (0.9, 0.2, 0.0001))
    tasks.prioritise()
    assert states(subjects) == ["", "", ""]
    Workflow.objects.update(retire_score_below=0.001)
    tasks.prioritise()
    assert states(subjects) == ["", "", "model"]
    assert Workflow.objects.get().retired_count == 1
    assert not TrainingLabel.objects.exists()  # nobody decided anything


def test_what_people_voted_on_or_are_to_see_anyway_does_not_retire_by_its_score(subjects, clock):
    factories.vote(subjects[0], "no", Workflow.objects.get())
    Consensus.objects.filter(subject=subjects[1]).update(shuffle=0.05)
    model_with("1", subjects, (0.0001, 0.0001, 0.0001))
    Workflow.objects.update(retire_score_below=0.001)
    tasks.prioritise()
    assert states(subjects) == ["", "", "model"]


def test_another_model_or_threshold_or_share_brings_back_what_a_score_retired(subjects, clock):
    Workflow.objects.update(retire_score_below=0.001)
    model_with("1", subjects, (0.0001, 0.0001, 0.0001))
    tasks.prioritise()
    assert states(subjects) == ["model"] * 3
    model_with("2", subjects[:2], (0.9, 0.0005))
    tasks.prioritise()
    assert states(subjects) == ["", "model", "model"]  # the third waits until the new model has scored it
    Workflow.objects.update(retire_score_below=0)
    Consensus.objects.filter(subject=subjects[2]).update(candidates_checked_at=factories.START)
    Score.objects.create(
        cutout=subjects[2].cutout, model=Model.objects.get(version="2"), p_asteroid=0.0001, p_satellite=0, p_nothing=1
    )
    tasks.prioritise()
    assert states(subjects) == ["", "", ""]
    assert Workflow.objects.get().retired_count == 0
    assert factories.consensus(subjects[2]).candidates_checked_at is None


def test_looking_again_writes_no_row(subjects):
    model_with("1", subjects, (0.9, 0.2, 0.01))
    subjects_prioritise()
    before = places()
    subjects_prioritise()
    assert places() == before


def test_a_retired_subject_keeps_its_band(subjects):
    Consensus.objects.update(state="retired", retired_at=factories.START)
    model_with("1", subjects, (0.9, 0.9, 0.01))
    subjects_prioritise()
    assert bands(subjects) == [1, 1, 1]


def test_another_active_model_decides_anew_also_an_older_one(subjects, clock):
    older = model_with("1", subjects, (0.9, 0.2, 0.01))
    tasks.prioritise()
    model_with("2", subjects, (0.01, 0.2, 0.9))
    tasks.prioritise()
    assert bands(subjects) == [2, 1, 0]
    Model.objects.update(active=False)
    Model.objects.filter(pk=older.pk).update(active=True)
    tasks.prioritise()
    assert bands(subjects) == [0, 1, 2]


def test_once_an_hour_all_are_looked_at_however_often_the_task_runs(subjects, clock):
    model_with("1", subjects, (0.9, 0.2, 0.01))
    tasks.prioritise()
    Consensus.objects.update(band=1)
    began = clock[0]
    for minutes in (20, 40, 59):
        clock[0] = began + 60 * minutes
        tasks.prioritise()
        assert bands(subjects) == [1, 1, 1]  # old scores: not looked at
    clock[0] = began + 3600
    tasks.prioritise()
    assert bands(subjects) == [0, 1, 2]


def test_new_scores_of_the_same_model_are_taken_up(subjects, clock):
    model = model_with("1", subjects[:2], (0.9, 0.2))
    tasks.prioritise()
    Score.objects.create(cutout=subjects[2].cutout, model=model, p_asteroid=0.7, p_satellite=0, p_nothing=0.3)
    tasks.prioritise()
    assert bands(subjects) == [0, 1, 0]


def test_without_a_cache_all_are_looked_at(subjects, clock, settings, tmp_path):
    away = {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}
    settings.CACHES = {"default": away}
    model_with("1", subjects, (0.9, 0.2, 0.01))
    tasks.prioritise()
    Consensus.objects.update(band=1)
    tasks.prioritise()
    assert bands(subjects) == [0, 1, 2]


def test_without_an_active_model_nothing_changes(subjects, clock):
    model_with("1", subjects, (0.9, 0.2, 0.01), active=False)
    tasks.prioritise()
    assert bands(subjects) == [1, 1, 1]
