"""A scientist makes a second project with another question through the pages alone, and a stranger classifies in it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site, started_site
from tests.e2e.test_journey import until, wait_for_image

QUESTION = "Do you see a spiral galaxy?"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site of its own: a second open search would put a choice before the classifier of the shared one."""
    with started_site() as made:
        yield made


def picture() -> dict[str, Any]:
    """A file as a person chooses it: a drawn spiral."""
    image = Image.new("L", (320, 240), 12)
    ImageDraw.Draw(image).arc((90, 40, 230, 200), 20, 300, fill=220, width=6)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return {"name": "spiral.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def make_project(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Set-up").click()
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Name", exact=True).fill("Galaxy shapes")
    page.get_by_label("What it is about").fill("Which galaxies have arms?")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", name="Galaxy shapes")).to_be_visible()


def make_workflow(page: Page) -> None:
    page.get_by_role("link", name="New workflow in Galaxy shapes").click()
    page.get_by_label("Name", exact=True).fill("Spirals")
    page.get_by_role("textbox", name="Question", exact=True).first.fill(QUESTION)
    page.get_by_label("Yes", exact=True).first.fill("A spiral")
    page.get_by_label("No", exact=True).first.fill("No spiral")
    page.get_by_label(re.compile("Offer a third answer")).uncheck()
    page.get_by_role("textbox", name="Help for the question").first.fill("Look for **arms**.")
    expect(page.locator("#preview-help_text strong")).to_have_text("arms")
    page.get_by_label("After “yes”, ask where it is").uncheck()
    page.get_by_role("button", name="Make the workflow").click()
    expect(page.get_by_role("heading", name="Nobody sees it now")).to_be_visible()


def choose_images(page: Page) -> None:
    parts = page.get_by_role("navigation", name="Parts of this workflow")
    parts.get_by_role("link", name="Images").click()
    page.get_by_label("Instrument").select_option(index=1)
    page.get_by_role("button", name="Count them").click()
    page.get_by_label("Name of this set").fill("Spiral search")
    page.get_by_role("button", name="Add these images").click()
    until(page, lambda: page.reload() and re.search(r"[1-9][0-9]* images are in", page.inner_text("main")), 120)


def write_rule(page: Page) -> None:
    parts = page.get_by_role("navigation", name="Parts of this workflow")
    parts.get_by_role("link", name="Rule").click()
    page.get_by_label("Fewest votes", exact=True).fill("9")
    page.get_by_label("Most votes").fill("4")
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_text("The greatest number of votes is smaller than the smallest.")).to_be_visible()
    page.get_by_label("Fewest votes", exact=True).fill("2")
    page.get_by_role("button", name="Try it on past votes").click()
    expect(page.locator("#rule-preview")).to_be_visible()
    page.get_by_label("Why this change").fill("few of us")
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_text("2 to 4 votes")).to_be_visible()
    expect(page.locator(".setup-history")).to_contain_text("few of us")


def write_tutorial(page: Page) -> None:
    parts = page.get_by_role("navigation", name="Parts of this workflow")
    parts.get_by_role("link", name="Tutorial").click()
    for title in ("What is not one", "Arms"):
        page.get_by_role("link", name="New step in English").click()
        page.get_by_label("Title").fill(title)
        page.get_by_role("textbox", name="Text").fill("A spiral has **two arms** or more.")
        page.get_by_label(re.compile(r"^Picture \(")).set_input_files(picture())  # type: ignore[arg-type]
        page.get_by_label("What is to be seen on it").fill("A drawn spiral")
        page.get_by_role("button", name="Save the step").click()
        expect(page.get_by_text("The step was saved.")).to_be_visible()
    up = page.get_by_role("button", name="Move “Arms” up")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".setup-item h3").first).to_have_text("Arms")


def write_guide(page: Page) -> None:
    page.get_by_role("navigation", name="Parts of this workflow").get_by_role("link", name="Field guide").click()
    page.get_by_role("link", name="New class in English").click()
    page.get_by_label("Name", exact=True).fill("Spiral galaxy")
    page.get_by_label("What to answer").fill("A spiral")
    page.get_by_label("What it looks like").fill("A disc with bright arms.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label(re.compile(r"^Picture \(")).set_input_files(picture())  # type: ignore[arg-type]
    page.get_by_role("button", name="Add the picture").click()
    expect(page.locator(".setup-item img")).to_be_visible()


def test_a_scientist_sets_up_a_second_project_and_a_stranger_classifies_in_it(person):
    scientist = person()
    scientist.sign_in("scientist")
    page = scientist.page
    make_project(page)
    make_workflow(page)
    choose_images(page)
    write_rule(page)
    write_tutorial(page)
    write_guide(page)
    page.goto("/setup/workflows/spirals/preview/")
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    expect(page.get_by_text("A disc with bright arms.")).to_be_visible()

    stranger = person(width=390)
    with stranger.page.expect_console_message(lambda message: "404" in message.text):
        assert stranger.page.goto("/classify/spirals/").status == 404
    stranger.console.clear()
    page.goto("/setup/workflows/spirals/")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("heading", name="People can classify here")).to_be_visible()

    stranger.page.goto("/classify/")
    stranger.page.get_by_role("link", name="Spirals").click()
    expect(stranger.page.get_by_role("heading", name=QUESTION)).to_be_attached()
    tutorial = stranger.page.locator("dialog[open]")  # on the first visit; it would take the keys
    expect(tutorial).to_contain_text("two arms")
    stranger.page.keyboard.press("Escape")
    expect(tutorial).to_be_hidden()
    wait_for_image(stranger.page)
    assert stranger.page.locator("input[name=answer]").count() == 2
    stranger.page.keyboard.press("1")
    stranger.page.keyboard.press("Enter")
    classified = lambda: "1" in page.locator(".kpi", has_text="classifications").inner_text()  # noqa: E731
    until(page, lambda: page.reload() and classified())
    refused = "status of 422"  # the rule that could not be
    assert [line for line in scientist.console if refused not in line] == stranger.console == []


@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_is_sound(person, width):
    scientist = person(width=width)
    scientist.sign_in("scientist")
    of_workflow = ["", "question/", "images/?instrument=", "rule/", "tutorial/", "tutorial/new/", "preview/", "finds/"]
    pages = ["/setup/", "/setup/projects/new/", "/setup/projects/asteroid-hunter/"]
    pages += ["/setup/projects/asteroid-hunter/workflows/new/", "/setup/projects/asteroid-hunter/guide/"]
    pages += [f"/setup/workflows/asteroid-trails/{part}" for part in of_workflow] + ["/classify/"]
    for url in pages:
        scientist.page.goto(url)
        if "/setup/" in url:
            scientist.check_page()
