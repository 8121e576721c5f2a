"""Boards, answers, votes, reports and moderation in a browser: by keyboard alone, and every page at both widths."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

SEED = """
from accounts.models import User
from classify.models import Subject
from talk.models import Board, Discussion, Report
from talk.moderation import report_make
from talk.services import comment_edit, comment_post, discussion_start
people = {name: User.objects.get(username=name) for name in ("volunteer", "moderator", "scientist")}
board = Board.objects.get(slug="questions")
first = Discussion.objects.filter(title="How faint can a trail be?").first()
if first is None:
    made = discussion_start(
        author=people["scientist"], board=board, title="How faint can a trail be?",
        body="Some are hardly above the noise. **Which is the faintest you saw?** #faint",
        subject=Subject.objects.first(),
    )
    answer = comment_post(author=people["volunteer"], discussion=made.discussion, body="This one: ^S1", reply_to=made)
    comment_edit(comment=answer, editor=people["volunteer"], body="This one, I think: ^S1")
    report_make(by=people["scientist"], comment=answer, reason="off_topic", text="An example for the tests.")
    first = made.discussion
answer = first.comments.order_by("pk")[1]
print(json.dumps({"discussion": first.pk, "answer": answer.pk, "report": Report.objects.get(comment=answer).pk}))
"""


def tab_to(page: Page, name: str, most: int = 120) -> None:
    """Press Tab until what has the focus says ``name``."""
    said = (
        "(e => e === document.body ? '' : (e.ariaLabel || e.innerText || e.name || '').trim())(document.activeElement)"
    )
    for _ in range(most):
        page.keyboard.press("Tab")
        if name in page.evaluate(said):
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


def test_a_conversation_and_its_moderation_by_keyboard_alone(person: Any) -> None:
    people = {role: person() for role in ("volunteer", "scientist", "moderator")}
    for role, visitor in people.items():
        visitor.sign_in(role)

    page = people["volunteer"].page
    page.goto("/talk/boards/questions/")
    tab_to(page, "Start a conversation")
    page.keyboard.press("Enter")
    page.wait_for_url("**/start/")
    tab_to(page, "title")
    page.keyboard.type("Sell me a telescope")
    tab_to(page, "body")
    page.keyboard.type("Cheap #telescopes here.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/talk/discussions/\d+/"))
    address = page.url

    page = people["scientist"].page
    page.goto(address)
    tab_to(page, "Answer")
    page.keyboard.press("Enter")
    box = page.locator("textarea[name=body]")
    expect(box).to_be_focused()
    expect(box).to_have_value(re.compile(r"^> \*\*volunteer\*\*:\n> Cheap \\#telescopes here\.\n\n$"))
    page.keyboard.type("Not here, please.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("answers volunteer")).to_be_visible()
    tab_to(page, "I like this comment")
    page.keyboard.press("Enter")
    expect(page.locator(".upvotes button[aria-pressed=true]")).to_be_focused()
    tab_to(page, "More")
    page.keyboard.press("Enter")
    tab_to(page, "Report")
    page.keyboard.press("Enter")
    page.wait_for_url("**/report/")
    tab_to(page, "reason")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Moderators will look at it.")).to_be_visible()

    page = people["moderator"].page
    page.goto("/talk/moderation/")
    tab_to(page, "A comment by volunteer")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/moderation/reports/\d+/"))
    tab_to(page, "acts")
    page.keyboard.press("Space")
    tab_to(page, "why")
    page.keyboard.type("No selling here.")
    tab_to(page, "Do what is ticked and close")
    page.keyboard.press("Enter")
    page.wait_for_url("**/talk/moderation/")
    page.goto(address)
    expect(page.get_by_text("A moderator hid this comment.")).to_be_visible()
    assert [visitor.console for visitor in people.values()] == [[], [], []]


@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_of_the_forum_is_accessible_and_fits(person: Any, site: Any, width: int) -> None:
    ids = site.shell(SEED)
    addresses = {
        "": ["/talk/", "/talk/boards/questions/", f"/talk/discussions/{ids['discussion']}/"],
        "volunteer": [
            "/talk/boards/questions/start/?subject=1",
            f"/talk/discussions/{ids['discussion']}/?reply={ids['answer'] - 1}",
            f"/talk/comments/{ids['answer']}/history/",
            "/talk/blocks/",
        ],
        "moderator": [
            "/talk/moderation/",
            f"/talk/moderation/reports/{ids['report']}/",
            "/talk/moderation/log/",
            "/talk/moderation/people/volunteer/",
            "/talk/moderation/boards/",
            "/talk/moderation/boards/questions/",
            f"/talk/discussions/{ids['discussion']}/moderate/",
            f"/talk/comments/{ids['answer']}/delete/",
        ],
    }
    for role, paths in addresses.items():
        visitor = person(width)
        if role:
            visitor.sign_in(role)
        for path in paths:
            visitor.page.goto(path)
            for summary in visitor.page.locator(".comment__more summary").all()[:1]:
                summary.click()
            visitor.check_page()
