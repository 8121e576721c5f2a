"""Writes of Talk: post, edit, delete. Tags and counters always agree with the comments that people can read."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID, uuid4

import pghistory
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from classify.models import Subject
from talk.errors import NotYours, Refused
from talk.models import Board, Comment, CommentEvent, Discussion  # type: ignore[attr-defined]
from talk.tagging import comment_tags_write

MAX_CHARACTERS = 10_000
POSTS_PER_WINDOW = 10
EDITS_PER_WINDOW = 10
PREVIEWS_PER_WINDOW = 60
WINDOW = timedelta(minutes=1)


def notes_board() -> Board:
    """The board that holds one discussion per subject; made on first use."""
    board, _made = Board.objects.get_or_create(
        is_notes=True,
        defaults={
            "slug": "notes",
            "title": "Notes",
            "description": "One conversation for each image.",
        },
    )
    return board


def subject_discussion(subject: Subject) -> Discussion:
    """The conversation about a subject; the first comment makes it. Two at once get the same."""
    found = Discussion.objects.filter(subject=subject, is_note=True).first()
    if found is None:
        found, _made = Discussion.objects.get_or_create(
            subject=subject, is_note=True, defaults={"board": notes_board(), "title": f"Subject {subject.pk}"}
        )
    return found


@transaction.atomic
def comment_post(
    *,
    author: User,
    body: str,
    subject: Subject | None = None,
    discussion: Discussion | None = None,
    key: UUID | None = None,
) -> Comment:
    """Post a comment on a subject, or in a discussion. Safe to repeat: the same key and text return the first.

    Raises
    ------
    Refused
        ``empty``, ``too_long``, ``locked`` or ``too_fast``; nothing was posted.
    """
    if (subject is None) == (discussion is None):
        raise ValueError("Name either a subject or a discussion.")
    body = _checked(body)
    # The author's row is the queue of their posts: a repeat sees the first one, and the limit is exact.
    author = User.objects.select_for_update(no_key=True).get(pk=author.pk)
    if key is not None:
        first = Comment.objects.filter(key=key).first()
        if first is not None and (first.author_id, first.body) == (author.pk, body) and first.deleted_at is None:
            return first
        if first is not None:
            key = None
    _refuse_too_fast(author)
    if discussion is None:
        assert subject is not None
        discussion = subject_discussion(subject)
    # The row lock makes "locked" final: after a moderator locked it, no comment slips in.
    discussion = _locked(discussion.pk)
    _refuse_locked(discussion)
    comment = Comment.objects.create(discussion=discussion, author=author, body=body, key=key or uuid4())
    comment_tags_write(comment, discussion)
    Discussion.objects.filter(pk=discussion.pk).update(
        comments_count=F("comments_count") + 1, last_comment_at=comment.created_at
    )
    return comment


@transaction.atomic
def comment_edit(*, comment: Comment, editor: User, body: str) -> Comment:
    """Replace the text of one's own comment. What was there before stays in the history.

    Raises
    ------
    Refused
        ``empty``, ``too_long``, ``locked``, ``deleted`` or ``too_fast``; ``NotYours`` when somebody else wrote it.
    """
    body = _checked(body)
    # As in posting: the person's row first, which makes the limit exact.
    editor = User.objects.select_for_update(no_key=True).get(pk=editor.pk)
    discussion, comment = _locked_rows(comment)
    if comment.author_id != editor.pk:
        raise NotYours("not_yours", _("Only the person who wrote a comment can change it."))
    if comment.deleted_at is not None:
        raise Refused("deleted", _("This comment was deleted, so it cannot be changed."))
    _refuse_locked(discussion)
    if body != comment.body:
        _refuse_too_many_edits(editor)
        with pghistory.context(user=editor.pk, why="edit"):
            comment.body = body
            comment.edited_at = timezone.now()
            comment.save(update_fields=["body", "edited_at"])
        comment_tags_write(comment, discussion)
    return comment


@transaction.atomic
def comment_delete(*, comment: Comment, by: User, why: str = "") -> Comment:
    """Take a comment out of sight: one's own, or anybody's for a moderator. The row and its history stay.

    Deleting twice changes nothing the second time.

    Raises
    ------
    NotYours
        Somebody else wrote it, and ``by`` is no moderator.
    """
    discussion, comment = _locked_rows(comment)
    if comment.author_id != by.pk and not by.has_role(Role.MODERATOR):
        raise NotYours("not_yours", _("Only its author or a moderator can delete a comment."))
    if comment.deleted_at is not None:
        return comment
    own = comment.author_id == by.pk
    with pghistory.context(user=by.pk, why=why or ("deleted by its author" if own else "moderation")):
        comment.deleted_at = timezone.now()
        comment.deleted_by = by
        comment.save(update_fields=["deleted_at", "deleted_by"])
    comment_tags_write(comment, discussion)
    newest = discussion.comments.filter(deleted_at=None).order_by("-id").values_list("created_at", flat=True).first()
    Discussion.objects.filter(pk=discussion.pk).update(comments_count=F("comments_count") - 1, last_comment_at=newest)
    return comment


@transaction.atomic
def discussion_lock(*, discussion: Discussion, by: User, locked: bool = True) -> Discussion:
    """End a conversation, or open it again. Moderators only; what was said stays readable.

    Raises
    ------
    NotYours
        ``by`` is no moderator.
    """
    if not by.has_role(Role.MODERATOR):
        raise NotYours("not_moderator", _("Only moderators can lock a conversation."))
    discussion = _locked(discussion.pk)
    discussion.locked = locked
    discussion.save(update_fields=["locked"])
    return discussion


def _checked(body: str) -> str:
    body = body.replace("\x00", "").replace("\r\n", "\n").strip()
    if not body:
        raise Refused("empty", _("Write something first."))
    if len(body) > MAX_CHARACTERS:
        raise Refused(
            "too_long",
            _("A comment can have %(most)d characters; this one has %(count)d. Nothing was posted; shorten it.")
            % {"most": MAX_CHARACTERS, "count": len(body)},
        )
    return body


def _refuse_locked(discussion: Discussion) -> None:
    if discussion.locked:
        raise Refused("locked", _("A moderator closed this conversation. You can read it, but not write in it."))


def _refuse_too_fast(author: User) -> None:
    nth_newest = Comment.objects.filter(author=author).order_by("-id").values_list("created_at", flat=True)
    at = nth_newest[POSTS_PER_WINDOW - 1 : POSTS_PER_WINDOW].first()
    if at is not None and at > timezone.now() - WINDOW:
        raise Refused(
            "too_fast",
            _("You posted %(count)d comments within a minute. Your text is kept here: wait a moment, then send it.")
            % {"count": POSTS_PER_WINDOW},
        )


def _refuse_too_many_edits(author: User) -> None:
    since = timezone.now() - WINDOW
    # Only comments edited lately have edits to count, so the history of all the others is not read.
    kept = CommentEvent.objects.filter(pgh_obj__author=author, pgh_obj__edited_at__gt=since, pgh_created_at__gt=since)
    if kept.count() >= EDITS_PER_WINDOW:
        raise Refused(
            "too_fast",
            _("You changed comments %(count)d times within a minute. Your text is kept here: wait, then save it.")
            % {"count": EDITS_PER_WINDOW},
        )


def preview_count(person: User) -> None:
    """Count one preview of a person. The counter is in the cache; without the cache nothing is refused.

    Raises
    ------
    Refused
        ``too_fast``.
    """
    window_s = int(WINDOW.total_seconds())
    counter = f"talk-previews-{person.pk}-{int(time.time()) // window_s}"
    cache.add(counter, 0, timeout=2 * window_s)
    try:
        count = cache.incr(counter)
    except ValueError:  # the cache dropped the counter in between
        return
    if count > PREVIEWS_PER_WINDOW:
        raise Refused(
            "too_fast",
            _("You asked for %(count)d previews within a minute. Your text is kept; wait a moment, then look again.")
            % {"count": PREVIEWS_PER_WINDOW},
        )


def _locked_rows(comment: Comment) -> tuple[Discussion, Comment]:
    """The discussion first, then the comment: the same order everywhere, so that two writers cannot deadlock."""
    discussion = _locked(comment.discussion_id)
    return discussion, Comment.objects.select_for_update(no_key=True).get(pk=comment.pk)


def _locked(pk: int) -> Discussion:
    """A discussion with its board, held until the transaction ends."""
    return Discussion.objects.select_related("board").select_for_update(no_key=True, of=("self",)).get(pk=pk)
