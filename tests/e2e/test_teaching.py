"""Being taught: the tutorial on the first visit, the field guide, the training page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

TUTORIAL = "dialog#tutorial"


def ready(page) -> None:
    expect(page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_tutorial_opens_once_and_is_gone_through_by_keyboard(person, width):
    newcomer = person(width, newcomer=True)
    page = newcomer.page
    page.goto("/classify/")
    dialog = page.locator(TUTORIAL)
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Step 1 of 6")
    expect(dialog.get_by_role("button", name="Next")).to_be_focused()
    newcomer.check_page()
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Step 2 of 6")
    page.keyboard.press("ArrowLeft")
    expect(dialog.get_by_role("heading", name="What you see here")).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Step 6 of 6")
    expect(dialog.get_by_role("link", name=re.compile("Practise"))).to_be_visible()
    newcomer.check_page()
    with page.expect_response("**/tutorial-seen/") as told:
        page.keyboard.press("Enter")
    assert told.value.status == 204
    expect(dialog).to_be_hidden()
    ready(page)
    page.keyboard.press("2")  # keys reach the classifier again
    assert page.locator("input[name=answer]:checked").count() == 1
    page.reload()
    ready(page)
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Tutorial", exact=True).click()
    expect(dialog).to_contain_text("Step 1 of 6")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Tutorial", exact=True)).to_be_focused()


def test_every_step_fits_a_phone_and_its_buttons_stay_in_place(person):
    page = person(390, newcomer=True).page
    page.set_viewport_size({"width": 390, "height": 664})
    page.goto("/classify/")
    dialog = page.locator(TUTORIAL)
    places = set()
    for _ in range(6):
        box = dialog.locator("[data-part=next]").bounding_box()
        assert box is not None and box["y"] + box["height"] <= 664
        places.add(round(box["y"]))
        dialog.locator("[data-part=next]").click()
    assert len(places) == 1


def test_a_person_who_saw_it_elsewhere_is_left_alone(person):
    first = person(newcomer=True)
    first.sign_in("moderator")
    first.page.goto("/classify/")
    expect(first.page.locator(TUTORIAL)).to_be_visible()
    with first.page.expect_response("**/tutorial-seen/"):
        first.page.keyboard.press("Escape")
    second = person(newcomer=True)
    second.sign_in("moderator")
    second.page.goto("/classify/")
    ready(second.page)
    expect(second.page.locator(TUTORIAL)).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_field_guide_shows_examples_beside_the_image_and_on_its_page(person, width):
    visitor = person(width)
    page = visitor.page
    page.goto("/classify/")
    ready(page)
    page.get_by_role("button", name="Field guide").click()
    guide = page.locator("#field-guide")
    expect(guide.get_by_role("heading", name="Cosmic ray")).to_be_visible()
    first = guide.locator("figure img").first
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=first.element_handle())
    box = first.bounding_box()
    assert box is not None and box["width"] >= 110
    visitor.check_page()
    guide.get_by_role("link", name=re.compile("page of its own")).click()
    page.wait_for_url("**/guide/")
    expect(page.locator("figure img")).to_have_count(29)
    visitor.check_page()


def test_the_training_page_shows_only_images_with_a_known_answer_and_says_so(person):
    visitor = person()
    page = visitor.page
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/next/" in request.url else None)
    page.goto("/classify/asteroid-trails/training/")
    ready(page)
    assert asked and all("training=1" in url for url in asked)
    expect(page.get_by_text("The answers are known")).to_be_visible()
    expect(page.locator(TUTORIAL)).to_be_hidden()
    visitor.check_page()
    page.get_by_role("link", name="Back to the search").click()
    page.wait_for_url(re.compile(r"/classify/asteroid-trails/$"))
