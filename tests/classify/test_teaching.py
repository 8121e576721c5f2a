"""Tutorial, field guide, favourites: what a new site begins with, what people get, and that edits stay."""

from __future__ import annotations

import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import translation
from PIL import Image

from accounts.models import Role, Volunteer
from classify import teaching
from classify.models import Favourite, GuideEntry, KnownAnswer, Picture, TutorialSeen, TutorialStep, Workflow
from classify.starter import CONTENTS, FOLDER, starter_content_ensure
from classify.starter.drawing import GUIDE, MOST_BYTES, MOST_STEP_BYTES, SIZE_PX, STEPS, guide_picture
from tests import factories


@pytest.fixture
def workflow(db):
    return factories.workflow()


@pytest.fixture
def taught(workflow):
    starter_content_ensure(workflow=workflow)
    return workflow


def config_of(client, workflow, name="classify:workflow") -> dict:
    page = client.get(reverse(name, args=[workflow.slug])).content.decode()
    found = re.search(r'<script id="classify-config" type="application/json">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


def test_starter_content_is_whole_in_both_languages():
    english, spanish = CONTENTS
    assert 5 <= len(english.steps) == len(spanish.steps) <= 6
    assert len(english.guide) == len(spanish.guide) >= 8
    for content in CONTENTS:
        assert all(len(entry.examples) >= 3 and entry.looks_like and entry.is_not for entry in content.guide)
    shown = [[[one.picture for one in entry.examples] for entry in content.guide] for content in CONTENTS]
    assert shown[0] == shown[1]
    used = {one.picture for entry in english.guide for one in entry.examples} | {s.shown.picture for s in english.steps}
    assert used == GUIDE.keys() | STEPS.keys()


@pytest.mark.parametrize("name", [*GUIDE, *STEPS])
def test_every_picture_is_there_and_small(name):
    path = FOLDER / f"{name}.webp"
    assert path.stat().st_size <= (MOST_BYTES if name in GUIDE else MOST_STEP_BYTES)
    if name in GUIDE:
        assert Image.open(path).size == (SIZE_PX, SIZE_PX)


@pytest.mark.parametrize("name", ["trail-3", "arc-1"])
def test_the_committed_pictures_are_what_the_command_renders(name):
    """Up to what WebP loses: the same seed shows the same sky."""
    committed = Image.open(FOLDER / f"{name}.webp").convert("L").resize((64, 64))
    rendered = guide_picture(name).resize((64, 64))
    differences = [abs(a - b) for a, b in zip(committed.tobytes(), rendered.tobytes(), strict=True)]
    assert sum(differences) / len(differences) < 6


def test_a_new_site_gets_both_and_a_second_call_changes_nothing(taught):
    assert TutorialStep.objects.count() == 12
    assert GuideEntry.objects.count() == 2 * len(CONTENTS[0].guide)
    before = Picture.objects.count()
    added = starter_content_ensure(workflow=taught)
    assert (added.steps, added.entries, Picture.objects.count()) == (0, 0, before)


def test_what_scientists_changed_or_took_away_stays(taught):
    TutorialStep.objects.filter(language="en", position=1).update(title="Our own")
    TutorialStep.objects.filter(language="en", position=6).delete()
    GuideEntry.objects.filter(language="es").exclude(position=1).delete()
    call_command("starter_content")
    assert TutorialStep.objects.filter(language="en").count() == 5
    assert TutorialStep.objects.get(language="en", position=1).title == "Our own"
    assert GuideEntry.objects.filter(language="es").count() == 1


def test_the_command_names_what_there_is_for_an_unknown_workflow(workflow):
    with pytest.raises(CommandError, match="asteroid-trails"):
        call_command("starter_content", workflow="nowhere")


def test_publish_brings_it_for_a_workflow_that_it_makes_only(db):
    call_command("publish")
    assert TutorialStep.objects.exists()
    TutorialStep.objects.all().delete()
    call_command("publish")
    assert not TutorialStep.objects.exists()


def test_tutorial_and_guide_come_in_the_language_of_the_page_else_in_english(taught):
    with translation.override("es"):
        assert teaching.tutorial_steps(taught)[0]["title"] == "Qué estás viendo"
        assert teaching.guide_entries(taught.project)[0]["name"] == "Traza de asteroide"
    assert teaching.tutorial_steps(taught, "es-mx")[0]["title"] == "Qué estás viendo"
    assert teaching.tutorial_steps(taught, "de")[0]["title"] == "What you see here"
    TutorialStep.objects.filter(language="en").delete()
    assert teaching.tutorial_steps(taught, "de")[0]["title"] == "Qué estás viendo"


def test_a_step_cannot_bring_in_scripts_or_foreign_images(workflow):
    text = "**bold** <script>x</script> ![](https://evil.example/a.png) [l](javascript:x)"
    TutorialStep.objects.create(workflow=workflow, position=1, title="T", text=text)
    html = teaching.tutorial_steps(workflow)[0]["html"]
    assert "<strong>bold</strong>" in html
    assert "<script" not in html and "<img" not in html and 'href="javascript' not in html


def test_the_page_tells_its_scripts_about_the_tutorial(taught, client):
    config = config_of(client, taught)
    assert [step["title"] for step in config["tutorial"]] == [step.title for step in CONTENTS[0].steps]
    image = config["tutorial"][0]["image"]
    assert client.get(image["url"]).status_code == 200
    assert image["alt"] and image["width"] > image["height"]
    assert config["tutorial_seen"] is False
    assert config["training"] is False
    assert config["urls"]["favourite"] == "/classify/favourites/0/"


def test_a_workflow_without_a_tutorial_has_none(workflow, client):
    page = client.get(reverse("classify:workflow", args=[workflow.slug])).content.decode()
    assert config_of(client, workflow)["tutorial"] == []
    assert 'id="tutorial"' not in page
    assert "no field guide yet" in page


def test_the_tutorial_is_remembered_for_a_person_and_opens_for_nobody_who_has_classified(taught, client):
    client.force_login(factories.user())
    address = reverse("classify:tutorial_seen", args=[taught.slug])
    for _ in range(2):
        assert client.post(address).status_code == 204
    assert TutorialSeen.objects.count() == 1
    assert config_of(client, taught)["tutorial_seen"] is True
    client.force_login(factories.user())
    assert config_of(client, taught)["tutorial_seen"] is False
    Volunteer.objects.update_or_create(user=client.get("/").wsgi_request.user, defaults={"classifications_count": 1})
    assert config_of(client, taught)["tutorial_seen"] is True


def test_a_stranger_who_saw_the_tutorial_leaves_no_row(taught, client):
    client.get(reverse("classify:workflow", args=[taught.slug]))
    assert client.post(reverse("classify:tutorial_seen", args=[taught.slug])).status_code == 204
    assert not Volunteer.objects.exists()


def test_training_asks_for_training_subjects_only(workflow, client):
    config = config_of(client, workflow, "classify:training")
    assert config["training"] is True
    assert config["urls"]["next"].endswith("/next/?training=1")
    assert config["tutorial_seen"] is True


def test_practice_is_offered_where_there_is_something_to_practise_with(taught, client):
    address = reverse("classify:training", args=[taught.slug])
    for name in ("classify:workflow", "classify:guide"):
        assert address not in client.get(reverse(name, args=[taught.slug])).content.decode()
    (subject,) = factories.subjects(1, taught)
    KnownAnswer.objects.create(workflow=taught, subject=subject, answer="no")
    for name in ("classify:workflow", "classify:guide"):
        assert address in client.get(reverse(name, args=[taught.slug])).content.decode()


def test_the_guide_page_shows_every_class_with_its_examples(taught, client):
    page = client.get(reverse("classify:guide", args=[taught.slug])).content.decode()
    for entry in CONTENTS[0].guide:
        assert entry.name in page
    assert page.count("<figure>") == len(GUIDE)
    assert "Simulated image" in page


def test_the_guide_costs_the_same_however_many_examples_there_are(taught, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        assert sum(len(entry["examples"]) for entry in teaching.guide_entries(taught.project)) == len(GUIDE)


def test_pages_of_a_closed_workflow_are_not_there(taught, client):
    Workflow.objects.update(active=False)
    for name in ("classify:guide", "classify:training"):
        assert client.get(reverse(name, args=[taught.slug])).status_code == 404


def test_a_favourite_is_put_in_and_taken_out(workflow, client):
    first, second = factories.subjects(2, workflow)
    user = factories.user(Role.VOLUNTEER)
    client.force_login(user)

    def post(subject, **data):
        return client.post(reverse("classify:favourite", args=[subject.pk]), data).json()

    assert post(first) == {"favourite": True}
    assert post(second, liked="1") == {"favourite": True}
    assert post(second, liked="1") == {"favourite": True}
    person = Volunteer.objects.get(user=user)
    assert teaching.favourites_of(person, limit=10) == [second, first]
    assert teaching.favourites_of(person, limit=1) == [second]
    assert post(second) == {"favourite": False}
    assert post(first, liked="0") == {"favourite": False}
    assert not Favourite.objects.exists()


def test_a_browser_becomes_a_person_by_its_favourite_but_only_with_the_classifiers_cookie(workflow, client):
    (subject,) = factories.subjects(1, workflow)
    address = reverse("classify:favourite", args=[subject.pk])
    refused = client.post(address)
    assert refused.status_code == 400
    assert "Open the page of the classifier" in refused.json()["error"]["message"]
    assert not Volunteer.objects.exists()
    client.get(reverse("classify:workflow", args=[workflow.slug]))
    assert client.post(address).json() == {"favourite": True}
    assert Favourite.objects.get().volunteer == Volunteer.objects.get()


def test_a_favourite_of_nothing_is_not_found(workflow, client):
    client.force_login(factories.user())
    assert client.post(reverse("classify:favourite", args=[10**12])).status_code == 404
