"""REST of all of Talk: the same permissions as in the pages, in one shape."""

from __future__ import annotations

import uuid

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from talk import following
from talk.mail_choices import digests_of
from talk.models import Access, Board, Collection, Comment, Discussion, Follow, Level, Message, Report
from talk.notifying import tell
from talk.services import comment_post
from tests import factories

API = "/api/talk/"


@pytest.fixture
def board(db):
    return Board.objects.create(slug="help", title="Help")


@pytest.fixture
def team(db):
    return Board.objects.create(slug="team", title="Team", read=Access.TEAM, write=Access.TEAM)


@pytest.fixture
def secret(team):
    scientist = factories.user(Role.SCIENTIST)
    discussion = Discussion.objects.create(board=team, title="For us")
    return comment_post(author=scientist, discussion=discussion, body="secret #arc")


class Api:
    """A person who speaks JSON."""

    def __init__(self, person=None):
        self.client = Client()
        if person is not None:
            self.client.force_login(person)

    def __call__(self, method, address, expected=200, /, **data):
        how = {"content_type": "application/json"} if method != "get" else {}
        answer = getattr(self.client, method)(API + address, data or None, **how)
        assert answer.status_code == expected, answer.content
        return answer.json() if answer.content else None


def test_boards_discussions_and_comments(board, ann, bob):
    as_ann, visitor = Api(ann), Api()
    key = str(uuid.uuid4())
    first = as_ann("post", "discussions/", 201, board="help", title="What is this?", body="Look **here**", key=key)
    assert as_ann("post", "discussions/", 200, board="help", title="x" * 5, body="Look **here**", key=key) == first
    number = first["discussion"]
    Api(bob)("post", "comments/", 201, discussion=number, body="An arc", reply_to=first["id"])
    assert [one["slug"] for one in visitor("get", "boards/")] == ["help"]
    (found,) = visitor("get", "boards/help/discussions/")["results"]
    assert (found["id"], found["title"], found["comments_count"]) == (number, "What is this?", 2)
    assert visitor("get", f"discussions/{number}/")["started_by"] == "ann"
    bodies = [one["body"] for one in visitor("get", f"discussions/{number}/comments/")["results"]]
    assert bodies == ["Look **here**", "An arc"]
    assert visitor("get", "comments/recent/")["results"][0]["reply_to"] == first["id"]


def test_a_comment_is_its_author_s(board, ann, bob, moderator):
    discussion = Discussion.objects.create(board=board, title="What is this?")
    comment = comment_post(author=ann, discussion=discussion, body="one")
    address = f"comments/{comment.pk}/"
    assert Api(ann)("patch", address, body="two #arc")["body"] == "two #arc"
    Api(bob)("patch", address, 403, body="mine")
    Api()("patch", address, 401, body="mine")
    Api(bob)("delete", address, 403)
    Api(moderator)("delete", f"{address}?why=spam", 204)
    Api()("get", address, 404)
    assert Comment.objects.get().deleted_by == moderator


def test_votes_and_reports(board, ann, bob):
    discussion = Discussion.objects.create(board=board, title="What is this?")
    comment = comment_post(author=ann, discussion=discussion, body="one")
    for _ in range(2):
        assert Api(bob)("post", f"comments/{comment.pk}/upvote/", up=True)["upvotes_count"] == 1
    assert Api(bob)("post", f"comments/{comment.pk}/upvote/", up=False)["upvotes_count"] == 0
    Api(ann)("post", f"comments/{comment.pk}/upvote/", 400, up=True)
    Api(bob)("post", f"comments/{comment.pk}/report/", 201, reason="spam")
    assert Report.objects.get().by == bob


@pytest.mark.parametrize("role", [None, Role.VOLUNTEER, Role.MODERATOR])
def test_what_the_team_writes_is_not_there_for_others(secret, role):
    person = factories.user(role) if role else None
    api, number = Api(person), secret.discussion_id
    assert api("get", "boards/") == []
    for address in ("boards/team/discussions/", f"discussions/{number}/", f"discussions/{number}/comments/"):
        api("get", address, 404)
    api("get", f"comments/{secret.pk}/", 404)
    assert api("get", "comments/recent/")["results"] == []
    assert api("get", "search/?q=secret")["comments"] == []
    if person is not None:
        api("post", "comments/", 404, discussion=number, body="hi")
        api("post", "discussions/", 404, board="team", title="Hello", body="hi")
        api("post", f"comments/{secret.pk}/upvote/", 404, up=True)
        api("post", f"comments/{secret.pk}/report/", 404, reason="spam")
        api("post", "follows/", 404, board="team", level=3)


def test_the_team_reads_it(secret):
    api = Api(factories.user(Role.SCIENTIST))
    assert [one["slug"] for one in api("get", "boards/")] == ["team"]
    assert len(api("get", "search/?q=secret")["comments"]) == 1


def test_tags_and_search(subject, ann):
    comment_post(author=ann, subject=subject, body="A bright #Arc here")
    api = Api()
    assert api("get", "tags/") == [{"name": "arc", "uses_count": 1}]
    (row,) = api("get", "tags/arc/subjects/")["results"]
    assert row == {"subject": subject.pk, "uses_count": 1, "people_count": 1}
    assert len(api("get", "tags/ARC/comments/")["results"]) == 1
    api("get", "tags/absent/subjects/", 404)
    found = api("get", "search/?q=%23arc")
    assert [one["author"] for one in found["comments"]] == ["ann"]
    assert found["subjects"] == [subject.pk]


def test_a_search_costs_the_same_however_many_mentions_it_finds(subject, ann, bob):
    counts = []
    for n in (1, 4):
        for _ in range(n):
            comment_post(author=ann, subject=subject, body=f"@bob a ring {uuid.uuid4()}")
        with CaptureQueriesContext(connection) as found:
            assert Api()("get", "search/?q=ring")["comments"]
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_collections(subject, ann, bob):
    mine, theirs = Api(ann), Api(bob)
    made = mine("post", "collections/mine/", 201, title="Arcs", is_public=False)
    address = f"collections/{made['id']}/"
    theirs("get", address, 404)
    assert mine("post", f"{address}collect/", subject=subject.pk)["subjects_count"] == 1
    theirs("post", f"{address}collect/", 404, subject=subject.pk)
    assert mine("patch", address, is_public=True)["is_public"] is True
    assert [one["subject"] for one in theirs("get", f"{address}subjects/")["results"]] == [subject.pk]
    assert [one["title"] for one in Api()("get", "collections/")["results"]] == ["Arcs"]
    theirs("patch", address, 403, title="Mine now")
    theirs("delete", address, 403)
    theirs("post", f"{address}collect/", 403, subject=subject.pk)
    assert mine("post", f"{address}collect/", subject=subject.pk, inside=False)["subjects_count"] == 0
    mine("delete", address, 204)
    assert not Collection.objects.exists()


def test_following_and_notifications(board, ann, bob):
    api = Api(ann)
    assert api("post", "follows/", board="help", level=3)["level"] == 3
    api("post", "follows/", 400, board="help", tag="arc", level=3)
    assert api("get", "follows/")["results"] == [{"discussion": None, "board": "help", "tag": None, "level": 3}]
    assert Follow.objects.get().level == Level.WATCHING
    Api(bob)("post", "discussions/", 201, board="help", title="What is this?", body="@ann look")
    tell()
    (told,) = api("get", "notifications/")["results"]
    assert (told["category"], told["line"]) == ("mention", "bob mentioned you in “What is this?”")
    assert Api(bob)("get", "notifications/")["results"] == []
    assert api("post", "notifications/read/", up_to=told["id"])["read"] == 1
    assert following.unread_count(ann) == 0


def test_mail_choices(ann):
    api = Api(ann)
    assert api("get", "e-mails/")["mention"] == "immediate"
    assert api("post", "e-mails/", mention="weekly")["mention"] == "weekly"
    api("post", "e-mails/", 400, mention="sometimes")
    assert digests_of(ann)["mention"] == "weekly"


def test_messages(ann, bob):
    key = str(uuid.uuid4())
    for _ in range(2):
        Api(ann)("post", "messages/bob/", 201, body="hello", key=key)
    assert Message.objects.count() == 1
    (row,) = Api(bob)("get", "messages/")["results"]
    assert (row["person"], row["unread"]) == ("ann", True)
    assert [one["body"] for one in Api(bob)("get", "messages/ann/")["results"]] == ["hello"]
    assert Api(factories.user(Role.ADMIN))("get", "messages/ann/")["results"] == []
    Api(ann)("post", "messages/ann/", 404, body="to myself")


def test_a_suspended_person_writes_nothing(board, ann, moderator):
    from talk.moderation import person_suspend

    discussion = Discussion.objects.create(board=board, title="What is this?")
    person_suspend(person=ann, by=moderator, why="rude", lasts=None)
    for address, data in (
        ("comments/", {"discussion": discussion.pk, "body": "hi"}),
        ("discussions/", {"board": "help", "title": "Hello", "body": "hi"}),
        ("messages/mod/", {"body": "hi"}),
    ):
        assert Api(ann)("post", address, 403, **data)["error"]["code"] == "suspended"


@pytest.mark.parametrize("address", ["follows/", "notifications/", "e-mails/", "messages/", "collections/mine/"])
def test_visitors_have_nothing_of_their_own(db, address):
    Api()("get", address, 401)


def test_the_schema_leaves_nothing_to_guess(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
