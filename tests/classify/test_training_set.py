"""Training subjects: made by our own simulator, taken in like real data, never candidates."""

from __future__ import annotations

import json
from functools import cache

import pytest
from django.core.management import CommandError, call_command
from PIL import Image, ImageStat

from archive.models import Cutout, Observation
from catalogue.findings import findings_by_model
from catalogue.scan_sheet import ScanFilter
from classify.models import NO, UNSURE, YES, Consensus, KnownAnswer, Subject, SubjectSet, Workflow
from classify.publish import cutouts_unpublished, public_metadata, workflow_ensure
from classify.selectors import subject_for_viewer
from classify.training_set import OTHERS, TRAILS, asks, training_answers
from ml.models import Model, Score
from sky.simulate.lessons import KINDS, LOOKS, Ask, simulate_lesson
from tests import factories

drawn_once = cache(simulate_lesson)


@pytest.fixture
def small(settings, tmp_path, monkeypatch):
    """Tiles of a quarter of the usual area: the same code in less time."""
    settings.DATA_DIR = tmp_path
    settings.TILE_SIZE = 256
    settings.TILE_OVERLAP = 32
    monkeypatch.setattr("classify.training_set.simulate_lesson", drawn_once)


@pytest.fixture
def training(db, small) -> Workflow:
    call_command("training_set", count=24, seed=5)
    return Workflow.objects.get()


def test_half_show_trails_and_every_kind_of_lookalike_is_there(training):
    known = KnownAnswer.objects.filter(workflow=training)
    assert known.count() == 24
    assert known.filter(answer=YES, kind="asteroid").count() == 12
    assert set(known.filter(answer=YES).values_list("difficulty", flat=True)) == {1, 2, 3}
    kinds = set(known.exclude(answer=YES).values_list("kind", flat=True))
    assert kinds == {"empty", "cosmic_ray", "spike", "artefact", "galaxy", "satellite", "arc", "other"}
    assert known.get(answer=UNSURE).kind == "other"
    assert all(one.explanation for one in known)
    assert {ask.kind for ask in TRAILS + OTHERS} == set(KINDS)


def test_marks_lie_on_the_trail_in_the_picture(training):
    """Between the two marks of an easy trail the picture is brighter than beside it."""
    easy = KnownAnswer.objects.filter(answer=YES, difficulty=1)
    for known in easy.select_related("subject__cutout"):
        picture = Image.open(known.subject.cutout.jpeg.open()).convert("L")
        for x1, y1, x2, y2 in known.marks:
            assert all(0 <= value <= 256 for value in (x1, y1, x2, y2))
            near = [
                picture.getpixel((min(int(x1) + i, 255), min(int(y1) + j, 255))) for i in (-2, 0, 2) for j in (-2, 0, 2)
            ]
            length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
            assert length > 20
            assert max(near) > ImageStat.Stat(picture).mean[0] + 20
    assert not KnownAnswer.objects.exclude(answer=YES).exclude(marks=[]).exists()


def test_they_look_like_any_other_subject(training):
    """Same metadata, same size, and nothing of the answer in what the viewer gets."""
    (other,) = factories.subjects(1, training, width=256, height=256)
    for known in KnownAnswer.objects.select_related("subject__cutout__exposure__observation"):
        subject = known.subject
        assert subject.metadata.keys() == other.metadata.keys()
        assert subject.metadata == public_metadata(subject.cutout)
        shown = subject_for_viewer(subject)
        assert (
            shown.keys()
            == subject_for_viewer(Subject.objects.select_related("cutout__exposure").get(pk=other.pk)).keys()
        )
        assert (shown["width"], shown["height"]) == (256, 256)
        assert known.kind not in json.dumps(shown)


def test_they_are_in_a_set_of_their_own_and_not_in_the_vote(training):
    assert SubjectSet.objects.get(name="Training").subjects.count() == 24
    assert not Consensus.objects.exists()
    assert [batch for _, batch in cutouts_unpublished(training) if batch] == []
    ordinary = factories.cutout()
    assert [batch for _, batch in cutouts_unpublished(training) if batch] == [[ordinary]]


def test_other_workflows_do_not_show_them_either_but_do_show_real_images_with_a_known_answer(training):
    other = Workflow.objects.create(
        project=training.project, slug="lenses", name="Lenses", question="?", answers=training.answers
    )
    real = factories.exposure()
    Observation.objects.filter(pk=real.observation_id).update(simulated=False)
    subject = Subject.objects.create(project=training.project, cutout=factories.cutout(of=real))
    KnownAnswer.objects.create(workflow=training, subject=subject, answer=NO)
    assert [batch for _, batch in cutouts_unpublished(other) if batch] == [[subject.cutout]]
    assert [batch for _, batch in cutouts_unpublished(training) if batch] == []


def test_the_model_makes_no_candidates_of_them_and_the_scan_does_not_list_them(training):
    model = Model.objects.create(name="m", version="1", sha256="1" * 64, active=True, threshold=0.5)
    ordinary = factories.cutout()
    rows = {cutout: Score(cutout=cutout, model=model, p_asteroid=0.9, p_satellite=0, p_nothing=0.1)
            for cutout in [*Cutout.objects.all()]}  # fmt: skip
    Score.objects.bulk_create(rows.values())
    assert [finding.cutout for finding in findings_by_model(100)] == [ordinary]
    assert [score.cutout for score in ScanFilter().apply(model)] == [ordinary]


def test_a_second_time_adds_nothing_and_a_larger_count_adds_the_rest(training, tmp_path):
    before = set(KnownAnswer.objects.values_list("pk", flat=True))
    call_command("training_set", count=24, seed=5)
    assert set(KnownAnswer.objects.values_list("pk", flat=True)) == before
    call_command("training_set", count=36, seed=5)
    assert KnownAnswer.objects.count() == Subject.objects.count() == 36


def test_what_a_scientist_changed_stays(training):
    KnownAnswer.objects.filter(kind="galaxy").update(explanation="Our own words")
    call_command("training_set", count=24, seed=5)
    assert set(KnownAnswer.objects.filter(kind="galaxy").values_list("explanation", flat=True)) == {"Our own words"}


def test_a_tile_published_meanwhile_leaves_the_vote_unless_somebody_voted(training, tmp_path):
    first, second = Subject.objects.order_by("pk")[:2]
    KnownAnswer.objects.filter(subject__in=[first, second]).delete()
    for subject in (first, second):
        Consensus.objects.create(workflow=training, subject=subject)
    Workflow.objects.update(subjects_count=2)
    factories.vote(second, "no", training)
    made = training_answers(sorted((tmp_path / "training/5").glob("*.fits")), workflow=training)
    assert (made.new, made.known, made.left_out) == (1, 22, 1)
    assert [row.subject for row in Consensus.objects.all()] == [second]
    assert Workflow.objects.get().subjects_count == 1
    assert not KnownAnswer.objects.filter(subject=second).exists()


def test_a_workflow_with_another_question_is_refused(db, small):
    workflow, _ = workflow_ensure()
    Workflow.objects.create(
        project=workflow.project, slug="lenses", name="L", question="?", answers=workflow.answers, purpose="other"
    )
    for slug in ("lenses", "nowhere"):
        with pytest.raises(CommandError, match="asteroid-trails"):
            call_command("training_set", workflow=slug)
    assert not Subject.objects.exists()


def test_any_count_alternates_trails_and_others():
    shown = [ask.kind == "asteroid" for ask, _ in asks(48)]
    assert shown == [True, False] * 24
    assert [number for _, number in asks(5)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", KINDS)
def test_a_lesson_is_the_same_every_time_and_only_asteroids_have_trails(kind):
    one, again = (simulate_lesson(Ask(kind), LOOKS[0], 3, size=256) for _ in range(2))
    assert (one.exposure.pixels == again.exposure.pixels).all()
    assert bool(one.trails) == (kind == "asteroid")


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kinds are"):
        simulate_lesson(Ask("ufo"), LOOKS[0], 1)
