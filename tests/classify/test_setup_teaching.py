"""The tutorial and the field guide, as scientists write them: texts, pictures, order, versions."""

from __future__ import annotations

import io

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import Role
from classify.models import GuideEntry, TutorialStep
from classify.setup import services
from tests import factories


@pytest.fixture
def scientist(client, db):
    client.force_login(factories.user(Role.SCIENTIST))
    return client


@pytest.fixture
def lenses(db):
    by = factories.user(Role.SCIENTIST)
    project = services.project_create(name="Arcs & lenses", description="", live=True)
    answers = [{"value": "yes", "label": "A lens"}, {"value": "no", "label": "No lens"}]
    values = {"name": "Lenses", "question": "A lens?", "answers": answers, "purpose": "other"}
    return services.workflow_create(project=project, values=values, by=by)


def png() -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("L", (40, 30), 90).save(buffer, "PNG")
    return SimpleUploadedFile("arc.png", buffer.getvalue(), "image/png")


def test_the_tutorial_is_written_put_in_order_and_taken_apart(scientist, lenses):
    new = f"/setup/workflows/{lenses.slug}/tutorial/new/"
    for title in ("One", "Two", "Three"):
        data = {"language": "en", "title": title, "text": "Look **here**.", "picture_file": png(), "alt": "An arc"}
        assert scientist.post(new, data).status_code == 302
    scientist.post(new, {"language": settings.LANGUAGES[-1][0], "title": "Uno", "text": "Mira."})
    one, two, three = TutorialStep.objects.filter(workflow=lenses, language="en")
    assert (one.position, three.picture.alt, three.picture.width) == (1, "An arc", 40)
    scientist.post(f"/setup/tutorial/{three.pk}/move/", {"to": "up"})
    scientist.post(f"/setup/tutorial/{one.pk}/move/", {"to": "up"})  # the first stays
    titles = TutorialStep.objects.filter(workflow=lenses, language="en").values_list("title", flat=True)
    assert list(titles) == ["One", "Three", "Two"]
    scientist.post(f"/setup/tutorial/{two.pk}/delete/")
    change = {"language": "en", "title": "One!", "text": "Look.", "remove_picture": "on"}
    scientist.post(f"/setup/tutorial/{one.pk}/", change)
    one.refresh_from_db()
    assert (one.title, one.picture, one.position) == ("One!", None, 1)
    lenses.refresh_from_db()
    assert lenses.version == "1.8"  # six changes besides the move that was none
    page = scientist.get(f"/setup/workflows/{lenses.slug}/tutorial/").content.decode()
    assert "<strong>here</strong>" in page


def test_a_file_that_is_no_picture_is_refused_and_the_text_is_kept_in_the_form(scientist, lenses):
    bad = SimpleUploadedFile("arc.png", b"no picture", "image/png")
    data = {"language": "en", "title": "One", "text": "My text", "picture_file": bad}
    page = scientist.post(f"/setup/workflows/{lenses.slug}/tutorial/new/", data)
    assert page.status_code == 422
    assert "My text" in page.content.decode()
    assert "picture_file" in page.context["form"].errors
    assert not TutorialStep.objects.exists()


def test_the_field_guide_is_written_with_pictures_in_order(scientist, lenses):
    new = f"/setup/projects/{lenses.project.slug}/guide/new/"
    for name in ("Arc", "Spike"):
        scientist.post(new, {"language": "en", "name": name, "answer": "Yes", "looks_like": "Bent."})
    arc, spike = GuideEntry.objects.filter(project=lenses.project)
    scientist.post(f"/setup/guide/{spike.pk}/move/", {"to": "up"})
    assert [one.name for one in GuideEntry.objects.filter(project=lenses.project)] == ["Spike", "Arc"]
    for caption in ("first", "second"):
        scientist.post(f"/setup/guide/{arc.pk}/pictures/", {"picture_file": png(), "caption": caption})
    first, second = arc.examples.all()
    scientist.post(f"/setup/guide/pictures/{second.pk}/move/", {"to": "up"})
    assert [one.caption for one in arc.examples.all()] == ["second", "first"]
    scientist.post(f"/setup/guide/pictures/{first.pk}/delete/")
    scientist.post(f"/setup/guide/{spike.pk}/delete/")
    assert [one.name for one in GuideEntry.objects.filter(project=lenses.project)] == ["Arc"]
    assert arc.examples.count() == 1
    assert scientist.post(f"/setup/guide/{arc.pk}/pictures/", {"caption": "none"}).status_code == 422
