"""Several pictures of one subject on the classifier's page and in Talk, of the running site."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.test_journey import until, wait_for_image
from tests.e2e.test_marking import done

# Workflows that no list offers; each subject gets two other exposures, 8 pixels to either side of it.
SET_UP = """
from archive.models import Cutout
from classify.models import Project, Subject, SubjectFrame, Workflow
from classify.publish import ANSWERS, subjects_show
project, _ = Project.objects.get_or_create(slug="frames", defaults={"name": "Frames", "live": False})
subjects = list(Subject.objects.filter(cutout__isnull=False).order_by("pk")[:8])
for kind in ("exposures", "stretches"):
    workflow, _ = Workflow.objects.get_or_create(slug=kind, defaults={
        "project": project, "name": kind, "question": "Is there a trail?", "answers": ANSWERS, "frames": kind,
        "training_first": 0, "training_later": 0,
    })
    subjects_show([one.pk for one in subjects], workflow=workflow)
for one in subjects:
    others = Cutout.objects.exclude(exposure=one.cutout.exposure).order_by("exposure", "pk").distinct("exposure")[:2]
    for other, shift in zip(others, (-8, 8)):
        SubjectFrame.objects.get_or_create(subject=one, cutout=other, defaults={"affine": [1, 0, 0, 1, shift, 0]})
print(json.dumps([one.pk for one in subjects]))
"""


@pytest.fixture(scope="module")
def subjects(site: Any) -> list[int]:
    """The subjects of both workflows."""
    return site.shell(SET_UP)


class Sent:
    """What the page sends as its answers."""

    def __init__(self, page: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        page.on("request", lambda one: self.sent.append(one.post_data_json) if one.method == "POST" else None)


@pytest.fixture
def opened(person: Any, subjects: list[int]) -> Any:
    """Open the workflow with frames of one kind: `opened("exposures", width=390)`."""

    def open_(kind: str = "exposures", *, settings: str = "", held: list[Any] | None = None, **how: Any) -> Any:
        someone = person(**how)
        if settings:
            someone.page.add_init_script(f"localStorage.setItem('asteroid-hunter:blink', '{settings}')")
        if held is not None:  # the first picture waits
            hold = lambda route: route.continue_() if held else held.append(route)  # noqa: E731
            someone.page.route("**/images/*.jpg", hold)
        someone.page.goto(f"/classify/{kind}/")
        if held is None:
            wait_for_image(someone.page)
        return someone

    return open_


STILL = '{"playing": false}'


def number(page: Any) -> str:
    return page.locator("[data-frame-name]").inner_text().split(" ")[0]


def shown(page: Any) -> list[str]:
    """How the pictures lie that are on the stage, and by which transform."""
    return page.eval_on_selector_all(
        ".viewer__pane:not([hidden]) > :is(img, canvas):not([hidden])", "all => all.map(one => one.style.transform)"
    )


def test_frames_blink_stop_and_are_stepped_through_by_keys(opened: Any) -> None:
    page = opened().page
    first = number(page)
    until(page, lambda: number(page) != first, seconds=3)  # by itself
    page.keyboard.press("Space")
    still = number(page)
    page.wait_for_timeout(800)
    assert number(page) == still
    expect(page.get_by_role("button", name="Blink", exact=True)).to_be_visible()
    seen = [number(page)]
    for _ in range(3):
        page.keyboard.press(".")
        seen.append(number(page))
    assert seen[0] == seen[3] and set(seen) == {"1/3", "2/3", "3/3"}
    page.keyboard.press(",")
    assert number(page) == seen[2]
    page.keyboard.press("1")
    page.keyboard.press("Space")  # the chosen answer has the focus, and stays chosen
    expect(page.get_by_role("button", name="Stop blinking")).to_be_visible()
    expect(page.locator("input[value=yes]")).to_be_checked()
    rate = page.get_by_role("button", name=re.compile("pictures per second"))
    rates = []
    for _ in range(3):
        rates.append(rate.inner_text())
        rate.click()
    assert rates == ["2/s", "3/s", "1/s"]


def test_nothing_blinks_by_itself_where_motion_is_unwelcome_or_was_stopped(opened: Any) -> None:
    page = opened().page
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    wait_for_image(page)
    first = number(page)
    page.wait_for_timeout(800)
    assert number(page) == first
    page.emulate_media(reduced_motion="no-preference")
    page.keyboard.press("Space")
    page.keyboard.press("Space")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    until(page, lambda: page.locator("[data-part=undo]").is_visible())
    expect(page.get_by_role("button", name="Blink", exact=True)).to_be_visible()


def test_frames_lie_on_one_another_zoomed_and_turned_and_marks_go_with_them(opened: Any) -> None:
    page = opened(settings=STILL).page
    page.keyboard.press("r")
    page.keyboard.press("+")
    lying = []
    for _ in range(3):
        lying += shown(page)
        page.keyboard.press(".")
    own = next(one for one in lying if "matrix" not in one)
    assert "rotate(90deg)" in own
    moved = [float(one.split("matrix(")[1].split(",")[4]) for one in lying if one != own]
    assert all(one.startswith(own) for one in lying)
    seen_px = page.evaluate("document.querySelector('.viewer__pane img').offsetWidth")
    assert sorted(moved) == pytest.approx([-8 * seen_px / 512, 8 * seen_px / 512], rel=0.01)
    page.keyboard.press("0")
    page.keyboard.press("1")
    sent = Sent(page)
    page.get_by_role("button", name="Side by side").click()
    panes = [pane.bounding_box() for pane in page.locator(".viewer__pane").all()]
    order = sorted(range(3), key=lambda one: (panes[one]["y"], panes[one]["x"]))
    box = panes[order[2]]
    side = min(box["width"], box["height"])
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(middle[0] - side / 4, middle[1])
    page.mouse.click(middle[0] + side / 4, middle[1])
    drawn = page.eval_on_selector_all(".marking__lines > svg", "all => all.map(one => one.children.length)")
    assert drawn == [2, 2, 2]
    page.get_by_role("button", name="Side by side").click()
    assert len(shown(page)) == 1 and page.locator(".marking__lines > svg").count() == 1
    found = done(page, sent)
    assert found == [pytest.approx([128, 256, 384, 256], abs=3)]
    assert sent.sent[-1]["marks"][0]["frame"] == 2
    record = sent.sent[-1]["metadata"]["viewer"]["frames"]
    assert len(record["frames"]) == 3 and record["seen"] == [0, 1, 2]


def test_answers_wait_until_every_frame_is_decoded(opened: Any) -> None:
    held: list[Any] = []
    page = opened(held=held).page
    until(page, lambda: held, seconds=20)
    page.wait_for_timeout(600)
    expect(page.locator("input[name=answer]").first).to_be_disabled()
    held[0].continue_()
    wait_for_image(page)


@pytest.mark.parametrize("width", [390, 1440])
def test_it_all_fits_and_is_accessible(opened: Any, width: int) -> None:
    someone = opened(settings=STILL, width=width)
    page = someone.page
    if width == 390:
        page.set_viewport_size({"width": 390, "height": 664})
    page.keyboard.press("1")
    for _ in range(2):
        last = page.locator(".task__actions").bounding_box()
        assert last["y"] + last["height"] <= (664 if width == 390 else 900)
        someone.check_page()
        page.get_by_role("button", name="Side by side").click()
    small = page.eval_on_selector_all(
        "[data-frames-bar] button", "all => all.filter(one => one.offsetWidth < 24 || one.offsetHeight < 24).length"
    )
    assert small == 0


def test_stretches_of_one_exposure_are_frames_too(opened: Any) -> None:
    page = opened("stretches", settings=STILL).page
    names, light = [], []
    for _ in range(3):
        names.append(page.locator("[data-frame-name]").inner_text().split(" · ")[1])
        light.append(
            page.evaluate("""() => {
          const shown = document.querySelector(".viewer__pane:not([hidden]) > :is(img, canvas):not([hidden])");
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 512;
          const context = canvas.getContext("2d");
          context.drawImage(shown, 0, 0, 512, 512);
          const { data } = context.getImageData(0, 0, 512, 512);
          return data.filter((value, place) => place % 4 === 0 && value > 200).length;
        }""")
        )
        page.keyboard.press(".")
    by_name = dict(zip(names, light, strict=True))
    assert by_name["Faint"] > by_name["Normal"] > by_name["Bright"]


def test_frames_are_kept_for_times_without_network(opened: Any) -> None:
    page = opened("stretches", settings=STILL, workers="allow").page
    until(page, lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
    page.reload()
    wait_for_image(page)
    kept = "caches.open('pictures').then(one => one.keys()).then(all => all.map(one => one.url.split('.').pop()))"
    until(page, lambda: {"jpg", "webp"} <= set(page.evaluate(kept)))


def test_talk_shows_them_and_blinks_only_when_told(person: Any, subjects: list[int]) -> None:
    someone = person()
    page = someone.page
    page.goto(f"/talk/subjects/{subjects[0]}/")
    expect(page.locator("[data-frame-name]")).to_contain_text("/3")
    first = number(page)
    page.wait_for_timeout(800)
    assert number(page) == first
    page.locator("[data-stage]").focus()
    page.keyboard.press("Space")
    until(page, lambda: number(page) != first, seconds=3)
    page.keyboard.press("Space")
    someone.check_page()
