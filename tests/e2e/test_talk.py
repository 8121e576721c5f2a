"""From a volunteer's hashtag to a graded candidate, with everybody told on the way; and back to the queue."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.test_journey import past_feedback, until

# Tells and mails what is due an hour after tomorrow's digests; the demo's own sweeps would wait for the morning.
DIGEST = """
from datetime import timedelta
from django.utils import timezone
from talk.mailing import daily_cut, mails_make, mails_send
from talk.models import Mail
from talk.notifying import tell
tell()
mails_make(now=daily_cut(timezone.now()) + timedelta(days=1, hours=1))
mails_send(now=timezone.now())
mail = Mail.objects.filter(person__username="scientist", kind="daily").order_by("-pk").first()
print(json.dumps({"pk": mail.pk, "unsubscribe": mail.unsubscribe, "sent": mail.sent_at is not None, "text": mail.text}))
"""
CHOICE = """
from accounts.models import User
from talk.mail_choices import digests_of
print(json.dumps(digests_of(User.objects.get(username="scientist"))["mention"]))
"""


def done_and_talk(page: Any) -> int:
    """Answer the image on the stage with Done & Talk; the number of its subject."""
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
    return int(sent.value.post_data_json["subject"])


def test_a_volunteer_s_tag_becomes_a_graded_lens_and_the_digest_can_be_ended(site, person):
    scientist, volunteer = person(), person()
    scientist.sign_in("scientist")
    page = scientist.page
    page.goto("/talk/e-mails/")
    page.get_by_role("group", name="Somebody mentions you").get_by_label("Once a day").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your choice of e-mails is saved.")).to_be_visible()

    # The volunteer: Done & Talk, a tag and a mention.
    volunteer.sign_in("volunteer")
    volunteer.page.goto("/classify/")
    subject = done_and_talk(volunteer.page)
    box = volunteer.page.locator("textarea[name=body]")
    box.fill("@scientist is this a #gravitational_lens ?")
    box.press("Control+Enter")
    expect(volunteer.page.get_by_role("link", name="#gravitational_lens").first).to_be_visible()

    # The scientist: the bell, the notification, the tag's page.
    def told() -> bool:
        page.goto("/talk/notifications/")
        return bool(page.get_by_role("link", name=f"volunteer mentioned you in “Subject {subject}”").count())

    until(page, told)
    scientist.check_page()
    page.get_by_role("link", name=f"volunteer mentioned you in “Subject {subject}”").first.click()
    page.wait_for_url(re.compile(rf"/talk/subjects/{subject}/"))
    page.get_by_role("link", name="#gravitational_lens").first.click()
    page.wait_for_url(re.compile("/talk/tags/gravitational_lens/"))

    # Lens candidates with one action, then grade A in the workbench.
    expect(page.locator("#take-over-class")).to_have_value("arc")  # "lens or arc"
    page.locator("#take-over button[value=all]").click()
    page.wait_for_url(re.compile("/validate/"))
    expect(page.locator(".messages")).to_contain_text("new candidate")
    page.locator(".contact-sheet a").first.click()
    page.wait_for_url(re.compile(r"/validate/[0-9a-f-]{36}/"))
    candidate = page.url.split("?")[0]
    page.locator("input[name=trail_class][value=arc]").check()
    page.locator("input[name=grade][value=A]").check()
    with page.expect_response(re.compile("/decide/")):
        page.locator("button[value=accept]").click()
    page.goto(candidate)
    expect(page.get_by_text(re.compile(r"Accepted: lens or arc, A")).first).to_be_visible()

    # What was read is not mailed; what the volunteer writes now is.
    box = volunteer.page.locator("textarea[name=body]")
    box.fill("Thank you @scientist!")
    box.press("Control+Enter")
    expect(volunteer.page.get_by_text("Thank you @scientist!")).to_be_visible()
    assert scientist.console == [] and volunteer.console == []

    # The digest: an admin sees it as it was sent; its unsubscribe works for whoever has it, without signing in.
    mail = site.shell(DIGEST)
    assert mail["sent"] and f"volunteer mentioned you in “Subject {subject}”" in mail["text"]
    files = "".join(path.read_text() for path in (site.data / "mail").glob("*"))
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in files
    admin = person()
    admin.sign_in("admin")
    admin.page.goto("/talk/e-mails/sent/")
    admin.check_page()
    admin.page.goto(f"/talk/e-mails/sent/{mail['pk']}/")
    expect(admin.page.get_by_text("volunteer mentioned you").first).to_be_visible()
    stranger = person(width=390)
    stranger.page.goto(mail["unsubscribe"])
    stranger.check_page()
    assert site.shell(CHOICE) == "daily"
    stranger.page.get_by_role("button", name="End them").click()
    expect(stranger.page.get_by_role("heading", name="You get no more of these e-mails")).to_be_visible()
    assert site.shell(CHOICE) == "never"


def test_from_talk_back_to_the_same_place_in_the_queue(person):
    volunteer = person()
    volunteer.sign_in("volunteer")
    page = volunteer.page
    page.goto("/classify/")
    subject = done_and_talk(page)
    kept = page.evaluate("JSON.parse(sessionStorage.getItem('asteroid-hunter:place') ?? 'null')")
    following = [entry["id"] for entry in kept["subjects"]]
    assert following and subject not in following
    page.get_by_role("link", name="Back to classifying").click()
    page.wait_for_url(re.compile("/classify/"))
    for expected in following[:2]:  # what would have come next comes next, in the same order
        expect(page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)
        past_feedback(page)
        with page.expect_request("**/api/classifications/") as sent:
            page.keyboard.press("3")
            page.keyboard.press("Enter")
        assert sent.value.post_data_json["subject"] == expected
    assert volunteer.console == []


def test_what_was_sent_and_did_not_arrive_is_in_the_box_again(person):
    volunteer = person()
    volunteer.sign_in("volunteer")
    page = volunteer.page
    page.goto("/classify/")
    subject = done_and_talk(page)
    box = page.locator("textarea[name=body]")
    box.fill("words worth keeping")
    page.context.clear_cookies()  # the session has ended
    with page.expect_navigation():
        box.press("Control+Enter")
    volunteer.sign_in("volunteer")
    page.goto(f"/talk/subjects/{subject}/")
    expect(box).to_have_value("words worth keeping")
    box.press("Control+Enter")
    expect(page.locator(".comment").filter(has_text="words worth keeping")).to_be_visible()
    page.goto(f"/talk/subjects/{subject}/")
    expect(box).to_have_value("")
