"""Geometry of the viewer."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

STAGE = {"width": 800, "height": 600}
IMAGE = {"width": 512, "height": 256}


@pytest.fixture
def call(page: Page) -> Any:
    """Call a function of transform.js."""

    def run(name: str, *arguments: Any) -> Any:
        script = "async ([name, args]) => (await import('/js/viewer/transform.js'))[name](...args)"
        return page.evaluate(script, [name, list(arguments)])

    return run


def image_point(view: dict[str, float], x: float, y: float) -> tuple[float, float]:
    """Which unrotated, unscaled image offset lies under a screen offset from the stage's centre."""
    dx, dy = (x - view["x"]) / view["zoom"], (y - view["y"]) / view["zoom"]
    for _ in range(int(view["rotation"]) // 90):
        dx, dy = dy, -dx
    return dx, dy


def test_it_keeps_the_point_under_the_cursor_when_zooming(call: Any) -> None:
    view = {"zoom": 2, "rotation": 90, "x": 13, "y": -40}
    zoomed = call("zoomBy", view, 1.7, {"x": 120, "y": 55})
    assert zoomed["zoom"] == pytest.approx(3.4)
    assert image_point(zoomed, 120, 55) == pytest.approx(image_point(view, 120, 55))


def test_it_keeps_the_middle_in_the_middle_when_rotating(call: Any) -> None:
    view = {"zoom": 3, "rotation": 0, "x": 70, "y": -25}
    middle = image_point(view, 0, 0)
    for _ in range(4):
        view = call("rotateQuarter", view)
        assert image_point(view, 0, 0) == pytest.approx(middle)
    assert view == {"zoom": 3, "rotation": 0, "x": 70, "y": -25}


@pytest.mark.parametrize(("rotation", "scale"), [(0, 800 / 512), (90, 600 / 512), (180, 800 / 512)])
def test_it_fits_the_whole_image_however_it_is_turned(call: Any, rotation: int, scale: float) -> None:
    assert call("fitScale", STAGE, IMAGE, rotation) == pytest.approx(scale)


def test_it_cannot_lose_the_image(call: Any) -> None:
    far = {"zoom": 4, "rotation": 0, "x": 1e6, "y": -1e6}
    held = call("clampPan", far, STAGE, IMAGE)
    half_width, half_height = 512 * 800 / 512 * 4 / 2, 256 * 800 / 512 * 4 / 2
    assert held["x"] < half_width and -held["y"] < half_height
    whole = call("clampPan", far | {"zoom": 1}, STAGE, IMAGE)
    assert (whole["x"], whole["y"]) == (0, 0)


def test_it_never_zooms_out_past_the_whole_image(call: Any) -> None:
    assert call("zoomBy", {"zoom": 1.2, "rotation": 0, "x": 0, "y": 0}, 0.1)["zoom"] == 1
