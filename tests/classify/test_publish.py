"""Every workflow gets every cutout, whoever used the subject set before."""

from __future__ import annotations

import pytest

from classify import publish
from classify.models import Consensus, Subject, SubjectSet, Workflow
from jobs.models import Job
from jobs.services import job_enqueue, job_run
from tests import factories


@pytest.fixture
def workflow(db):
    return factories.workflow()


def another(first: Workflow) -> Workflow:
    made = Workflow.objects.create(
        project=first.project, slug="satellites", name="Satellites", question="Is it one?", answers=first.answers
    )
    made.subject_sets.set(first.subject_sets.all())
    return made


def publish_in(workflow: Workflow) -> Job:
    arguments = {"workflow": workflow.pk, "subject_set": SubjectSet.objects.get().pk}
    done = job_run(job_enqueue(kind="publish", arguments=arguments).pk)
    assert done is not None and done.state == "done", done and done.last_error
    return done


def test_a_second_workflow_with_the_same_set_shows_all_cutouts_too(workflow):
    for _ in range(3):
        factories.cutout()
    second = another(workflow)
    assert publish_in(workflow).result["subjects"] == 3
    assert publish_in(second).result["subjects"] == 3
    assert Consensus.objects.filter(workflow=second).count() == Subject.objects.count() == 3
    second.refresh_from_db()
    assert second.subjects_count == 3


def test_the_history_holds_changes_and_no_counts(workflow):
    factories.cutout()
    events = Workflow.pgh_event_model.objects.filter(pgh_obj=workflow)
    before = events.count()
    publish_in(workflow)
    workflow.refresh_from_db()
    assert (workflow.subjects_count, events.count()) == (1, before)
    Workflow.objects.filter(pk=workflow.pk).update(name="Others")
    assert events.count() == before + 1


def test_it_adds_what_is_new_and_repeats_nothing(workflow, monkeypatch):
    monkeypatch.setattr(publish, "PAGE", 2)
    monkeypatch.setattr(publish, "BATCH", 1)
    for _ in range(5):
        factories.cutout()
    assert publish_in(workflow).result["subjects"] == 5
    assert publish_in(workflow).result["subjects"] == 0
    late = factories.cutout()
    job = publish_in(workflow)
    assert (job.result["subjects"], job.done, job.total) == (1, 6, 6)
    assert Subject.objects.get(cutout=late).subject_sets.get() == SubjectSet.objects.get()
    workflow.refresh_from_db()
    assert workflow.subjects_count == 6


def test_tiles_of_a_half_cut_exposure_or_of_an_older_recipe_wait(workflow):
    half, recut = factories.exposure(cut_recipe=""), factories.exposure(cut_recipe="t256o32v1")
    factories.cutout(of=half)
    factories.cutout(of=recut, recipe="t512o64v1")
    ready = factories.cutout(of=recut, recipe="t256o32v1")
    assert publish_in(workflow).result["subjects"] == 1
    assert Subject.objects.get().cutout == ready
