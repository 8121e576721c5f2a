"""The pages that concern one person cost the same however much is on them, and what is on file."""

from __future__ import annotations

import json
import os

import pytest

from accounts.models import Role, User
from talk.following import follow_set
from talk.messaging import message_send
from talk.models import Board, Discussion, Level, Mail, Notification
from talk.notifying import tell
from talk.services import comment_post
from tests import factories
from tests.talk.test_query_counts import FILE, _count

PAGES = {
    "talk notifications": "/talk/notifications/",
    "talk following": "/talk/following/",
    "talk messages": "/talk/messages/",
    "talk conversation": "/talk/messages/bob/",
    "talk sent e-mails": "/talk/e-mails/sent/",
}


def happens(board: Board, admin: User, people: list[User]) -> None:
    """Each person starts a conversation that mentions the admin, who answers none; one writes to them."""
    for person in people:
        discussion = Discussion.objects.create(board=board, title="What is this?")
        follow_set(person=admin, what=discussion, level=Level.TRACKING)
        comment_post(author=person, discussion=discussion, body=f"@{admin.username} look")
        message_send(author=person, to=admin, body=f"hello @{admin.username}")
        Mail.objects.create(person=person, kind="daily", subject_line="x", text="x", html="x")
    tell()


@pytest.fixture
def counts(client, bob):
    admin = factories.user(Role.ADMIN)
    board = Board.objects.create(slug="help", title="Help")
    client.force_login(admin)
    found = []
    for people in ([bob], [factories.user() for _ in range(4)]):
        happens(board, admin, people)
        found.append({name: _count(client, address) for name, address in PAGES.items()})
    assert Notification.objects.filter(person=admin).count() == 10
    return found


def test_each_page_costs_what_is_on_file_however_much_is_on_it(counts):
    little, much = counts
    assert {name: much[name] - little[name] for name in much if much[name] > little[name]} == {}
    on_file = json.loads(FILE.read_text(encoding="utf-8"))
    if os.environ.get("RENEW_QUERY_COUNTS"):
        FILE.write_text(json.dumps(dict(sorted((on_file | much).items())), indent=2) + "\n", encoding="utf-8")
        return
    assert {name: on_file.get(name) for name in much} == much
