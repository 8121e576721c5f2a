"""Boards and discussions as people meet them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from accounts.models import Role
from talk.board_setup import BoardValues, board_change, board_create
from talk.discussions import discussion_hide, discussion_lock, discussion_move, discussion_stick
from talk.errors import NotYours
from talk.locks import discussion_hold
from talk.models import Access, Board, Comment, Discussion, ModerationAct, Tag, TagUse
from talk.services import comment_post, discussion_start
from tests import factories

WHERE = BoardValues(title="Questions", description="Ask.", read="everyone", write="everyone", position=1)


@pytest.fixture
def board(moderator) -> Board:  # type: ignore[no-untyped-def]
    return board_create(by=moderator, slug="questions", values=WHERE)


@pytest.fixture
def team_board(db) -> Board:  # type: ignore[no-untyped-def]
    return Board.objects.create(slug="team", title="Team only", read=Access.TEAM, write=Access.TEAM)


def started(board: Board, by, body: str = "Is it an #arc?", **fields) -> Comment:  # type: ignore[no-untyped-def]
    return discussion_start(author=by, board=board, title="Odd light", body=body, **fields)


def test_a_volunteer_starts_a_discussion_about_a_subject(client, ann, board, subject):
    client.force_login(ann)
    page = client.get(f"/talk/boards/questions/start/?subject={subject.pk}")
    assert f'value="{subject.pk}"' in page.content.decode()
    sent = {"title": "Two trails?", "body": "I see #two-trails.", "subject": subject.pk}
    answer = client.post("/talk/boards/questions/start/", sent)
    made = Discussion.objects.get(board=board)
    where = f"/talk/discussions/{made.pk}/#comment-{made.comments.get().pk}"
    assert (answer.status_code, answer.headers["Location"]) == (302, where)
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Two trails?" in page
    assert f"/talk/subjects/{subject.pk}/" in page
    assert TagUse.objects.get(tag__name="two-trails").subject == subject
    assert "Two trails?" in client.get("/talk/boards/questions/").content.decode()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"title": "ab", "body": "x"}, "at least 3 characters"),
        ({"title": "a" * 141, "body": "x"}, "at most 140 characters"),
        ({"title": "abc", "body": ""}, "Write something first"),
        ({"title": "abc", "body": "x", "subject": 10**9}, "no subject with this number"),
    ],
)
def test_a_refused_start_says_why_and_keeps_the_text(client, ann, board, sent, words):
    client.force_login(ann)
    answer = client.post("/talk/boards/questions/start/", sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert sent["title"] in answer.content.decode()
    assert not Discussion.objects.exists()


def test_who_may_not_read_a_board_does_not_know_of_it(client, ann, team_board):
    scientist = factories.user(Role.SCIENTIST)
    first = started(team_board, scientist)
    for person in (None, ann, factories.user(Role.MODERATOR)):
        client.logout()
        if person:
            client.force_login(person)
        for address in (
            "/talk/boards/team/",
            f"/talk/discussions/{first.discussion_id}/",
            f"/talk/comments/{first.pk}/",
        ):
            assert client.get(address).status_code == 404, (person, address)
        assert "Odd light" not in client.get("/talk/recent/").content.decode()
        assert "Team only" not in client.get("/talk/").content.decode()
    client.force_login(scientist)
    assert "Odd light" in client.get(f"/talk/discussions/{first.discussion_id}/").content.decode()


def test_a_board_that_moderators_write_is_read_by_all_and_written_by_none_else(client, ann, moderator):
    board = board_create(by=moderator, slug="news", values=BoardValues("News", "", "everyone", "moderators", 0))
    first = started(board, moderator)
    client.force_login(ann)
    assert "not write on it" in client.get(f"/talk/discussions/{first.discussion_id}/").content.decode()
    answer = client.post(f"/talk/discussions/{first.discussion_id}/post/", {"body": "me too"})
    assert answer.status_code == 422
    assert "me too" in answer.content.decode()
    assert Comment.objects.count() == 1


def test_sticky_discussions_come_first_and_only_on_the_first_page(client, ann, board, moderator):
    old = started(board, ann).discussion
    for n in range(25):
        Discussion.objects.create(board=board, title=f"Later {n}", comments_count=1, last_comment_at=old.created_at)
    client.force_login(moderator)
    client.post(f"/talk/discussions/{old.pk}/moderate/", {"act": "stick"})
    page = client.get("/talk/boards/questions/").content.decode()
    assert page.index("Odd light") < page.index("Later ")
    older = page[page.index("?before=") :].split('"')[0]
    assert "Odd light" not in client.get(f"/talk/boards/questions/{older}").content.decode()


def test_a_hidden_discussion_is_for_moderators_and_its_tags_do_not_count(client, ann, board, moderator):
    first = started(board, ann)
    assert Tag.objects.get(name="arc").uses_count == 1
    client.force_login(moderator)
    address = f"/talk/discussions/{first.discussion_id}/"
    refused = client.post(f"{address}moderate/", {"act": "hide"})
    assert (refused.status_code, ModerationAct.objects.filter(discussion=first.discussion).count()) == (422, 0)
    client.post(f"{address}moderate/", {"act": "hide", "why": "off the rails"})
    assert Tag.objects.get(name="arc").uses_count == 0
    assert "Only moderators see it" in client.get(address).content.decode()
    act = ModerationAct.objects.get(discussion=first.discussion)
    assert (act.kind, act.by, act.why) == ("hide_talk", moderator, "off the rails")
    client.force_login(ann)
    assert client.get(address).status_code == 404
    assert client.post(f"{address}post/", {"body": "still here"}).status_code == 404
    assert "Odd light" not in client.get("/talk/boards/questions/").content.decode()
    client.force_login(moderator)
    client.post(f"{address}moderate/", {"act": "show", "why": "calm again"})
    assert Tag.objects.get(name="arc").uses_count == 1


def test_a_hidden_note_leaves_the_image_and_takes_no_comments(client, ann, moderator, subject):
    first = comment_post(author=ann, subject=subject, body="a #trail")
    discussion_hide(discussion=first.discussion, by=moderator, why="quarrel")
    client.force_login(ann)
    page = client.get(f"/talk/subjects/{subject.pk}/")
    assert page.status_code == 200
    assert "a #trail" not in page.content.decode()
    assert "out of sight" in page.content.decode()
    assert client.post(f"/talk/subjects/{subject.pk}/post/", {"body": "again"}).status_code == 422


def test_moving_to_a_board_for_few_takes_the_tags_along(ann, board, moderator):
    few = board_create(by=moderator, slug="mods", values=BoardValues("Mods", "", "moderators", "moderators", 0))
    first = started(board, ann)
    moved = discussion_move(discussion=first.discussion, by=moderator, board=few, why="private things")
    assert (moved.board, Tag.objects.get(name="arc").uses_count) == (few, 0)
    act = ModerationAct.objects.get(kind="move")
    assert (act.details, act.why) == ({"from": "Questions", "to": "Mods"}, "private things")
    discussion_move(discussion=moved, by=moderator, board=board, why="fine")
    assert Tag.objects.get(name="arc").uses_count == 1


def test_a_note_stays_among_the_notes(client, ann, board, moderator, subject):
    note = comment_post(author=ann, subject=subject, body="hm").discussion
    client.force_login(moderator)
    sent = {"act": "move", "board": board.pk, "why": "tidy"}
    assert client.post(f"/talk/discussions/{note.pk}/moderate/", sent).status_code == 422
    assert Discussion.objects.get(pk=note.pk).board != board


def test_narrowing_a_board_takes_its_tags_out_and_widening_brings_them_back(client, ann, board, moderator):
    started(board, ann)
    client.force_login(moderator)
    same = {"title": "Questions", "description": "Ask.", "position": 1, "write": "moderators"}
    client.post("/talk/moderation/boards/questions/", same | {"read": "moderators"})
    assert Tag.objects.get(name="arc").uses_count == 0
    client.post("/talk/moderation/boards/questions/", same | {"read": "everyone"})
    assert Tag.objects.get(name="arc").uses_count == 1
    act = ModerationAct.objects.filter(kind="board").latest("pk")
    assert (act.details["before"]["read"], act.details["after"]["read"]) == ("moderators", "everyone")


@pytest.mark.django_db(transaction=True)
def test_narrowing_a_board_and_writing_on_it_at_once_do_not_lock_each_other_out():
    moderator, person = factories.user(Role.MODERATOR), factories.user()
    board = board_create(by=moderator, slug="questions", values=WHERE)
    started(board, person)
    second = started(board, person, "hello").discussion
    holds = threading.Event()

    def post() -> None:
        try:
            with transaction.atomic():
                discussion_hold(second.pk)
                holds.set()
                time.sleep(0.5)  # until the moderator waits for this discussion
                comment_post(author=person, discussion=second, body="one more #arc")
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        posted = pool.submit(post)
        holds.wait(10)
        board_change(board=board, by=moderator, values=BoardValues("Questions", "", "moderators", "moderators", 1))
        posted.result()
    assert Comment.objects.filter(body__contains="one more").count() == 1
    assert not TagUse.objects.exists()
    assert Tag.objects.get(name="arc").uses_count == 0


def test_a_sub_board_lies_one_deep_and_has_no_more_readers(client, moderator, board):
    client.force_login(moderator)
    inner = {
        "title": "Arcs",
        "slug": "arcs",
        "position": 0,
        "parent": board.pk,
        "read": "everyone",
        "write": "everyone",
    }
    assert client.post("/talk/moderation/boards/new/", inner).status_code == 302
    assert "Arcs" in client.get("/talk/boards/questions/").content.decode()
    deeper = inner | {"slug": "deep", "parent": Board.objects.get(slug="arcs").pk}
    assert client.post("/talk/moderation/boards/new/", deeper).status_code == 422
    narrower = {"title": "Q", "position": 1, "read": "moderators", "write": "moderators"}
    refused = client.post("/talk/moderation/boards/questions/", narrower)
    assert (refused.status_code, Board.objects.get(slug="questions").read) == (422, "everyone")
    assert client.post("/talk/moderation/boards/new/", inner).status_code == 422  # the address is taken


def test_a_moderator_cannot_make_or_see_a_board_for_the_team(client, moderator, team_board):
    client.force_login(moderator)
    team = {"title": "X", "slug": "x", "position": 0, "read": "team", "write": "team"}
    assert client.post("/talk/moderation/boards/new/", team).status_code == 422
    assert client.get("/talk/moderation/boards/team/").status_code == 404
    assert "Team only" not in client.get("/talk/moderation/boards/").content.decode()


def test_a_moderator_changes_the_words_of_a_board_that_the_team_writes_and_leaves_it_theirs(client, moderator):
    board = Board.objects.create(slug="news", title="News", write=Access.TEAM)
    client.force_login(moderator)
    same = {"title": "News!", "position": 1, "read": "everyone", "write": "team"}
    assert client.post("/talk/moderation/boards/news/", same).status_code == 302
    board.refresh_from_db()
    assert (board.title, board.write) == ("News!", "team")
    with pytest.raises(NotYours):  # nor may they shut themselves out
        board_change(board=board, by=moderator, values=BoardValues("News!", "", "team", "team", 1))


def test_a_locked_discussion_takes_no_comments_edits_or_quotes(client, ann, bob, board, moderator):
    first = started(board, ann)
    discussion_lock(discussion=first.discussion, by=moderator, why="settled")
    client.force_login(bob)
    answer = client.post(f"/talk/discussions/{first.discussion_id}/post/", {"body": "but"})
    assert (answer.status_code, "closed this conversation" in answer.content.decode()) == (422, True)
    client.force_login(ann)
    assert client.post(f"/talk/comments/{first.pk}/edit/", {"body": "changed"}).status_code == 422
    assert Comment.objects.get().body == first.body


def test_twice_is_once(ann, board, moderator):
    discussion = started(board, ann).discussion
    for _ in range(2):
        discussion_lock(discussion=discussion, by=moderator, why="x")
        discussion_stick(discussion=discussion, by=moderator)
        discussion_hide(discussion=discussion, by=moderator, why="x")
        board_change(board=board, by=moderator, values=WHERE)
    assert ModerationAct.objects.filter(discussion=discussion).count() == 3
    assert ModerationAct.objects.filter(kind="board").count() == 1  # the making
