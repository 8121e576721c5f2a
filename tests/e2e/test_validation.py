"""The validation page in a browser: by keyboard, on a phone, and without JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from accounts.models import Role, User
from catalogue.models import Candidate, Validation
from catalogue.services import candidate_validate
from tests import factories
from tests.catalogue.rows import candidate
from tests.e2e.conftest import AXE, AXE_TAGS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann() -> User:
    return factories.user(Role.SCIENTIST, username="ann")


@pytest.fixture
def open_page(chromium: Browser, live_server: Any, ann: User) -> Iterator[Callable[..., Page]]:
    """Pages of a signed-in scientist; an error in any console fails the test."""
    contexts, errors = [], []

    def make(address: str, width: int = 1440, script: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, base_url=live_server.url, java_script_enabled=script
        )
        contexts.append(context)
        client = Client()
        client.force_login(ann)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


def opened(page: Page) -> str:
    return str(page.locator("[data-candidate]").get_attribute("data-candidate"))


def decisions() -> list[tuple[str, str, str]]:
    return list(Validation.objects.order_by("id").values_list("verdict", "trail_class", "note"))


def test_a_queue_is_worked_through_by_keyboard(open_page: Callable[..., Page]) -> None:
    made = [candidate() for _ in range(5)]
    page = open_page("/validate/")
    assert opened(page) == str(made[0].pk)
    page.keyboard.press("j")
    page.wait_for_url(re.compile(str(made[1].pk)))
    page.keyboard.press("k")
    page.wait_for_url(re.compile(str(made[0].pk)))
    page.keyboard.press("n")
    page.keyboard.type("j is a letter here")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.wait_for_url(re.compile(str(made[1].pk)))
    expect(page.get_by_text("Accepted as asteroid.")).to_be_visible()
    page.keyboard.press("3")
    page.keyboard.press("r")
    page.wait_for_url(re.compile(str(made[2].pk)))
    # Rejected as what? R asks, a digit answers.
    page.keyboard.press("r")
    expect(page.locator("[data-part=status]")).to_contain_text("Rejected as what?")
    assert len(decisions()) == 2
    page.keyboard.press("2")
    page.wait_for_url(re.compile(str(made[3].pk)))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("a")  # keys rest while a dialog is open
    page.keyboard.press("Escape")
    assert decisions() == [
        ("accept", "asteroid", "j is a letter here"),
        ("reject", "cosmic_ray", ""),
        ("reject", "satellite", ""),
    ]


def test_the_marks_lie_on_the_image_and_can_be_hidden(open_page: Callable[..., Page]) -> None:
    cutout = candidate().exposure.cutouts.get()
    cutout.jpeg.save("real-size.jpg", factories.jpeg(512))
    page = open_page("/validate/")
    image, marks = page.locator("[data-layer] img"), page.locator("[data-marks]")
    expect(marks).to_be_visible()
    for key in ("", "+", "+", "r"):
        if key:
            page.locator("[data-stage]").focus()
            page.keyboard.press(key)
        boxes = [one.evaluate("e => {const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]}")
                 for one in (image, marks)]  # fmt: skip
        assert boxes[0] == pytest.approx(boxes[1], abs=0.5)
    assert Validation.objects.count() == 0  # R turned the image, as it had the focus
    page.keyboard.press("m")
    expect(marks).to_be_hidden()
    page.reload()
    expect(page.locator("[data-marks]")).to_be_hidden()


def test_single_keys_can_be_switched_off(open_page: Callable[..., Page]) -> None:
    candidate()
    page = open_page("/validate/")
    page.get_by_role("button", name="Help and keys").click()
    page.get_by_label("Use single keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.reload()
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert Validation.objects.count() == 0


def test_it_works_without_javascript(open_page: Callable[..., Page]) -> None:
    first, second = candidate(), candidate()
    page = open_page("/validate/", script=False)
    expect(page.locator("[data-marks]")).to_be_visible()
    page.get_by_label("Satellite").check()
    page.get_by_label("Note").fill("by mouse")
    page.get_by_role("button", name="Reject").click()
    assert opened(page) == str(second.pk)
    assert decisions() == [("reject", "satellite", "by mouse")]
    assert Candidate.objects.get(pk=first.pk).state == "rejected"


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_are_accessible_and_fit(open_page: Callable[..., Page], ann: User, width: int) -> None:
    decided = [candidate() for _ in range(3)][0]
    candidate_validate(candidate=decided, by=ann, verdict="accept", trail_class="asteroid", note="clear")
    for address in ("/validate/", f"/validate/{decided.pk}/?state=all", "/validate/?q=absent", "/results/"):
        page = open_page(address, width=width)
        page.wait_for_load_state("networkidle")
        script = f"{AXE};axe.run(document, {{runOnly: {{type: 'tag', values: {json.dumps(AXE_TAGS)}}}}})"
        found = page.evaluate(script)["violations"]
        assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 390:  # one candidate at a time: the image, then the decision, before anything else
        page = open_page("/validate/", width=width)
        tops = [page.locator(part).bounding_box()["y"] for part in (".viewer", ".decision", ".validate__sheet")]  # type: ignore[index]
        assert tops == sorted(tops)
