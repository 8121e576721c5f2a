"""Marks, strokes, lessons and refusals on the classifier's page. The server is played: no image is used up."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.test_journey import wait_for_image

PICTURE = {"image": "/static/img/icons/512.png", "width": 512, "height": 512, "simulated": True}
TRAIL = [(0.3, 0.35), (0.6, 0.55)]


class Played:
    """Hands out subjects without end and takes every answer."""

    def __init__(self, page: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self.replies: list[tuple[int, dict[str, Any]]] = []
        self.away = False
        self.subject = itertools.count(900_001)
        page.route("**/api/workflows/*/next/**", self.next)
        page.route("**/api/classifications/", self.take)

    def next(self, route: Any) -> None:
        subjects = [PICTURE | {"id": pk, "metadata": {"Number": pk}} for pk in itertools.islice(self.subject, 4)]
        route.fulfill(json={"subjects": subjects, "state": "normal"})

    def take(self, route: Any) -> None:
        if self.away:
            route.abort()
            return
        self.sent.append(route.request.post_data_json)
        usual = (201, {"classification": len(self.sent), "counted": True, "set_aside": "", "feedback": None})
        status, body = self.replies.pop(0) if self.replies else usual
        route.fulfill(status=status, json=body)


@pytest.fixture
def page(person: Any) -> Any:
    made = person().page
    made.set_viewport_size({"width": 1000, "height": 800})
    return made


def opened(page: Any, **stored: str) -> Played:
    played = Played(page)
    for name, value in stored.items():
        page.add_init_script(f"localStorage.setItem('asteroid-hunter:{name.replace('_', '-')}', '{value}')")
    page.goto("/classify/")
    wait_for_image(page)
    return played


def place(page: Any, x: float, y: float) -> tuple[float, float]:
    """A place of the window, by shares of the picture as it lies unzoomed in the stage."""
    box = page.locator("[data-stage]").bounding_box()
    side = min(box["width"], box["height"])
    return box["x"] + (box["width"] - side) / 2 + x * side, box["y"] + (box["height"] - side) / 2 + y * side


def mark(page: Any, *ends: tuple[float, float]) -> None:
    for end in ends:
        page.mouse.click(*place(page, *end))


def handle(page: Any, name: str) -> tuple[float, float]:
    box = page.get_by_role("button", name=name).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def done(page: Any, played: Played) -> list[list[float]]:
    """Press Done; the marks that went out."""
    before = len(played.sent)
    with page.expect_response("**/api/classifications/"):
        page.locator("button[value=next]").click()
    assert len(played.sent) == before + 1
    return [[one[name] for name in ("x1", "y1", "x2", "y2")] for one in played.sent[-1]["marks"]]


def is_near(found: list[float], expected: list[float]) -> bool:
    return max(abs(a - b) for a, b in zip(found, expected, strict=True)) <= 2


EXPECTED = [512 * share for end in TRAIL for share in end]


def touch(page: Any, *moments: list[tuple[float, float]]) -> None:
    """Fingers down at the first places, along the others, and up."""
    devtools = page.context.new_cdp_session(page)
    for number, fingers in enumerate([*moments, []]):
        kind = "touchStart" if number == 0 else "touchMove" if fingers else "touchEnd"
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(fingers)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    devtools.detach()


def test_marks_follow_the_image_and_are_set_the_same_on_a_turned_and_zoomed_one(page: Any) -> None:
    played = opened(page)
    page.keyboard.press("1")
    mark(page, *TRAIL)
    for key in ("r", "+"):
        page.keyboard.press(key)
    turned = [handle(page, "Trail 1, beginning"), handle(page, "Trail 1, end")]
    page.get_by_role("button", name="Remove trail 1").click()
    for at in turned:
        page.mouse.click(*at)
    (found,) = done(page, played)
    assert is_near(found, EXPECTED), found


def test_an_end_is_moved_by_mouse_and_by_keys_and_a_trail_deleted(page: Any) -> None:
    played = opened(page)
    page.keyboard.press("1")
    mark(page, *TRAIL, (0.2, 0.8), (0.7, 0.9))
    page.mouse.move(*handle(page, "Trail 1, end"))
    page.mouse.down()
    page.mouse.move(*place(page, 0.5, 0.1), steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Trail 2, beginning").focus()
    page.keyboard.press("Delete")
    expect(page.locator("[data-part=marks] li")).to_have_count(1)
    page.get_by_role("button", name="Trail 1, beginning").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    scale = 512 / min(page.locator("[data-stage]").bounding_box()[side] for side in ("width", "height"))
    (found,) = done(page, played)
    assert is_near(found, [EXPECTED[0] + 12 * scale, EXPECTED[1], 256, 51]), found


def test_what_leaves_the_view_of_a_zoomed_image_comes_back_with_the_focus(page: Any) -> None:
    opened(page)
    page.keyboard.press("1")
    mark(page, (0.05, 0.05), (0.9, 0.9))
    for _ in range(5):
        page.keyboard.press("+")
    page.locator("[data-stage]").focus()
    for name in ("Trail 1, beginning", "Trail 1, end"):
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(name):
                break
        box = page.locator("[data-stage]").bounding_box()
        x, y = handle(page, name)
        assert box["x"] < x < box["x"] + box["width"] and box["y"] < y < box["y"] + box["height"]
    assert page.locator("[data-stage]").evaluate("stage => [stage.scrollLeft, stage.scrollTop]") == [0, 0]
    page.keyboard.press("m")
    for _ in range(40):
        page.keyboard.press("Shift+ArrowDown")
    cross = page.locator(".marking__cross").bounding_box()
    box = page.locator("[data-stage]").bounding_box()
    assert cross["y"] > box["y"] and cross["y"] + cross["height"] < box["y"] + box["height"]


def test_done_asks_once_for_marks_and_for_a_second_end(page: Any) -> None:
    played = opened(page)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=status]")).to_contain_text("No trail is marked yet")
    assert played.sent == []
    assert done(page, played) == []
    wait_for_image(page)
    page.keyboard.press("1")
    mark(page, *TRAIL, (0.2, 0.8))
    page.locator("button[value=next]").click()
    expect(page.locator("[data-part=status]")).to_contain_text("only one end")
    assert len(done(page, played)) == 1
    wait_for_image(page)
    page.keyboard.press("1")
    mark(page, *TRAIL)
    page.keyboard.press("2")
    assert done(page, played) == []  # marks belong to a yes


def test_one_key_answers_where_that_is_wished(page: Any) -> None:
    played = opened(page, one_key="on")
    with page.expect_response("**/api/classifications/"):
        page.keyboard.press("2")
    wait_for_image(page)
    page.keyboard.press("1")
    mark(page, *TRAIL)  # a yes waits for its marks
    assert len(done(page, played)) == 1
    assert [one["answer"] for one in played.sent] == ["no", "yes"]


def test_fingers_mark_zoom_and_answer(page: Any) -> None:
    played = opened(page, swipe="on")
    with page.expect_response("**/api/classifications/"):
        touch(page, [place(page, 0.7, 0.5)], [place(page, 0.3, 0.5)])
    wait_for_image(page)
    with page.expect_response("**/api/classifications/"):
        touch(page, [place(page, 0.5, 0.8)], [place(page, 0.5, 0.4)])
    wait_for_image(page)
    touch(page, [place(page, 0.3, 0.5)], [place(page, 0.7, 0.5)])
    expect(page.locator("input[value=yes]")).to_be_checked()
    touch(page, [place(page, 0.3, 0.5), place(page, 0.6, 0.5)], [place(page, 0.2, 0.5), place(page, 0.8, 0.5)])
    expect(page.locator("[data-zoom]")).to_be_visible()
    page.get_by_role("button", name="Reset view").click()
    touch(page, [place(page, 0.3, 0.5), place(page, 0.6, 0.5)])
    expect(page.locator("[data-part=unmark]")).to_be_hidden()  # of two fingers neither marks
    touch(page, [place(page, *TRAIL[0])], [place(page, *TRAIL[1])])
    (found,) = done(page, played)
    assert is_near(found, EXPECTED), found
    assert [one["answer"] for one in played.sent] == ["no", "impossible-to-tell", "yes"]


def test_every_lesson_is_shown_and_none_is_closed_by_the_next_key_press(page: Any) -> None:
    played = opened(page)
    lesson = {
        "right": False, "answer": "no", "answer_label": "No", "kind": "jet", "kind_label": "jet",
        "marks": [[9, 9, 99, 99]], "marks_right": None, "your_marks": [], "subject": PICTURE | {"id": 1},
    }  # fmt: skip
    body = {"classification": 1, "counted": True, "set_aside": ""}
    played.away = True
    for words in ("The first lesson.", "The second lesson."):
        played.replies.append((201, body | {"feedback": lesson | {"explanation": words}}))
        wait_for_image(page)
        page.keyboard.press("3")
        page.keyboard.press("Enter")
    dialog = page.locator("#feedback-dialog")
    played.away = False
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(dialog).to_contain_text("The first lesson.")
    for key in ("Enter", "Escape"):
        page.keyboard.press(key)
    page.mouse.click(5, 5)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Go on")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("The second lesson.")
    expect(dialog.get_by_role("button", name="Go on")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_late_answer_is_thanked_for_and_not_taken_back(page: Any) -> None:
    played = opened(page)
    played.replies.append((201, {"classification": 1, "counted": False, "set_aside": "late", "feedback": None}))
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=status]")).to_contain_text("Yours is kept, too: thank you!")
    expect(page.locator("[data-part=warning]")).to_be_hidden()
    expect(page.locator("[data-part=undo]")).to_be_hidden()
