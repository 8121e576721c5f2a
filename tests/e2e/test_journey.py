"""The whole journey in real browsers, through no door but those people use."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table
from playwright.sync_api import expect

TOLERANCE_ARCSEC = 0.1
TILE_HALF_DEG = 512 * 0.04 / 2 / 3600


def separation_arcsec(ra1: float, dec1: float, ra2: float, dec2: float) -> float:
    """On the tangent plane: good to far better than 0.001 arcsec at these distances."""
    return 3600 * math.hypot((ra1 - ra2) * math.cos(math.radians(dec1)), dec1 - dec2)


def shown(page: Any) -> dict[str, str]:
    """The facts of the image on the stage, as the page tells them."""
    box = page.locator("[data-part=facts]")
    names = [text.strip() for text in box.locator("dt").all_text_contents()]
    return dict(zip(names, (text.strip() for text in box.locator("dd").all_text_contents()), strict=True))


def holds_trail(facts: dict[str, str], trails: list[dict[str, Any]]) -> bool:
    """Whether the middle of a simulated asteroid trail lies well inside the tile on the stage."""
    ra, dec = float(facts["RA"].rstrip("°")), float(facts["Dec"].rstrip("°"))
    reach = 0.8 * 3600 * TILE_HALF_DEG
    return any(separation_arcsec(ra, dec, trail["middle_ra_deg"], trail["middle_dec_deg"]) < reach for trail in trails)


def wait_for_image(page: Any) -> None:
    expect(page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)


def past_feedback(page: Any) -> None:
    """Close what a training image taught, if the one before was one."""
    page.wait_for_timeout(150)  # the answer's reply brings it
    if page.locator("#feedback-dialog[open]").count():
        expect(page.locator("[data-part=feedback-go]")).to_be_enabled()
        page.keyboard.press("Enter")
        expect(page.locator("#feedback-dialog")).to_be_hidden()


def classify_by_keyboard(page: Any, trails: list[dict[str, Any]]) -> str:
    """Answer the image on the stage with two keys (a trail stays unmarked, which takes one more); what was answered."""
    wait_for_image(page)
    past_feedback(page)
    answer = "yes" if holds_trail(shown(page), trails) else "no"
    page.keyboard.press("1" if answer == "yes" else "2")
    page.keyboard.press("Enter")
    if answer == "yes":
        page.keyboard.press("Enter")
    return answer


@pytest.fixture
def votes(person):
    """Counts all classifications, those of training images included, as the REST interface tells everybody."""
    request = person().context.request

    def count() -> int:
        return sum(row["classifications_count"] for row in request.get("/api/workflows/").json()["results"])

    return count


def until(page: Any, what: Any, seconds: float = 60) -> Any:
    """The value of ``what()`` as soon as it is true; the browser goes on meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := what():
            return value
        page.wait_for_timeout(500)
    raise AssertionError(f"not within {seconds} s: {what()}")


def test_from_a_strangers_key_press_to_a_catalogue_astropy_reads(site, person, votes, tmp_path):
    trails = [trail for trail in site.truth() if trail["ridge_snr"] >= 5]
    assert trails, "the sample holds clear trails"
    before = votes()

    # A stranger classifies: no account, the keyboard only.
    stranger = person()
    page = stranger.page
    page.goto("/")
    page.get_by_role("link", name=re.compile("start classifying", re.I)).first.click()
    answers = [classify_by_keyboard(page, trails) for _ in range(3)]

    # The network goes away: answers are kept, and said to be kept. It comes back: all are sent, none twice.
    wait_for_image(page)
    expect(page.locator("[data-part=waiting]")).to_be_hidden(timeout=30_000)
    stranger.context.set_offline(True)
    answers += [classify_by_keyboard(page, trails) for _ in range(2)]
    expect(page.locator("[data-part=waiting]")).to_contain_text("2 waiting")
    stranger.context.set_offline(False)
    expect(page.locator("[data-part=waiting]")).to_be_hidden(timeout=30_000)

    # A reply is lost on its way: the answer is sent again and still counts once.
    lost = []

    def lose_the_reply(route: Any) -> None:
        if not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    wait_for_image(page)
    page.route("**/api/classifications/", lose_the_reply)
    answers.append(classify_by_keyboard(page, trails))
    until(page, lambda: lost == [201])
    expect(page.locator("[data-part=waiting]")).to_be_hidden(timeout=40_000)
    page.unroute("**/api/classifications/")
    until(page, lambda: votes() == before + len(answers))

    # On, until the stranger has said yes to a trail.
    for _ in range(60):
        if "yes" in answers:
            break
        answers.append(classify_by_keyboard(page, trails))
    assert "yes" in answers
    until(page, lambda: votes() == before + len(answers))
    errors = [line for line in stranger.console if "ERR_INTERNET_DISCONNECTED" not in line and "ERR_FAILED" not in line]
    assert errors == []

    # The consensus retired it, so it waits for a scientist, who accepts what volunteers found.
    scientist = person()
    scientist.sign_in("scientist")
    until(scientist.page, lambda: accept_first(scientist.page))

    # An admin downloads the catalogue; astropy reads it; the position is the simulated truth's.
    admin = person()
    admin.sign_in("admin")
    admin.page.goto("/results/")
    with admin.page.expect_download() as download:
        admin.page.get_by_role("link", name="VOTable").first.click()
    path = Path(tmp_path / "catalogue.vot")
    download.value.save_as(path)
    table = Table.read(path, format="votable")
    assert str(table["ra"].unit) == str(table["dec"].unit) == "deg"
    nearest = [
        min(separation_arcsec(row["ra"], row["dec"], t["middle_ra_deg"], t["middle_dec_deg"]) for t in site.truth())
        for row in table
    ]
    assert min(nearest) < TOLERANCE_ARCSEC, nearest


def accept_first(page: Any) -> bool:
    """Accept, with one key, the first waiting candidate that volunteers found; False while there is none."""
    page.goto("/validate/?source=consensus")
    if page.locator("[data-candidate]").count() == 0:
        return False
    page.keyboard.press("a")
    return True
