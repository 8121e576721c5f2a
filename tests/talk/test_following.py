"""Levels, read marks, and what a person was told, as pages and as figures."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import Role
from talk import following
from talk.models import Access, Board, Comment, Discussion, Follow, Level, Notification, Tag
from talk.notifying import tell
from talk.services import comment_post
from tests import factories


@pytest.fixture
def board(db):
    return Board.objects.create(slug="help", title="Help")


@pytest.fixture
def discussion(board):
    return Discussion.objects.create(board=board, title="What is this?")


def signed_in(client, person):
    client.force_login(person)
    return client


def test_the_level_last_chosen_holds(discussion, ann):
    assert following.level_of(ann, discussion) == Level.NORMAL
    for level in (Level.WATCHING, Level.MUTED, Level.MUTED):
        following.follow_set(person=ann, what=discussion, level=level)
    assert following.level_of(ann, discussion) == Level.MUTED
    assert Follow.objects.count() == 1


def test_who_wrote_watches_until_they_choose(discussion, ann):
    comment_post(author=ann, discussion=discussion, body="hello")
    assert following.level_of(ann, discussion) == Level.WATCHING
    following.follow_set(person=ann, what=discussion, level=Level.NORMAL)
    assert following.level_of(ann, discussion) == Level.NORMAL


def test_new_comments_are_counted_from_where_one_read(discussion, ann, bob):
    comments = [comment_post(author=bob, discussion=discussion, body=str(n)) for n in range(5)]
    assert following.new_counts(ann, [discussion.pk]) == {}  # never read
    following.discussion_read(person=ann, discussion=discussion, comments=comments[:2])
    following.discussion_read(person=ann, discussion=discussion, comments=comments[:1])  # reading back
    assert following.new_counts(ann, [discussion.pk]) == {discussion.pk: 3}
    following.follow_set(person=ann, what=discussion, level=Level.MUTED)
    assert following.new_counts(ann, [discussion.pk]) == {}


def test_reading_comments_reads_what_was_told_of_them(discussion, ann, bob):
    following.follow_set(person=ann, what=discussion, level=Level.WATCHING)
    comments = [comment_post(author=bob, discussion=discussion, body=str(n)) for n in range(3)]
    tell()
    assert following.unread_count(ann) == 3
    following.discussion_read(person=ann, discussion=discussion, comments=comments[:2])
    assert following.unread_count(ann) == 1


def test_the_bell_counts_and_the_page_says_what_and_reading_empties_it(client, discussion, ann, bob):
    comment = comment_post(author=bob, discussion=discussion, body="look @ann **here**")
    tell()
    page = signed_in(client, ann).get(reverse("talk:notifications")).content.decode()
    assert 'aria-label="Notifications, 1 unread"' in page
    assert "bob mentioned you in “What is this?”" in page
    told = Notification.objects.get(person=ann)
    answer = client.get(reverse("talk:notification", args=[told.pk]))
    assert answer.headers["Location"] == reverse("talk:comment", args=[comment.pk])
    page = client.get(reverse("talk:notifications")).content.decode()
    assert 'aria-label="Notifications"' in page


def test_all_can_be_marked_as_read_but_not_what_came_since(client, discussion, ann, bob):
    comment_post(author=bob, discussion=discussion, body="@ann 1")
    tell()
    shown = Notification.objects.get(person=ann).pk
    comment_post(author=bob, discussion=discussion, body="@ann 2")
    tell()
    signed_in(client, ann).post(reverse("talk:notifications_read"), {"up_to": shown})
    assert following.unread_count(ann) == 1
    client.post(reverse("talk:notifications_read"))
    assert following.unread_count(ann) == 0


def test_anothers_notification_cannot_be_read(client, discussion, ann, bob):
    comment_post(author=bob, discussion=discussion, body="@ann 1")
    tell()
    told = Notification.objects.get()
    answer = signed_in(client, bob).get(reverse("talk:notification", args=[told.pk]))
    assert answer.headers["Location"] == reverse("talk:notifications")
    assert Notification.objects.get().read_at is None


@pytest.mark.parametrize("how", ["deleted", "hidden", "restricted"])
def test_what_was_taken_away_is_not_repeated(client, board, discussion, ann, bob, how):
    comment = comment_post(author=bob, discussion=discussion, body="@ann a secret")
    tell()
    if how == "deleted":
        Comment.objects.filter(pk=comment.pk).update(deleted_at=comment.created_at)
    elif how == "hidden":
        Discussion.objects.filter(pk=discussion.pk).update(hidden=True)
    else:
        Board.objects.filter(pk=board.pk).update(read=Access.TEAM)
    page = signed_in(client, ann).get(reverse("talk:notifications")).content.decode()
    assert "A comment that is no longer there" in page
    assert "secret" not in page
    assert "What is this?" not in page


@pytest.mark.parametrize("kind", ["discussion", "board", "tag"])
def test_following_by_a_form(client, discussion, ann, kind):
    tag = Tag.objects.create(name="arc", uses_count=1)
    what = {"discussion": discussion, "board": discussion.board, "tag": tag}[kind]
    address = reverse("talk:follow", args=[kind, what.pk])
    answer = signed_in(client, ann).post(address, {"level": "3", "next": "/talk/recent/"})
    assert answer.headers["Location"] == "/talk/recent/"
    assert following.level_of(ann, what) == Level.WATCHING
    assert "Watching" in client.get(reverse("talk:following")).content.decode()
    assert client.post(address, {"level": "9"}).status_code == 422
    assert client.post(address, {"level": "0", "next": "//evil.example/"}).headers["Location"] == "/talk/following/"


def test_nobody_follows_what_they_may_not_read(client, board, discussion, ann):
    Board.objects.filter(pk=board.pk).update(read=Access.TEAM)
    for kind, pk in (("discussion", discussion.pk), ("board", board.pk), ("user", ann.pk)):
        assert signed_in(client, ann).post(reverse("talk:follow", args=[kind, pk]), {"level": "3"}).status_code == 404
    following.follow_set(person=ann, what=discussion, level=Level.WATCHING)  # from before it was restricted
    assert "What is this?" not in client.get(reverse("talk:following")).content.decode()
    client.force_login(factories.user(Role.SCIENTIST))


def test_a_tag_of_hidden_comments_only_gives_its_name_to_nobody(client, ann):
    gone = Tag.objects.create(name="our-secret-name")
    address = reverse("talk:follow", args=["tag", gone.pk])
    assert signed_in(client, ann).post(address, {"level": "3"}).status_code == 404
    following.follow_set(person=ann, what=gone, level=Level.WATCHING)  # from when it was in use
    assert client.post(address, {"level": "0"}).status_code == 302


def test_a_merged_tag_is_followed_as_what_it_stands_for(client, ann):
    tag = Tag.objects.create(name="lens", uses_count=1)
    spelling = Tag.objects.create(name="lenses", merged_into=tag)
    signed_in(client, ann).post(reverse("talk:follow", args=["tag", spelling.pk]), {"level": "2"})
    assert Follow.objects.get().tag == tag


def test_the_bell_costs_one_query_and_none_for_visitors(client, ann, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as visitor:
        client.get("/about/")
    client.force_login(ann)
    with CaptureQueriesContext(connection) as person:
        client.get("/about/")
    told = [query["sql"] for query in person.captured_queries if "talk_notification" in query["sql"]]
    assert len(told) == 1
    assert not [query for query in visitor.captured_queries if "talk_" in query["sql"]]
