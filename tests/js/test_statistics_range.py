"""Days and ranges of days, as the strip of the statistics reckons with them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

DAYS = {"first": "2026-01-01", "last": "2026-04-10"}  # a hundred days
BEFORE = {"from": "2026-02-01", "to": "2026-02-10"}


def range_of(page: Page, grip: str, at: str, now: str) -> tuple[str, str]:
    drag = {"grip": grip, "before": BEFORE, "at": at, "now": now, "days": DAYS}
    found = page.evaluate(
        'async drag => (await import("/js/statistics/range.js")).draggedRange(drag)', drag
    )  # fmt: skip
    return found["from"], found["to"]


@pytest.mark.parametrize(
    ("grip", "at", "now", "expected"),
    [
        ("from", "2026-02-01", "2026-01-20", ("2026-01-20", "2026-02-10")),
        ("from", "2026-02-01", "2026-03-01", ("2026-02-10", "2026-03-01")),  # past the other end: they change places
        ("to", "2026-02-10", "2026-02-10", ("2026-02-01", "2026-02-10")),
        ("to", "2026-02-10", "2026-01-15", ("2026-01-15", "2026-02-01")),
        ("new", "2026-03-05", "2026-03-01", ("2026-03-01", "2026-03-05")),
        ("new", "2026-03-05", "2026-03-05", ("2026-03-05", "2026-03-05")),
        ("move", "2026-02-05", "2026-02-25", ("2026-02-21", "2026-03-02")),
        ("move", "2026-02-05", "2026-04-10", ("2026-04-01", "2026-04-10")),  # stops at the end, keeps its length
        ("move", "2026-02-05", "2026-01-01", ("2026-01-01", "2026-01-10")),
    ],
)
def test_a_drag_makes_a_range_that_is_in_order_and_inside(page, grip, at, now, expected):
    assert range_of(page, grip, at, now) == expected


@pytest.mark.parametrize(
    ("share", "day"),
    [(-1, "2026-01-01"), (0, "2026-01-01"), (0.5, "2026-02-20"), (0.9999, "2026-04-10"), (2, "2026-04-10")],
)
def test_each_place_is_a_day_inside(page, share, day):
    found = page.evaluate(
        'async given => (await import("/js/statistics/range.js")).dayAt(given.share, given.days)',
        {"share": share, "days": DAYS},
    )
    assert found == day
