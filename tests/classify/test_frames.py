"""Several frames of a subject: which other exposures are found, how they are shown, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from astropy.wcs import WCS
from django.test import Client

from accounts.models import Role
from archive.models import Cutout, Observation
from classify.frames import frames_find
from classify.models import Classification, Subject, SubjectFrame, Workflow
from classify.publish import cutouts_publish
from classify.setup.services import workflow_change
from jobs.models import Job
from jobs.services import job_run
from sky.wcs import footprint_deg, wcs_shift
from tests import factories
from tools.statements import statements_sent

TILES = [(0, 0), (448, 0), (0, 448), (448, 448)]
SCALE_DEG = 0.05 / 3600


@pytest.fixture
def workflow(db):
    return factories.workflow(frames="exposures", training_first=0, training_later=0)


def taken(name: str, *, minutes: float = 0, moved_px: float = 0, tiles=TILES, **fields) -> list[Cutout]:
    """An exposure with its tiles, on the same sky but for a small offset of the telescope."""
    observation, _ = Observation.objects.get_or_create(name=name, defaults={"instrument": "ACS"})
    start = factories.START + timedelta(minutes=minutes)
    when = {"start": start, "end": start + timedelta(seconds=500), "start_mjd_utc": 60370.5 + minutes / 1440}
    exposure = factories.exposure(observation=observation, **when, **fields)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [480.5, 480.5]
    wcs.wcs.crval, wcs.wcs.cdelt = [150.0 - moved_px * SCALE_DEG, 2.0], [-SCALE_DEG, SCALE_DEG]
    wcs.wcs.set()
    made = []
    for x0, y0 in tiles:
        ra, dec = wcs.all_pix2world(x0 + 255.5, y0 + 255.5, 0)
        corners = footprint_deg(wcs_shift(wcs, x0, y0), (512, 512)).tolist()
        place = {"ra_deg": float(ra), "dec_deg": float(dec), "footprint": corners}
        made.append(factories.cutout(of=exposure, x0=x0, y0=y0, **place))
    return made


def show(cutouts: list[Cutout], workflow: Workflow) -> None:
    cutouts_publish(cutouts, workflow=workflow, subject_set=workflow.subject_sets.get())


def body(subject: Subject, **fields) -> dict:
    workflow = Workflow.objects.get()
    now = datetime.now(UTC)
    sent = {"key": str(uuid4()), "workflow": workflow.pk, "workflow_version": workflow.version, "subject": subject.pk}
    times = {"started_at": (now - timedelta(seconds=4)).isoformat(), "finished_at": now.isoformat()}
    return sent | times | fields


def next_subjects(workflow: Workflow, n: int = 20) -> dict[int, dict]:
    client = Client()
    client.get(f"/classify/{workflow.slug}/")
    answer = client.get(f"/api/workflows/{workflow.slug}/next/?n={n}").json()
    return {subject["id"]: subject for subject in answer["subjects"]}


def frames(cutout: Cutout) -> list[int]:
    """The frames of a cutout's subject, as ids of cutouts in the order of time."""
    found = SubjectFrame.objects.filter(subject__cutout=cutout).order_by("cutout__exposure__start")
    return list(found.values_list("cutout", flat=True))


def test_the_tiles_of_the_visits_other_exposures_are_found_in_the_order_of_time(workflow):
    second = taken("jabc01b2q", minutes=20, moved_px=8)
    first = taken("jabc01b1q")
    taken("jabc02b1q", minutes=40)  # another visit
    show([*second, *first], workflow)
    assert [frames(tile) for tile in first] == [[tile.pk] for tile in second]
    assert [frames(tile) for tile in second] == [[tile.pk] for tile in first]
    affine = SubjectFrame.objects.get(subject__cutout=first[0]).affine
    # The telescope looked 8 pixels further, to the right of the picture: the same star is 8 pixels further left in it.
    assert np.allclose(affine, [1, 0, 0, 1, 8, 0], atol=0.01)


def test_exposures_of_one_observation_that_has_no_name_of_hubbles_are_frames_too(workflow):
    one, other = taken("My field"), taken("My field", minutes=9)
    show([*one, *other], workflow)
    assert frames(one[0]) == [other[0].pk]


def test_no_more_than_three_others_the_nearest_in_time(workflow):
    tiles = [taken(f"jabc01b{n}q", minutes=10 * n, tiles=TILES[:1])[0] for n in range(6)]
    show(tiles, workflow)
    assert frames(tiles[0]) == [tile.pk for tile in tiles[1:4]]
    assert frames(tiles[5]) == [tile.pk for tile in tiles[2:5]]


def test_nothing_is_a_frame_that_shows_other_sky_another_kind_or_the_same_moment(workflow):
    tile = taken("jabc01b1q", tiles=TILES[:1])
    taken("jabc01b2q", minutes=10, moved_px=300, tiles=TILES[:1])
    taken("jabc01b3q", minutes=20, tiles=TILES[:1], kind="drc")
    taken("jabc01b4q", tiles=TILES[:1])
    taken("jabc01b5q", minutes=30, tiles=TILES[:1], cut_recipe="")  # not yet cut to its end
    show(tile, workflow)
    assert frames(tile[0]) == []


def test_an_exposure_that_comes_later_joins_those_that_are_there(workflow):
    first = taken("jabc01b1q")
    show(first, workflow)
    assert frames(first[0]) == []
    second = taken("jabc01b2q", minutes=20)
    show(second, workflow)
    assert frames(first[0]) == [second[0].pk]
    before = list(SubjectFrame.objects.order_by("pk").values_list())
    frames_find(Subject.objects.values_list("pk", flat=True))
    assert list(SubjectFrame.objects.order_by("pk").values_list()) == before


def test_they_are_looked_for_when_a_workflow_begins_to_show_them(db):
    workflow = factories.workflow(training_first=0, training_later=0)
    first, second = taken("jabc01b1q"), taken("jabc01b2q", minutes=20)
    show([*first, *second], workflow)
    assert not SubjectFrame.objects.exists()
    by = factories.user(Role.SCIENTIST)
    changed = workflow_change(workflow=workflow, changes={"frames": "exposures"}, by=by)
    assert changed.version == "2.1"
    job = job_run(Job.objects.get(kind="workflow_frames").pk)
    assert (job.state, job.result) == ("done", {"subjects": 8})
    assert frames(first[3]) == [second[3].pk]


def test_scientists_choose_it_in_the_set_up_and_see_it_in_the_preview(client, db):
    workflow = factories.workflow()
    show(taken("jabc01b1q"), workflow)
    client.force_login(factories.user(Role.SCIENTIST))
    address = f"/setup/workflows/{workflow.slug}/question/"
    form = client.get(address).context["form"]
    values = {field.html_name: field.value() for field in form}
    data = {name: value for name, value in values.items() if value not in (None, False)}
    assert client.post(address, data | {"frames": "stretches"}).status_code == 302
    workflow.refresh_from_db()
    assert (workflow.frames, workflow.version) == ("stretches", "2.1")
    assert "<ins>stretches</ins>" in client.get(f"/setup/workflows/{workflow.slug}/").content.decode()  # its history
    assert 'data-frames="3"' in client.get(f"/setup/workflows/{workflow.slug}/preview/").content.decode()


def test_next_carries_the_frames_with_its_own_at_its_place(workflow):
    first, second, third = (taken(f"jabc01b{n}q", minutes=10 * n, moved_px=4 * n) for n in (1, 2, 3))
    show([*first, *second, *third], workflow)
    subject = Subject.objects.get(cutout=second[0])
    shown = next_subjects(workflow)[subject.pk]["frames"]
    assert [frame["name"] for frame in shown] == ["12:10:00", "12:20:00", "12:30:00"]
    assert [frame["own"] for frame in shown] == [False, True, False]
    assert [frame["image"] for frame in shown] == [f"/images/{one[0].public_id}.jpg" for one in (first, second, third)]
    assert [round(frame["affine"][4]) for frame in shown] == [-4, 0, 4]
    assert shown[0].keys() - {"rg16", "rg16_zero", "rg16_scale", "low", "high", "width", "height"} == {
        "name", "own", "stretch", "affine", "image",
    }  # fmt: skip


def test_the_filter_is_named_where_filters_differ(workflow):
    one = taken("jabc01b1q", tiles=TILES[:1])
    show([*one, *taken("jabc01b2q", minutes=5, tiles=TILES[:1], filter_name="F606W")], workflow)
    shown = next_subjects(workflow)[Subject.objects.get(cutout=one[0]).pk]["frames"]
    assert [frame["name"] for frame in shown] == ["12:00:00 F814W", "12:05:00 F606W"]


def test_stretches_are_three_frames_of_one_picture_and_one_picture_is_no_frame(db):
    workflow = factories.workflow(frames="stretches", training_first=0, training_later=0)
    show(taken("jabc01b1q", tiles=TILES[:1]), workflow)
    (subject,) = next_subjects(workflow).values()
    assert [(frame["stretch"], frame["own"]) for frame in subject["frames"]] == [
        ("faint", False), ("normal", True), ("bright", False),
    ]  # fmt: skip
    assert {frame["rg16"] for frame in subject["frames"]} == {subject["rg16"]}
    Workflow.objects.update(frames="none")
    (subject,) = next_subjects(workflow).values()
    assert subject["frames"] == []


@pytest.mark.parametrize(("kind", "more"), [("none", 0), ("stretches", 0), ("exposures", 1)])
def test_frames_cost_one_statement_where_they_are_shown_and_none_elsewhere(workflow, kind, more):
    show([*taken("jabc01b1q"), *taken("jabc01b2q", minutes=5)], workflow)
    client = Client()
    client.get(f"/classify/{workflow.slug}/")
    sent = {}
    for frames_shown in ("none", kind):
        Workflow.objects.filter(pk=workflow.pk).update(frames=frames_shown)
        client.get(f"/api/workflows/{workflow.slug}/next/?n=4")  # the workflow's row is kept from here on
        with statements_sent() as sent[frames_shown]:
            client.get(f"/api/workflows/{workflow.slug}/next/?n=4")
    assert len(sent[kind]) - len(sent["none"]) == (more if kind != "none" else 0)
    assert len(sent[kind]) <= 6


def test_a_mark_keeps_the_frame_it_was_made_on(workflow):
    show([*taken("jabc01b1q"), *taken("jabc01b2q", minutes=5)], workflow)
    client = Client()
    client.get(f"/classify/{workflow.slug}/")
    mark = {"x1": 10, "y1": 10, "x2": 90, "y2": 90}
    subject = Subject.objects.first()
    sent = body(subject, answer="yes", marks=[mark | {"frame": 1}, mark])
    answer = client.post("/api/classifications/", sent, content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert [line["frame"] for line in Classification.objects.get().annotations[1]["value"]] == [1, 0]
    wrong = body(subject, answer="yes", marks=[mark | {"frame": -1}])
    assert client.post("/api/classifications/", wrong, content_type="application/json").status_code == 400


def test_talk_shows_them_too(client, workflow):
    first, second = taken("jabc01b1q"), taken("jabc01b2q", minutes=5)
    show([*first, *second], workflow)
    subject = Subject.objects.get(cutout=first[0])
    page = client.get(f"/talk/subjects/{subject.pk}/").content.decode()
    assert 'data-frames="2"' in page and f"/images/{second[0].public_id}.jpg" in page
    lonely = taken("jabc09b1q", tiles=TILES[:1])
    show(lonely, workflow)
    subject = Subject.objects.get(cutout=lonely[0])
    assert "data-frames" not in client.get(f"/talk/subjects/{subject.pk}/").content.decode()
