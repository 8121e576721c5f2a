"""Posting, editing and deleting: tags and counters agree with what can be read, and history is kept."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Role, User
from talk import limits
from talk.discussions import discussion_lock
from talk.errors import NotYours, Refused
from talk.models import Board, Comment, CommentEvent, Discussion, Tag, TagUse
from talk.services import comment_delete, comment_edit, comment_post
from tests import factories


def counts() -> dict[str, int]:
    """The counters, after checking that they agree with the rows."""
    for tag in Tag.objects.all():
        assert tag.uses_count == TagUse.objects.filter(tag=tag, comment__deleted_at=None).count()
    for discussion in Discussion.objects.all():
        assert discussion.comments_count == discussion.comments.filter(deleted_at=None).count()
    return dict(Tag.objects.filter(uses_count__gt=0).values_list("name", "uses_count"))


def test_the_first_comment_makes_the_discussion(ann, subject):
    assert Discussion.objects.count() == 0
    comment = comment_post(author=ann, subject=subject, body="  A trail? #Asteroid #faint\r\n")
    assert comment.body == "A trail? #Asteroid #faint"
    assert comment.discussion.subject == subject
    assert comment.discussion.board.is_notes
    assert counts() == {"asteroid": 1, "faint": 1}
    assert set(subject.tag_uses.values_list("tag__name", flat=True)) == {"asteroid", "faint"}
    comment.discussion.refresh_from_db()
    assert comment.discussion.last_comment_at == comment.created_at


def test_it_posts_in_a_discussion_that_is_no_subjects(ann):
    board = Board.objects.create(slug="help", title="Help")
    discussion = Discussion.objects.create(board=board, title="How does this work?")
    comment = comment_post(author=ann, discussion=discussion, body="#howto please")
    assert comment.tag_uses.get().subject is None
    assert counts() == {"howto": 1}


def test_it_needs_exactly_one_place(ann, subject):
    with pytest.raises(ValueError, match="either"):
        comment_post(author=ann, body="nowhere")


@pytest.mark.parametrize(
    ("body", "code"), [("", "empty"), (" \n\t", "empty"), ("\x00", "empty"), ("x" * 10_001, "too_long")]
)
def test_it_refuses_empty_and_endless_comments(ann, subject, body, code):
    with pytest.raises(Refused) as refused:
        comment_post(author=ann, subject=subject, body=body)
    assert refused.value.code == code
    assert Comment.objects.count() == 0


def test_a_repeat_with_the_same_key_posts_once(ann, subject):
    key = uuid.uuid4()
    first = comment_post(author=ann, subject=subject, body="#once", key=key)
    again = comment_post(author=ann, subject=subject, body="#once ", key=key)
    assert again.pk == first.pk
    assert counts() == {"once": 1}


def test_a_key_never_swallows_another_text_or_another_person(ann, bob, subject):
    key = uuid.uuid4()
    comment_post(author=ann, subject=subject, body="first", key=key)
    comment_post(author=ann, subject=subject, body="second", key=key)
    comment_post(author=bob, subject=subject, body="first", key=key)
    assert list(Comment.objects.order_by("pk").values_list("author__username", "body")) == [
        ("ann", "first"), ("ann", "second"), ("bob", "first"),
    ]  # fmt: skip


def test_an_edit_moves_tags_and_keeps_what_was_there(ann, subject):
    comment = comment_post(author=ann, subject=subject, body="#one #two")
    comment_edit(comment=comment, editor=ann, body="#two #three")
    assert counts() == {"two": 1, "three": 1}
    comment.refresh_from_db()
    assert comment.edited_at is not None
    event = CommentEvent.objects.get()
    assert event.body == "#one #two"
    assert event.pgh_context.metadata == {"user": ann.pk, "why": "edit"}


def test_an_edit_that_changes_nothing_is_no_edit(ann, subject):
    comment = comment_post(author=ann, subject=subject, body="same")
    assert comment_edit(comment=comment, editor=ann, body="same\n").edited_at is None
    assert CommentEvent.objects.count() == 0


def test_a_deletion_takes_the_tags_back_and_is_kept(ann, bob, subject, moderator):
    stays = comment_post(author=bob, subject=subject, body="#shared")
    comment = comment_post(author=ann, subject=subject, body="#shared #gone")
    comment_delete(comment=comment, by=moderator, why="off topic")
    assert counts() == {"shared": 1}
    comment.refresh_from_db()
    assert (comment.body, comment.deleted_by) == ("#shared #gone", moderator)
    assert comment.deleted_at is not None
    assert CommentEvent.objects.get().pgh_context.metadata == {"user": moderator.pk, "why": "off topic"}
    discussion = Discussion.objects.get()
    assert (discussion.comments_count, discussion.last_comment_at) == (1, stays.created_at)


def test_deleting_twice_is_deleting_once(ann, subject):
    comment = comment_post(author=ann, subject=subject, body="#gone")
    comment_delete(comment=comment, by=ann)
    comment_delete(comment=comment, by=ann)
    assert counts() == {}
    assert CommentEvent.objects.count() == 1
    with pytest.raises(Refused) as refused:
        comment_edit(comment=comment, editor=ann, body="back")
    assert refused.value.code == "deleted"


def test_a_locked_discussion_takes_nothing_new(ann, subject, moderator):
    comment = comment_post(author=ann, subject=subject, body="before")
    discussion_lock(discussion=comment.discussion, by=moderator, why="settled")
    for person in (ann, moderator):
        with pytest.raises(Refused) as refused:
            comment_post(author=person, subject=subject, body="after")
        assert refused.value.code == "locked"
    with pytest.raises(Refused) as refused:
        comment_edit(comment=comment, editor=ann, body="changed")
    assert refused.value.code == "locked"
    discussion_lock(discussion=comment.discussion, by=moderator, why="more to say", locked=False)
    assert comment_post(author=ann, subject=subject, body="after").pk


@pytest.mark.parametrize("role", Role)
def test_who_may_do_what_to_anothers_comment(role, ann, subject):
    comment = comment_post(author=ann, subject=subject, body="mine")
    person = factories.user(role)
    with pytest.raises(NotYours):
        comment_edit(comment=comment, editor=person, body="theirs")
    if role == Role.VOLUNTEER:
        with pytest.raises(NotYours):
            comment_delete(comment=comment, by=person)
        with pytest.raises(NotYours):
            discussion_lock(discussion=comment.discussion, by=person, why="settled")
    else:
        discussion_lock(discussion=comment.discussion, by=person, why="settled")
        assert comment_delete(comment=comment, by=person, why="spam").deleted_by == person


def test_the_eleventh_comment_within_a_minute_waits(ann, bob, subject):
    for n in range(limits.POSTS_PER_WINDOW):
        comment_post(author=ann, subject=subject, body=f"number {n}")
    with pytest.raises(Refused) as refused:
        comment_post(author=ann, subject=subject, body="one more")
    assert refused.value.code == "too_fast"
    assert comment_post(author=bob, subject=subject, body="somebody else").pk
    Comment.objects.filter(body="number 0").update(created_at=timezone.now() - timedelta(seconds=61))
    assert comment_post(author=ann, subject=subject, body="one more").pk


def edit(comment: Comment, text: str, *, by: User) -> Comment:
    return comment_edit(comment=comment, editor=by, body=text)


def test_the_eleventh_edit_within_a_minute_waits_whichever_comments_it_is_on(ann, bob, subject):
    comments = [comment_post(author=ann, subject=subject, body=f"number {n}") for n in range(2)]
    other = comment_post(author=bob, subject=subject, body="bob's")
    for n in range(limits.EDITS_PER_WINDOW):
        edit(comments[n % 2], f"changed {n}", by=ann)
    with pytest.raises(Refused) as refused:
        edit(comments[0], "one more", by=ann)
    assert refused.value.code == "too_fast"
    assert CommentEvent.objects.count() == limits.EDITS_PER_WINDOW
    assert edit(comments[0], "changed 8", by=ann).body == "changed 8"  # no change
    assert edit(other, "bob's second", by=bob).body == "bob's second"
    CommentEvent.objects.filter(body="number 0").update(pgh_created_at=timezone.now() - timedelta(seconds=61))
    assert edit(comments[0], "one more", by=ann).body == "one more"


def test_a_moderators_deletions_do_not_use_up_an_authors_edits(ann, subject, moderator):
    comments = [comment_post(author=ann, subject=subject, body=f"number {n}") for n in range(10)]
    for comment in comments[1:]:
        comment_delete(comment=comment, by=moderator, why="spam")
    for n in range(limits.EDITS_PER_WINDOW):
        edit(comments[0], f"changed {n}", by=ann)


def at_once(posts) -> list[Exception]:  # type: ignore[no-untyped-def]
    """Run all of ``posts`` at the same moment, each on a connection of its own; what they raised."""
    barrier, errors = threading.Barrier(len(posts)), []

    def run(post) -> None:  # type: ignore[no-untyped-def]
        try:
            barrier.wait()
            post()
        except Exception as error:  # collected, so that the test shows it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[post]) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def people(n: int) -> list[User]:
    return [factories.user(username=f"person{number}") for number in range(n)]


@pytest.mark.django_db(transaction=True)
def test_eight_first_comments_at_once_share_one_discussion():
    subject = factories.subjects(1, factories.workflow())[0]
    tags = ["#aaa #bbb #ccc", "#ccc #bbb #aaa"]
    posts = [
        lambda person=person, n=n: comment_post(author=person, subject=subject, body=f"{n} {tags[n % 2]}")
        for n, person in enumerate(people(8))
    ]
    assert at_once(posts) == []
    assert Discussion.objects.get().comments_count == 8
    assert Board.objects.count() == 1
    assert counts() == {"aaa": 8, "bbb": 8, "ccc": 8}


@pytest.mark.django_db(transaction=True)
def test_the_same_comment_sent_eight_times_at_once_is_posted_once():
    subject, [person], key = factories.subjects(1, factories.workflow())[0], people(1), uuid.uuid4()
    posts = [lambda: comment_post(author=person, subject=subject, body="#once", key=key)] * 8
    assert at_once(posts) == []
    assert Comment.objects.count() == 1
    assert counts() == {"once": 1}


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_when_all_posts_come_at_once():
    subject, [person] = factories.subjects(1, factories.workflow())[0], people(1)
    posts = [
        lambda n=n: comment_post(author=person, subject=subject, body=f"flood {n}")
        for n in range(limits.POSTS_PER_WINDOW + 4)
    ]
    assert [error.code for error in at_once(posts)] == ["too_fast"] * 4  # type: ignore[attr-defined]
    assert Comment.objects.count() == limits.POSTS_PER_WINDOW


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_when_all_edits_come_at_once():
    subject, [person] = factories.subjects(1, factories.workflow())[0], people(1)
    comments = [comment_post(author=person, subject=subject, body=f"number {n}") for n in range(2)]
    edits = [
        lambda n=n: comment_edit(comment=comments[n % 2], editor=person, body=f"flood {n}")
        for n in range(limits.EDITS_PER_WINDOW + 4)
    ]
    assert [error.code for error in at_once(edits)] == ["too_fast"] * 4  # type: ignore[attr-defined]
    assert CommentEvent.objects.count() == limits.EDITS_PER_WINDOW
