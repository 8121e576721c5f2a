"""Beside every page of Talk: popular tags, who is active, where else an image is talked of, its collections."""

from __future__ import annotations

import pytest

from talk import collecting
from talk.models import Access, Board, Comment, Discussion
from talk.services import comment_post
from talk.sidebar import sidebar
from tests import factories


@pytest.fixture
def note(subject, ann, bob):  # type: ignore[no-untyped-def]
    for author in (bob, ann, ann):
        comment_post(author=author, subject=subject, body="look #arc")
    return Discussion.objects.get(subject=subject)


def test_tags_and_people(note, subject, db):
    side = sidebar(None, subject=subject, discussion=note)
    assert [tag.name for tag in side.tags] == [tag.name for tag in side.subject_tags] == ["arc"]
    assert [one.username for one in side.people] == ["ann", "bob"]
    assert [one.username for one in sidebar(None).people] == ["ann", "bob"]


def test_other_conversations_of_the_subject_as_far_as_one_may_read_them(note, subject, ann):
    chat = Board.objects.create(slug="chat", title="Chat")
    team = Board.objects.create(slug="team", title="Team", read=Access.TEAM, write=Access.TEAM)
    for board, title in ((chat, "What is it?"), (team, "Paper"), (chat, "Hidden")):
        Discussion.objects.create(board=board, title=title, subject=subject, comments_count=1, hidden=title == "Hidden")
    titles = [one.title for one in sidebar(ann, subject=subject, discussion=note).discussions]
    assert titles == ["What is it?"]
    scientist = factories.user(factories.Role.SCIENTIST)
    assert len(sidebar(scientist, subject=subject, discussion=note).discussions) == 3
    only_other = sidebar(None, subject=subject, discussion=Discussion.objects.get(title="What is it?"))
    assert [one.pk for one in only_other.discussions] == [note.pk]


def test_who_writes_on_the_teams_board_is_not_shown_to_others(note, db):
    team = Board.objects.create(slug="team", title="Team", read=Access.TEAM, write=Access.TEAM)
    secret = Discussion.objects.create(board=team, title="Plans", comments_count=1)
    writer = factories.user(factories.Role.SCIENTIST, username="planner")
    Comment.objects.create(discussion=secret, author=writer, body="later")
    assert writer not in sidebar(None).people
    assert writer in sidebar(writer).people


def test_collections_public_ones_and_ones_own(note, subject, ann, bob):
    for owner, title, public in ((ann, "Mine", False), (bob, "His", False), (bob, "Shown", True)):
        made = collecting.collection_save(owner=owner, title=title, is_public=public)
        collecting.subject_collect(collection=made, subject=subject)
    collecting.collection_save(owner=ann, title="Empty")
    side = sidebar(ann, subject=subject)
    assert [one.title for one in side.collections] == ["Shown", "Mine"]
    assert [one.title for one in side.own] == ["Empty"]
    assert [one.title for one in sidebar(None, subject=subject).collections] == ["Shown"]


PAGES = ["/", "/recent/", "/tags/arc/", "/search/", "/boards/notes/", "/collections/", "/subjects/{pk}/"]


@pytest.mark.parametrize("address", PAGES)
def test_it_stands_on_every_page_once_with_one_search_box(client, note, subject, address):
    page = client.get("/talk" + address.format(pk=subject.pk)).content.decode()
    assert page.count("Popular tags in Talk") == 1
    assert page.count('id="talk-search"') == 1
    assert "Active lately" in page or "Taking part" in page
