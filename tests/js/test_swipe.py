"""What a stroke of the finger over the image means."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page


@pytest.mark.parametrize(
    ("dx", "dy", "ms", "meant"),
    [
        (120, 10, 200, "yes"),
        (-120, -30, 200, "no"),
        (15, -120, 200, "impossible-to-tell"),
        (15, 120, 200, None),  # downwards is how pages are scrolled
        (50, 0, 200, None),
        (120, 80, 200, None),
        (120, 10, 1500, None),
    ],
)
def test_only_a_long_quick_straight_stroke_answers(page: Page, dx: int, dy: int, ms: int, meant: str | None) -> None:
    stroke = {"dx": dx, "dy": dy, "ms": ms}
    script = "async stroke => (await import('/js/classify/swipe.js')).answerOf(stroke)"
    assert page.evaluate(script, stroke) == meant
