"""Writes of Talk: start, post, edit, delete. Tags and counters always agree with the comments that people can read."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import pghistory
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from classify.models import Subject
from talk.access import may_read, may_write_on
from talk.acts import act_write
from talk.errors import NotYours, Refused
from talk.limits import refuse_edits, refuse_posts, refuse_too_much_for_new, text_checked
from talk.locks import board_hold, comment_hold, discussion_hold, person_hold
from talk.mentions import comment_mentions_write
from talk.models import Board, Comment, Discussion, ModerationAct
from talk.notifying import comment_notify
from talk.standing import refuse_suspended
from talk.tagging import comment_tags_write

TITLE_MIN, TITLE_MAX = 3, 140


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


def subject_discussion(subject: Subject, started_by: User | None = None) -> Discussion:
    """The conversation about a subject; the first comment makes it. Two at once get the same."""
    found = Discussion.objects.filter(subject=subject, is_note=True).first()
    if found is None:
        defaults = {"board": notes_board(), "title": f"Subject {subject.pk}", "started_by": started_by}
        found, _made = Discussion.objects.get_or_create(subject=subject, is_note=True, defaults=defaults)
    return found


@transaction.atomic
def comment_post(
    *,
    author: User,
    body: str,
    subject: Subject | None = None,
    discussion: Discussion | None = None,
    reply_to: Comment | None = None,
    key: UUID | None = None,
) -> Comment:
    """Post a comment on a subject, or in a discussion. Safe to repeat: the same key and text return the first.

    Raises
    ------
    Refused
        ``empty``, ``too_long``, ``suspended``, ``no_access``, ``locked``, ``elsewhere`` (an answer to a comment of
        another discussion), ``too_fast`` or a limit of new accounts; nothing was posted.
    """
    if (subject is None) == (discussion is None):
        raise ValueError("Name either a subject or a discussion.")
    draft = _draft(author, body, key)
    if draft.first is not None:
        return draft.first
    if discussion is None:
        assert subject is not None
        discussion = subject_discussion(subject, started_by=draft.author)
    # The row lock makes "locked" final: after a moderator locked it, no comment slips in.
    discussion = discussion_hold(discussion.pk)
    _refuse_elsewhere(draft.author, discussion)
    if reply_to is not None and reply_to.discussion_id != discussion.pk:
        raise Refused("elsewhere", _("The comment that you answer is in another conversation."))
    return _comment_create(draft, discussion, reply_to)


@transaction.atomic
def discussion_start(
    *, author: User, board: Board, title: str, body: str, subject: Subject | None = None, key: UUID | None = None
) -> Comment:
    """Start a discussion with its first comment, which is returned. Safe to repeat, as posting is.

    Raises
    ------
    Refused
        ``title``, ``notes`` (that board has one discussion per subject) or as in ``comment_post``.
    """
    title = " ".join(title.replace("\x00", "").split())
    if not TITLE_MIN <= len(title) <= TITLE_MAX:
        raise Refused(
            "title", _("A title has %(least)d to %(most)d characters.") % {"least": TITLE_MIN, "most": TITLE_MAX}
        )
    draft = _draft(author, body, key)
    if draft.first is not None:
        return draft.first
    board = board_hold(board)
    if board.is_notes:
        raise Refused("notes", _("On this board every image has its conversation already. Write in that one."))
    discussion = Discussion(board=board, title=title, subject=subject, started_by=draft.author)
    _refuse_elsewhere(draft.author, discussion)
    discussion.save()
    return _comment_create(draft, discussion, None)


@dataclass(frozen=True)
class _Draft:
    """A text that may be posted, by whom and under which key; ``first`` is what the same key posted before."""

    author: User
    body: str
    key: UUID
    first: Comment | None = None


def _draft(author: User, body: str, key: UUID | None) -> _Draft:
    body = text_checked(body)
    # The author's row is the queue of their posts: a repeat sees the first one, and the limit is exact.
    author = person_hold(author)
    if key is not None:
        first = Comment.objects.filter(key=key).first()
        if first is not None and (first.author_id, first.body) == (author.pk, body) and first.deleted_at is None:
            return _Draft(author, body, key, first)
        if first is not None:
            key = None
    refuse_suspended(author)
    refuse_posts(author)
    refuse_too_much_for_new(author, body)
    return _Draft(author, body, key or uuid4())


def _comment_create(draft: _Draft, discussion: Discussion, reply_to: Comment | None) -> Comment:
    comment = Comment.objects.create(
        discussion=discussion, author=draft.author, body=draft.body, key=draft.key, reply_to=reply_to
    )
    comment_tags_write(comment, discussion)
    comment_mentions_write(comment)
    comment_notify(comment)
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
        ``empty``, ``too_long``, ``suspended``, ``no_access``, ``locked``, ``deleted``, ``too_fast`` or a limit of new
        accounts; ``NotYours`` when somebody else wrote it.
    """
    body = text_checked(body)
    # As in posting: the person's row first, which makes the limit exact.
    editor = person_hold(editor)
    discussion, comment = comment_hold(comment)
    if comment.author_id != editor.pk:
        raise NotYours("not_yours", _("Only the person who wrote a comment can change it."))
    if comment.deleted_at is not None:
        raise Refused("deleted", _("This comment was deleted, so it cannot be changed."))
    refuse_suspended(editor)
    _refuse_elsewhere(editor, discussion)
    if body != comment.body:
        refuse_edits(editor)
        refuse_too_much_for_new(editor, body)
        with pghistory.context(user=editor.pk, why="edit"):
            comment.body = body
            comment.edited_at = timezone.now()
            comment.save(update_fields=["body", "edited_at"])
        comment_tags_write(comment, discussion)
        comment_mentions_write(comment)
        comment_notify(comment, edited=True)
    return comment


@transaction.atomic
def comment_delete(*, comment: Comment, by: User, why: str = "") -> Comment:
    """Take a comment out of sight: one's own, or anybody's for a moderator, who says why. The row and its history stay.

    Deleting twice changes nothing the second time. Suspended people, too, may take back what they wrote.

    Raises
    ------
    Refused
        ``why`` when a moderator gives no reason; ``NotYours`` when somebody else wrote it, and ``by`` is no moderator.
    """
    discussion, comment = comment_hold(comment)
    own = comment.author_id == by.pk
    if not own and not by.has_role(Role.MODERATOR):
        raise NotYours("not_yours", _("Only its author or a moderator can delete a comment."))
    if comment.deleted_at is not None:
        return comment
    if own:
        why = "deleted by its author"
    else:
        kind = ModerationAct.Kind.HIDE
        concerned = {"comment": comment, "discussion": discussion, "person": comment.author}
        why = act_write(kind=kind, by=by, why=why, **concerned).why  # as it is kept
    with pghistory.context(user=by.pk, why=why):
        comment.deleted_at = timezone.now()
        comment.deleted_by = by
        comment.save(update_fields=["deleted_at", "deleted_by"])
    _comment_recount(comment, discussion, -1)
    return comment


@transaction.atomic
def comment_restore(*, comment: Comment, by: User, why: str) -> Comment:
    """Show a comment again that a moderator hid. Twice is once.

    Raises
    ------
    Refused
        ``own`` when its author deleted it; ``why``; ``NotYours`` when ``by`` is no moderator.
    """
    discussion, comment = comment_hold(comment)
    if comment.deleted_at is None:
        return comment
    if comment.deleted_by_id == comment.author_id:
        raise Refused("own", _("Its author deleted this comment; only what moderators hid can be shown again."))
    kind = ModerationAct.Kind.RESTORE
    concerned = {"comment": comment, "discussion": discussion, "person": comment.author}
    why = act_write(kind=kind, by=by, why=why, **concerned).why
    with pghistory.context(user=by.pk, why=why):
        comment.deleted_at = comment.deleted_by = None
        comment.save(update_fields=["deleted_at", "deleted_by"])
    _comment_recount(comment, discussion, 1)
    return comment


def _comment_recount(comment: Comment, discussion: Discussion, change: int) -> None:
    comment_tags_write(comment, discussion)
    newest = discussion.comments.filter(deleted_at=None).order_by("-id").values_list("created_at", flat=True).first()
    Discussion.objects.filter(pk=discussion.pk).update(
        comments_count=F("comments_count") + change, last_comment_at=newest
    )


def _refuse_elsewhere(person: User, discussion: Discussion) -> None:
    """Let people write where they may: the page checked before, but the discussion may have been moved since."""
    if not may_read(person, discussion) or not may_write_on(person, discussion.board):
        raise Refused("no_access", _("You can read this board, but not write on it."))
    if discussion.locked:
        raise Refused("locked", _("A moderator closed this conversation. You can read it, but not write in it."))
