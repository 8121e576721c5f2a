"""Every kind of page at both widths: no axe violation, no overflow, no error in the console; and the demo's end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import expect

from tests.e2e.test_journey import until

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ("", "/"),
    ("", "/about/"),
    ("", "/classify/"),
    ("", "/talk/"),
    ("", "/talk/recent/"),
    ("", "/talk/subjects/1/"),
    ("", "/talk/search/?q=trail"),
    ("", "/talk/collections/"),
    ("", "/results/"),
    ("", "/statistics/"),
    ("", "/statistics/asteroid-trails/"),
    ("", "/people/me/"),
    ("", "/people/me/certificate/"),
    ("", "/accounts/login/"),
    ("", "/accounts/signup/"),
    ("", "/nowhere/"),
    ("volunteer", "/people/me/"),
    ("volunteer", "/talk/subjects/1/"),
    ("volunteer", "/talk/collections/new/"),
    ("volunteer", "/talk/collections/favourites/"),
    ("volunteer", "/talk/notifications/"),
    ("volunteer", "/talk/following/"),
    ("volunteer", "/talk/e-mails/"),
    ("volunteer", "/talk/messages/"),
    ("volunteer", "/talk/messages/moderator/"),
    ("scientist", "/talk/spellings/"),
    ("scientist", "/validate/"),
    ("scientist", "/scan/"),
    ("scientist", "/statistics/team/"),
    ("scientist", "/archive/"),
    ("scientist", "/archive/files/"),
    ("scientist", "/models/"),
    ("scientist", "/models/1/"),
    ("scientist", "/models/1/disagreements/"),
    ("scientist", "/models/compare/"),
    ("scientist", "/jobs/"),
    ("scientist", "/talk/exports/"),
    ("admin", "/talk/e-mails/sent/"),
    ("admin", "/archive/ingest/"),
    ("admin", "/models/"),
    ("admin", "/models/register/"),
]


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("role", ["", "volunteer", "scientist", "admin"])
def test_every_page_is_accessible_and_fits(person, role, width):
    visitor = person(width)
    if role:
        visitor.sign_in(role)
    for path in [path for whose, path in PAGES if whose == role]:
        visitor.page.goto(path)
        if path == "/classify/":
            expect(visitor.page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)
        if path == "/nowhere/":  # the browser reports the 404 itself, sooner or later
            until(visitor.page, lambda: visitor.console)
            visitor.console.clear()
        visitor.check_page()


def test_the_phone_classifier_needs_no_scrolling(person):
    page = person(390).page
    page.set_viewport_size({"width": 390, "height": 664})  # a phone with its browser's bars
    page.goto("/classify/")
    expect(page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)
    for label in ("Yes", "No", "Impossible to tell", "Done"):
        box = page.get_by_text(label, exact=True).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 664, label


def test_done_and_talk_opens_the_subject_just_classified_and_a_signed_in_person_writes(person):
    volunteer = person()
    volunteer.sign_in("volunteer")
    page = volunteer.page
    page.goto("/classify/")
    expect(page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)
    with page.expect_request("**/api/classifications/") as sent:
        page.keyboard.press("3")
        page.keyboard.press("t")
    taught = page.locator("#feedback-dialog[open]")
    expect(taught.or_(page.locator("textarea[name=body]")).first).to_be_visible()
    if taught.count():  # a training image: what it teaches comes before Talk
        expect(page.locator("[data-part=feedback-go]")).to_be_enabled()
        page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/talk/subjects/\d+/"))
    subject = sent.value.post_data_json["subject"]
    assert page.url.endswith(f"/talk/subjects/{subject}/")
    page.locator("textarea[name=body]").fill("Is this a #gravitational_lens or a *trail*?")
    page.keyboard.press("Control+Enter")
    tag = page.get_by_role("link", name="#gravitational_lens").first
    expect(tag).to_be_visible()
    tag.click()
    page.wait_for_url(re.compile("/talk/tags/gravitational_lens/"))
    expect(page.locator(f"a[href*='/talk/subjects/{subject}/']").first).to_be_visible()
    assert volunteer.console == []


def test_answers_survive_a_reload_without_network(person):
    visitor = person()
    page = visitor.page
    page.goto("/classify/")
    expect(page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)
    page.route("**/api/classifications/", lambda route: route.abort())
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=waiting]")).to_contain_text("1 waiting")
    page.reload()
    expect(page.locator("[data-part=waiting]")).to_contain_text("1 waiting")
    page.unroute("**/api/classifications/")
    with page.expect_response("**/api/classifications/", timeout=60_000) as answer:
        page.evaluate("window.dispatchEvent(new Event('online'))")
    assert answer.value.status in (200, 201)
    expect(page.locator("[data-part=waiting]")).to_be_hidden()


def alive(folder: Path) -> list[str]:
    """What still runs on behalf of a data folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status", "environ", "cwd"]):
        info: dict[str, Any] = process.info
        if info["status"] == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
            continue
        said = " ".join(info["cmdline"] or []) + str(info["cwd"]) + (info["environ"] or {}).get("DATA_DIR", "")
        if str(folder) in said:
            found.append(" ".join(info["cmdline"] or [])[:100])
    return found


def test_ctrl_c_leaves_nothing_running_and_a_second_start_keeps_the_data(site, tmp_path):
    """On a copy of the command with the site's own small sample; the port of a running site is refused."""
    folder = tmp_path / "demo"
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {"DATA_DIR": str(folder)}
    taken = site.url.rsplit(":", 1)[1]
    command = [sys.executable, "-u", "manage.py", "demo", "--exposures", "1", "--port"]
    refused = subprocess.run([*command, taken], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "not free" in refused.stderr

    def run_and_stop() -> str:
        free = str(49_152 + os.getpid() % 10_000)
        demo = subprocess.Popen([*command, free], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)
        assert demo.stdout is not None
        said = ""
        for line in demo.stdout:
            said += line
            if "Ctrl-C stops the site" in line:
                demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=60) == 0, said
        return said

    for said in (r"[1-9]\d* new subjects", "0 new subjects"):
        assert re.search(said, run_and_stop())
        deadline = time.monotonic() + 20
        while alive(folder) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert alive(folder) == []
