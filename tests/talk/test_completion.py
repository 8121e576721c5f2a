"""What is offered while somebody types, and what is not."""

from __future__ import annotations

import pytest

from accounts.services import account_leave
from talk.limits import COMPLETIONS_PER_WINDOW
from talk.merging import tags_merge
from talk.models import Access, Block, Board, Comment, Discussion, Tag
from talk.services import comment_post
from tests import factories


def offers(client, typed, **more):  # type: ignore[no-untyped-def]
    answer = client.get("/talk/complete/", {"q": typed, **more})
    return [offer["value"] for offer in answer.json()["offers"]]


def test_tags_by_use_and_merged_ones_as_what_they_stand_for(client, ann, bob, subject, moderator):
    for author, body in ((ann, "#arc #arcs"), (bob, "#arc #archive"), (ann, "#other")):
        comment_post(author=author, subject=subject, body=body)
    client.force_login(ann)
    assert offers(client, "#AR")[0] == "#arc"
    assert set(offers(client, "#arc")) == {"#arc", "#arcs", "#archive"}
    arc, arcs = (Tag.objects.get(name=name) for name in ("arc", "arcs"))
    tags_merge(tag=arcs, into=arc, by=moderator, why="plural")
    assert offers(client, "#arcs") == ["#arc"]


def test_people_of_the_conversation_come_first(client, ann, db):
    here, there = factories.subjects(2, factories.workflow())
    for name, where in (("zed-a", there), ("zed-b", here), ("zed-c", there)):
        comment_post(author=factories.user(username=name), subject=where, body="hi")
    thread = Discussion.objects.get(subject=here)
    client.force_login(ann)
    assert offers(client, "@ZED", thread=thread.pk) == ["@zed-b", "@zed-a", "@zed-c"]
    assert offers(client, "@", thread=thread.pk)[0] == "@zed-b"
    assert offers(client, "@te") == ["@team"]


def test_who_left_is_blocked_or_never_seen_is_not_offered(client, ann, bob, subject):
    gone, quiet = factories.user(username="bobby"), factories.user(username="bobquiet")
    for author in (bob, gone):
        comment_post(author=author, subject=subject, body="hi")
    client.force_login(ann)
    assert offers(client, "@bob") == ["@bob", "@bobby"]
    account_leave(user=gone)
    assert offers(client, "@bob") == ["@bob"]
    Block.objects.create(by=ann, person=bob)
    assert offers(client, "@bob", thread=Discussion.objects.get().pk) == []
    assert quiet.username not in str(offers(client, "@bobq"))


def test_restricted_boards_leak_nobody(client, ann, db):
    team = Board.objects.create(slug="team", title="Team", read=Access.TEAM, write=Access.TEAM)
    secret = Discussion.objects.create(board=team, title="Plans", comments_count=1)
    hidden = factories.user(username="hidden-one")
    Comment.objects.create(discussion=secret, author=hidden, body="#secret-plan")
    client.force_login(ann)
    assert offers(client, "@hid", thread=secret.pk) == []
    assert offers(client, "@", thread=secret.pk) == ["@team", "@moderators"]
    assert offers(client, "#sec") == []
    client.force_login(factories.user(factories.Role.SCIENTIST))
    assert offers(client, "@hid", thread=secret.pk) == ["@hidden-one"]


def test_subjects_by_number(client, ann, subject):
    client.force_login(ann)
    for typed in (f"^S{subject.pk}", f"^s{subject.pk}", f"^{str(subject.pk)[:1]}"):
        assert f"^S{subject.pk}" in offers(client, typed)
    assert offers(client, "^S999999999999") == []
    answer = client.get("/talk/complete/", {"q": f"^S{subject.pk}"}).json()["offers"][0]
    assert str(subject.cutout.public_id) in answer["image"]


@pytest.mark.parametrize("typed", ["", "#", "x", "#a b", "^x", "@" + "a" * 50, "#é", "^" + "9" * 30])
def test_nonsense_gets_no_offers(client, ann, typed):
    client.force_login(ann)
    assert offers(client, typed) == []


def test_there_is_a_limit(client, ann, monkeypatch, subject):
    monkeypatch.setattr("talk.limits.COMPLETIONS_PER_WINDOW", 2)
    monkeypatch.setattr("talk.limits.time.time", lambda: 1_800_000_000.0)
    client.force_login(ann)
    codes = [client.get("/talk/complete/", {"q": "#arc"}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert COMPLETIONS_PER_WINDOW > 60
