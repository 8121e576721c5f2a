"""How many simulated trails are found: counted from training answers and scores."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Role
from catalogue.completeness import Found, completeness, mistaken
from classify.models import KnownAnswer, Workflow
from ml.models import Model, Score
from tests import factories


@pytest.fixture
def tried(db: None) -> Workflow:
    """Four training images: two trails (one bright and long), a cosmic ray, nothing; people and a model looked."""
    cache.clear()
    workflow = factories.workflow()
    model = Model.objects.create(name="m", version="1", sha256="0" * 64, active=True, threshold=0.5)
    bright, faint, ray, empty = factories.subjects(4, workflow)
    shown = (
        (bright, "asteroid", {"mag": 21.5, "length_px": 150.0, "sagitta_px": 2.0, "ridge_snr": 8.0}, 0.9, "yyyn"),
        (faint, "asteroid", {"mag": 23.5, "length_px": 20.0, "sagitta_px": 0.1, "ridge_snr": 2.5}, 0.2, "yyn"),
        (ray, "cosmic_ray", {}, 0.6, "nn"),
        (empty, "empty", {}, None, "nnn"),
    )
    for subject, kind, truth, p, votes in shown:
        right = "yes" if kind == "asteroid" else "no"
        KnownAnswer.objects.create(workflow=workflow, subject=subject, answer=right, kind=kind, truth=truth)
        if p is not None:
            Score.objects.create(model=model, cutout=subject.cutout, p_asteroid=p, p_satellite=0, p_nothing=1 - p)
        for vote in votes:
            factories.vote(subject, {"y": "yes", "n": "no"}[vote], workflow, training=True)
    return workflow


def test_shares_are_counted_by_what_the_trail_is_like(tried: Workflow) -> None:
    by = {table.key: {line.label: line for line in table.lines} for table in completeness()}
    assert set(by["mag"]) == {"21 – 22", "23 – 24"} and set(by["length_px"]) == {"120 – 240", "10 – 30"}
    bright, faint = by["mag"]["21 – 22"], by["mag"]["23 – 24"]
    assert (bright.model, bright.each_person, bright.crowd, bright.either) == (
        Found(1, 1), Found(3, 4), Found(1, 1), Found(1, 1),
    )  # fmt: skip
    # The model misses the faint one; two of three people see it.
    assert (faint.model, faint.each_person, faint.crowd, faint.either) == (
        Found(0, 1), Found(2, 3), Found(1, 1), Found(1, 1),
    )  # fmt: skip


def test_an_answer_given_again_after_the_truth_was_told_says_nothing(tried: Workflow) -> None:
    faint = KnownAnswer.objects.get(truth__mag=23.5).subject
    for _ in range(3):
        factories.vote(faint, "yes", tried, training=True, counted=False, set_aside="repeat")
    (line,) = [one for one in completeness()[0].lines if one.label == "23 – 24"]
    assert line.each_person == Found(2, 3)


def test_what_is_taken_for_a_trail_is_counted_by_kind(tried: Workflow) -> None:
    ray, empty = mistaken()
    assert (ray.model, ray.each_person, ray.crowd) == (Found(1, 1), Found(0, 2), Found(0, 0))
    assert (empty.model, empty.crowd, empty.either) == (Found(0, 0), Found(0, 1), Found(0, 0))


def test_the_page_shows_intervals(tried: Workflow, client: Client) -> None:
    client.force_login(factories.user(Role.SCIENTIST))
    page = client.get("/scan/completeness/").content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "75 %" in page and "[30 %, 95 %]" in page and "3/4" in page  # Wilson's interval of 3 of 4
    assert "Cosmic ray" in page or "cosmic ray" in page
