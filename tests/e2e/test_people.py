"""People and numbers in a real browser: dragging days, a browser's page that becomes an account's, a certificate."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def classified(person: Any) -> Any:
    """Somebody without an account who has just given one answer."""
    visitor = person()
    page = visitor.page
    page.goto("/classify/")
    tutorial = page.locator("dialog[open]")
    expect(page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)
    if tutorial.count():
        page.keyboard.press("Escape")
    page.keyboard.press("2")
    with page.expect_response("**/api/classifications/") as sent:
        page.keyboard.press("Enter")
    assert sent.value.status == 201
    return visitor


def dates(page: Page) -> tuple[str, str]:
    return page.locator("#range-from").input_value(), page.locator("#range-to").input_value()


@pytest.fixture
def counted(classified: Any) -> Any:
    """The same, once the answer is in the hourly counters."""
    for _ in range(40):
        found = classified.page.request.get("/api/stats/classifications/?period=day").json()
        if found["total_count"]:
            return classified
        classified.page.wait_for_timeout(500)
    pytest.fail("no vote was counted in 20 s")


def test_days_are_chosen_by_dragging_and_by_keyboard(counted: Any) -> None:
    page = counted.page
    page.goto("/statistics/?from=2026-01-01")
    strip = page.locator("[data-part=strip] svg")
    expect(page.get_by_text("Drag to choose days")).to_be_visible()
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box is not None
    before = dates(page)
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20, steps=4)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert dates(page) == before
    start = page.locator("[data-part=window]").bounding_box()
    assert start is not None
    page.mouse.move(start["x"] + 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(start["x"] + box["width"] * 0.3, box["y"] + 20, steps=4)
    page.mouse.up()
    page.wait_for_url(lambda url: "from=2026-01-01" not in url)
    first, last = dates(page)
    assert before[0] < first < last == before[1]
    expect(page.locator("[data-part=window]")).to_be_visible()
    page.locator("#range-week").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#range-week")).to_have_attribute("aria-pressed", "true")
    assert dates(page) == (first, last)
    expect(page.get_by_text("Classifications per week").first).to_be_visible()
    counted.check_page()


def test_days_are_chosen_without_scripts(chromium: Any, site: Any) -> None:
    context = chromium.new_context(java_script_enabled=False, base_url=site.url)
    page = context.new_page()
    page.goto("/statistics/")
    page.locator("#range-from").fill("2026-03-01")
    page.get_by_role("button", name="Show").click()
    assert dates(page)[0] == "2026-03-01"
    page.get_by_role("button", name="Week").click()
    expect(page.locator("#range-week")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Drag to choose days")).to_be_hidden()
    context.close()


def test_the_table_and_the_file_hold_what_the_chart_shows(counted: Any, tmp_path: Path) -> None:
    page = counted.page
    totals, deadline = (0, 1), time.monotonic() + 60
    while totals[0] != totals[1] and time.monotonic() < deadline:  # the site counts on between the page and the file
        page.goto("/statistics/")
        page.get_by_text("As a table").click()
        shown = sum(int(cell.replace(",", "")) for cell in page.locator(".bar-chart tbody td").all_inner_texts())
        with page.expect_download() as download:
            page.get_by_role("link", name="Download as CSV").click()
        download.value.save_as(tmp_path / "counts.csv")
        lines = (tmp_path / "counts.csv").read_text().splitlines()[1:]
        totals = shown, sum(int(line.split(",")[1]) for line in lines)
    assert totals[0] == totals[1] > 0
    assert len(lines) == page.locator(".bar-chart tbody tr").count()


def test_what_a_browser_did_becomes_the_accounts_on_sign_up(classified: Any) -> None:
    page = classified.page
    page.goto("/people/me/")
    expect(page.get_by_role("heading", name="Make an account to keep them")).to_be_visible()
    classified.check_page()
    page.get_by_role("main").get_by_role("link", name="Sign up").click()
    page.locator("[name=username]").fill("vera-of-e2e")
    page.locator("[name=email]").fill("vera@example.org")
    page.locator("[name=password1]").fill("long-odd-password-7")
    page.locator("[name=password2]").fill("long-odd-password-7")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/people/me/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("vera-of-e2e")
    expect(page.locator("#answers li")).to_have_count(1)
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_role("link", name="/people/vera-of-e2e/").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("vera-of-e2e")
    classified.check_page()


@pytest.mark.parametrize("width", [390, 1440])
def test_a_certificate_fits_one_sheet_and_its_address_shows_the_same(classified: Any, width: int) -> None:
    page = classified.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/people/me/certificate/")
    page.get_by_label("Name on it").fill("Ann <of> Hubble")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".certificate__name")).to_have_text("Ann <of> Hubble")
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    classified.check_page()
    sheets = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheets)) == 1
    found = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", sheets)
    assert found
    assert float(found[1]) == pytest.approx(842, abs=2)
    assert float(found[2]) == pytest.approx(595, abs=2)
    link = page.locator(".certificate__link span").inner_text()
    page.goto(link)
    expect(page.locator(".certificate__name")).to_have_text("Ann <of> Hubble")
    classified.check_page()
