"""The classifier with a slow network or none, a killed tab, an expired session, a restarted server; and its marks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Site, started_site
from tests.e2e.test_journey import past_feedback, until, wait_for_image

EXPOSURES = 4
TIMED, DELAY_S = 30, 0.3
FASTER_THAN_MS = 50
ENDS = [(0.3, 0.35), (0.6, 0.55)]  # of the stage's shorter side, from its middle square's corner


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site of its own: it is stopped and started again, and one vote decides in the demo."""
    with started_site(EXPOSURES) as made:
        yield made


def count(person: Any) -> int:
    rows = person.context.request.get("/api/workflows/").json()["results"]
    return sum(row["classifications_count"] for row in rows)


def settled(page: Any) -> None:
    """Wait until nothing waits to be sent."""
    expect(page.locator("[data-part=waiting]")).to_be_hidden(timeout=60_000)


def test_done_shows_the_next_image_at_once(person: Any) -> None:
    """Each image takes 300 ms to come; from Done to the next one decoded, by keyboard alone."""
    visitor = person()
    page = visitor.page

    def slowly(route: Any) -> None:
        time.sleep(DELAY_S)
        route.continue_()

    page.route("**/images/**", slowly)
    page.goto("/classify/")
    times: list[float] = []
    while len(times) < TIMED:
        wait_for_image(page)
        page.wait_for_timeout(600)  # somebody looks at it
        past_feedback(page)
        page.keyboard.press("2")
        page.keyboard.press("Enter")
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
        if page.locator("[data-notice=user_finished]:not([hidden])").count():
            break
    assert len(times) >= TIMED
    assert min(times) > 0
    assert statistics.median(times) < FASTER_THAN_MS, times


def test_no_answer_is_lost_or_doubled_whatever_happens(site: Site, person: Any) -> None:
    visitor = person()
    visitor.sign_in("volunteer")
    page = visitor.page
    before = count(visitor)
    page.goto("/classify/")

    def answer(page: Any) -> None:
        wait_for_image(page)
        past_feedback(page)
        page.keyboard.press("3")
        page.keyboard.press("Enter")

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
    past_feedback(page)
    kept = visitor.context.cookies()
    visitor.context.clear_cookies()
    page.keyboard.press("3")
    page.keyboard.press("Enter")
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
    until(page, lambda: count(visitor) == before + 3)
    page.wait_for_timeout(4_000)  # a second copy would have been counted by now
    assert count(visitor) == before + 3


def places(page: Any) -> list[tuple[float, float]]:
    """Where on the window the two ends of the test's trail are to be set."""
    box = page.locator("[data-stage]").bounding_box()
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    return [(left + x * side, top + y * side) for x, y in ENDS]


def marks_sent(page: Any) -> list[dict[str, float]]:
    with page.expect_request("**/api/classifications/") as sent:
        page.locator("button[value=next]").click()
    return sent.value.post_data_json["marks"]


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


def test_a_trail_is_marked_alike_by_mouse_touch_and_keyboard(chromium: Any, site: Site) -> None:
    found = {}
    for way in ("mouse", "touch", "keyboard"):
        context = chromium.new_context(
            viewport={"width": 1000, "height": 800},
            has_touch=way == "touch",
            base_url=site.url,
            service_workers="block",
        )
        context.add_init_script("localStorage.setItem('asteroid-hunter:tutorial:asteroid-trails', 'seen')")
        page = context.new_page()
        page.goto("/classify/")
        if page.locator("dialog[open]").count():
            page.keyboard.press("Escape")
        wait_for_image(page)
        page.keyboard.press("1")
        if way == "keyboard":
            by_keyboard(page)
        else:
            for x, y in places(page):
                (page.mouse.click if way == "mouse" else page.touchscreen.tap)(x, y)
        expect(page.locator("[data-part=marks] li")).to_have_count(1)
        (found[way],) = marks_sent(page)
        context.close()
    scale = 512 / 1  # marks are in pixels of the picture
    expected = [ENDS[0][0] * scale, ENDS[0][1] * scale, ENDS[1][0] * scale, ENDS[1][1] * scale]
    for way, mark in found.items():
        ends = [mark[name] for name in ("x1", "y1", "x2", "y2")]
        assert max(abs(a - b) for a, b in zip(ends, expected, strict=True)) <= 2, (way, ends, expected)


def test_the_last_answer_is_taken_back_until_the_next(person: Any) -> None:
    visitor = person()
    page = visitor.page
    # Only ordinary images: those of training teach at once and are not taken back.
    page.route("**/api/classifications/", lambda route: route.fulfill(status=503, json={}))
    page.goto("/classify/")
    wait_for_image(page)
    before = page.locator("[data-part=facts]").inner_text()
    expect(page.locator("[data-part=undo]")).to_be_hidden()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    wait_for_image(page)
    page.keyboard.press("u")
    expect(page.locator("input[value=no]")).to_be_checked()
    assert page.locator("[data-part=facts]").inner_text() == before
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    wait_for_image(page)
    entries = page.evaluate(
        """() => new Promise(resolve => {
          const open = indexedDB.open("asteroid-hunter");
          open.onsuccess = () => {
            const all = open.result.transaction("outbox").objectStore("outbox").getAll();
            const first = (a, b) => a.queued - b.queued;
            all.onsuccess = () => resolve(all.result.sort(first).map(one => one.classification));
          };
        })"""
    )
    first, second = entries
    assert (first["answer"], second["answer"]) == ("no", "impossible-to-tell")
    assert second["supersedes"] == first["key"]
    assert second["subject"] == first["subject"]


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
