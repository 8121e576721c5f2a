"""The classifier with a slow network or none, a killed tab, an expired session, a restarted server; and its marks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Site, started_site
from tests.e2e.test_journey import wait_for_image

PEOPLE, IMAGES, DELAY_S = 3, 10, 0.3
FASTER_THAN_MS = 50
ENDS = [(0.3, 0.35), (0.6, 0.55)]  # of the stage's shorter side, from its middle square's corner
PICTURE_PX = 512
EXPECTED = [PICTURE_PX * share for end in ENDS for share in end]
TRAINING_IMAGES = "UPDATE classify_workflow SET training_first = %s, training_later = %s"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site of its own: it is stopped and started again. An image takes many votes, so that none is used up, and none
    is a training image.
    """
    with started_site() as made:
        made.sql("UPDATE classify_workflow SET min_votes = 90, max_votes = 90, min_votes_scored = 90")
        made.sql(TRAINING_IMAGES, 0, 0)
        yield made


def votes(site: Site, of: str) -> list[tuple[Any, ...]]:
    """All rows of a user in the table of classifications, oldest first."""
    return site.sql(
        "SELECT vote.key, subject_id, answer, counted, set_aside FROM classify_classification AS vote"
        " JOIN accounts_volunteer AS who ON who.id = volunteer_id JOIN accounts_user ON accounts_user.id = user_id"
        " WHERE username = %s ORDER BY vote.id",
        of,
    )


def settled(page: Any) -> None:
    """Wait until nothing waits to be sent."""
    expect(page.locator("[data-part=waiting]")).to_be_hidden(timeout=60_000)


def answer(page: Any, key: str = "3") -> None:
    wait_for_image(page)
    page.keyboard.press(key)
    page.keyboard.press("Enter")


def test_done_shows_the_next_image_at_once(person: Any) -> None:
    """Each image takes 300 ms to come; from Done to the next one decoded, by keyboard alone."""

    def slowly(route: Any) -> None:
        time.sleep(DELAY_S)
        route.continue_()

    times: list[float] = []
    for _ in range(PEOPLE):
        page = person().page
        page.route("**/images/**", slowly)
        page.goto("/classify/")
        for _ in range(IMAGES):
            wait_for_image(page)
            page.wait_for_timeout(600)  # somebody looks at it
            answer(page, "2")
            wait_for_image(page)
            times.append(
                page.evaluate(
                    """() => {
                      const [done] = performance.getEntriesByName("done-pressed").slice(-1);
                      const [shown] = performance.getEntriesByName("subject-shown").slice(-1);
                      return shown.startTime - done.startTime;
                    }"""
                )
            )
    assert len(times) == PEOPLE * IMAGES
    assert min(times) > 0
    print(f"median {statistics.median(times):.1f} ms, longest {max(times):.1f} ms")
    assert statistics.median(times) < FASTER_THAN_MS, times


def test_no_answer_is_lost_or_doubled_whatever_happens(site: Site, person: Any) -> None:
    visitor = person()
    visitor.sign_in("volunteer")
    page = visitor.page
    assert votes(site, "volunteer") == []
    page.goto("/classify/")

    # The tab is killed while the network is away: another tab of the same browser sends what was kept.
    wait_for_image(page)
    visitor.context.set_offline(True)
    answer(page)
    expect(page.locator("[data-part=waiting]")).to_contain_text("1 waiting")
    page.close(run_before_unload=False)
    visitor.context.set_offline(False)
    page = visitor.page = visitor.context.new_page()
    page.goto("/classify/")
    settled(page)

    # The session ends: the answer is held, the page says so, and signing in again sends it.
    wait_for_image(page)
    kept = visitor.context.cookies()
    visitor.context.clear_cookies()
    answer(page)
    expect(page.locator("[data-part=warning]")).to_contain_text("sign in again")
    visitor.context.add_cookies(kept)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    settled(page)

    # The server stops and starts again.
    wait_for_image(page)
    site.stop()
    answer(page)
    expect(page.locator("[data-part=waiting]")).to_contain_text("1 waiting")
    site.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    settled(page)
    page.wait_for_timeout(4_000)  # a second copy would have come by now
    found = votes(site, "volunteer")
    assert [row[2:] for row in found] == [("impossible-to-tell", True, "")] * 3
    assert len({subject for _, subject, *_ in found}) == 3


def places(page: Any) -> list[tuple[float, float]]:
    """Where on the window the two ends of the test's trail are to be set."""
    box = page.locator("[data-stage]").bounding_box()
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    return [(left + x * side, top + y * side) for x, y in ENDS]


def marks_stored(site: Site, classification: int) -> list[list[float]]:
    """The marks of a classification, from the database."""
    ((said,),) = site.sql("SELECT annotations FROM classify_classification WHERE id = %s", classification)
    return [[mark[name] for name in ("x1", "y1", "x2", "y2")] for mark in said[1]["value"]]


def by_keyboard(page: Any) -> None:
    """The cross begins in the middle of the stage; an arrow moves it three pixels of the screen."""
    page.keyboard.press("m")
    box = page.locator("[data-stage]").bounding_box()
    at = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    for x, y in places(page):
        for axis, goal, (less, more) in ((0, x, ("ArrowLeft", "ArrowRight")), (1, y, ("ArrowUp", "ArrowDown"))):
            while abs(goal - at[axis]) >= 1.5:
                step = 24 if abs(goal - at[axis]) >= 24 else 3
                direction = 1 if goal > at[axis] else -1
                page.keyboard.press(("Shift+" if step == 24 else "") + (more if direction > 0 else less))
                at[axis] += step * direction
        page.keyboard.press("Enter")


@pytest.mark.parametrize("way", ["clicks", "stroke", "touch", "keyboard"])
def test_a_trail_is_marked_alike_by_mouse_touch_and_keyboard(chromium: Any, site: Site, way: str) -> None:
    context = chromium.new_context(
        viewport={"width": 1000, "height": 800}, has_touch=way == "touch", base_url=site.url, service_workers="block"
    )
    context.add_init_script("localStorage.setItem('asteroid-hunter:tutorial:asteroid-trails', 'seen')")
    page = context.new_page()
    page.goto("/classify/")
    wait_for_image(page)
    page.keyboard.press("1")
    first, second = places(page)
    if way == "keyboard":
        by_keyboard(page)
    elif way == "stroke":
        page.mouse.move(*first)
        page.mouse.down()
        page.mouse.move(*second, steps=5)
        page.mouse.up()
    else:
        for x, y in (first, second):
            (page.mouse.click if way == "clicks" else page.touchscreen.tap)(x, y)
    expect(page.locator("[data-part=marks] li")).to_have_count(1)
    with page.expect_response("**/api/classifications/") as told:
        if way == "keyboard":
            page.keyboard.press("Enter")
        else:
            page.locator("button[value=next]").click()
    (mark,) = marks_stored(site, told.value.json()["classification"])
    context.close()
    assert max(abs(a - b) for a, b in zip(mark, EXPECTED, strict=True)) <= 2, (mark, EXPECTED)


def test_the_last_answer_is_taken_back_until_the_next(site: Site, person: Any) -> None:
    visitor = person()
    visitor.sign_in("moderator")
    page = visitor.page
    page.goto("/classify/")
    wait_for_image(page)
    expect(page.locator("[data-part=undo]")).to_be_hidden()
    facts = page.locator("[data-part=facts]").inner_text()
    answer(page, "2")
    wait_for_image(page)
    following = page.locator("[data-part=facts]").inner_text()
    settled(page)
    page.keyboard.press("u")
    expect(page.locator("input[value=no]")).to_be_checked()
    assert page.locator("[data-part=facts]").inner_text() == facts
    answer(page, "3")
    wait_for_image(page)
    assert page.locator("[data-part=facts]").inner_text() == following  # it had only gone back one place
    expect(page.locator("[data-part=count]")).to_contain_text("1 classified")
    settled(page)
    first, second = votes(site, "moderator")
    assert first[2:] == ("no", False, "undone")
    assert second[1:] == (first[1], "impossible-to-tell", True, "")
    assert visitor.console == []


def test_an_answer_that_can_no_longer_be_taken_back_stays(site: Site, person: Any) -> None:
    """Another device of the same person has answered since: the server says no."""
    visitor, elsewhere = person(), person()
    for one in (visitor, elsewhere):
        one.sign_in("scientist")
        one.page.goto("/classify/")
    answer(visitor.page, "2")
    settled(visitor.page)
    wait_for_image(visitor.page)
    answer(elsewhere.page, "3")
    settled(elsewhere.page)
    visitor.page.keyboard.press("u")
    answer(visitor.page, "3")
    expect(visitor.page.locator("[data-part=warning]")).to_contain_text("could not be changed")
    expect(visitor.page.locator("[data-part=warning]")).to_contain_text("It stays as it was")
    kept, later = votes(site, "scientist")
    assert (kept[2:4], later[2]) == (("no", True), "impossible-to-tell")


def test_a_training_image_teaches_and_its_answer_stays(site: Site, person: Any) -> None:
    site.sql(TRAINING_IMAGES, 1, 1)
    try:
        visitor = person()
        page = visitor.page
        page.goto("/classify/")
        answer(page)
        dialog = page.locator("#feedback-dialog")
        expect(dialog).to_contain_text("Not this time")  # none of them is impossible to tell
        expect(dialog.get_by_role("button", name="Go on")).to_be_focused()
        visitor.check_page()
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        expect(page.locator("[data-part=undo]")).to_be_hidden()
        page.keyboard.press("u")
        expect(page.locator("[data-part=status]")).to_contain_text("no answer to take back")
        wait_for_image(page)
        page.keyboard.press("3")
        page.keyboard.press("t")
        expect(dialog.get_by_role("button", name="Continue to Talk")).to_be_focused()
        assert "/classify/" in page.url
        page.keyboard.press("Enter")
        page.wait_for_url("**/talk/**")
    finally:
        site.sql(TRAINING_IMAGES, 0, 0)


def test_a_favourite_is_kept_or_said_not_to_be(site: Site, person: Any) -> None:
    page = person().page
    page.goto("/classify/")
    answer(page)  # who has answered is somebody whose favourites can be kept
    settled(page)
    wait_for_image(page)
    heart = page.get_by_role("button", name="Favourite")
    with page.expect_response("**/favourites/**") as told:
        heart.click()
    assert told.value.ok
    expect(heart).to_have_attribute("aria-pressed", "true")
    page.route("**/favourites/**", lambda route: route.abort())
    heart.click()
    expect(page.locator("[data-part=status]")).to_contain_text("stay as they were")
    expect(heart).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(("width", "height"), [(390, 664), (320, 568)])
def test_the_task_fits_a_phone_while_marking(person: Any, width: int, height: int) -> None:
    page = person(390).page
    page.set_viewport_size({"width": width, "height": height})
    page.goto("/classify/")
    wait_for_image(page)
    page.locator("input[value=yes]").check()
    for x, y in places(page):
        page.mouse.click(x, y)
    expect(page.locator("[data-part=marks] li")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if height == 664:
        box = page.locator("button[value=next]").bounding_box()
        assert box["y"] + box["height"] <= height


def test_every_part_of_the_task_is_reached_by_keyboard_with_its_focus_in_view(person: Any) -> None:
    page = person().page
    page.goto("/classify/")
    wait_for_image(page)
    page.keyboard.press("1")
    page.keyboard.press("m")
    page.keyboard.press("m")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("m")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                """() => {
                  const it = document.activeElement, box = it.getBoundingClientRect();
                  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                  const visible = it.matches(":focus-visible") || it.matches("input");
                  const there = visible && top && (it.contains(top) || top.contains(it));
                  if (it !== document.body && !there) return "hidden: " + it.outerHTML.slice(0, 80);
                  return it.getAttribute("aria-label") ?? it.value ?? it.textContent.trim();
                }"""
            )
        )
    assert not [name for name in seen if name.startswith("hidden: ")]
    for wanted in ("Trail 1, beginning", "Trail 1, end", "Remove trail 1", "next", "talk", "Favourite"):
        assert any(name.startswith(wanted) for name in seen), (wanted, seen)
