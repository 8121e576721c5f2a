"""What moderators do with a discussion: close it, keep it on top, hide it, move it. Each act is kept, and why."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from talk.access import accesses_of, may_read
from talk.acts import act_write, refuse_unless_moderator
from talk.errors import NotYours, Refused
from talk.locks import board_hold, discussion_hold
from talk.models import Board, Discussion, ModerationAct
from talk.retagging import discussions_tags_write

Kind = ModerationAct.Kind
STICKY_PER_BOARD = 20
"""The ones on top come before all others, on the first page of their board."""


@transaction.atomic
def discussion_lock(*, discussion: Discussion, by: User, why: str = "", locked: bool = True) -> Discussion:
    """End a conversation, or open it again; what was said stays readable. Twice is once.

    Raises
    ------
    Refused
        ``why``; ``NotYours`` when ``by`` is no moderator or may not read it.
    """
    discussion = _held(discussion, by)
    if discussion.locked != locked:
        discussion.locked = locked
        discussion.save(update_fields=["locked"])
        act_write(kind=Kind.LOCK if locked else Kind.UNLOCK, by=by, why=why, discussion=discussion)
    return discussion


@transaction.atomic
def discussion_stick(*, discussion: Discussion, by: User, why: str = "", sticky: bool = True) -> Discussion:
    """Keep a conversation on top of its board, or let it sink again. Twice is once.

    Raises
    ------
    Refused
        ``too_many`` on one board; ``NotYours`` when ``by`` is no moderator or may not read it.
    """
    refuse_unless_moderator(by)
    board_hold(discussion.board)
    discussion = _held(discussion, by)
    if sticky and not discussion.sticky:
        _refuse_too_many_sticky(discussion.board)
    if discussion.sticky != sticky:
        discussion.sticky = sticky
        discussion.save(update_fields=["sticky"])
        act_write(kind=Kind.STICK if sticky else Kind.UNSTICK, by=by, why=why, discussion=discussion)
    return discussion


@transaction.atomic
def discussion_hide(*, discussion: Discussion, by: User, why: str = "", hidden: bool = True) -> Discussion:
    """Take a whole conversation out of sight of all but moderators, with its tags, or show it again. Twice is once.

    Raises
    ------
    Refused
        ``why``; ``NotYours`` when ``by`` is no moderator or may not read it.
    """
    discussion = _held(discussion, by)
    if discussion.hidden != hidden:
        discussion.hidden = hidden
        discussion.save(update_fields=["hidden"])
        discussions_tags_write([discussion])
        kind = Kind.HIDE_DISCUSSION if hidden else Kind.SHOW_DISCUSSION
        act_write(kind=kind, by=by, why=why, discussion=discussion)
    return discussion


@transaction.atomic
def discussion_move(*, discussion: Discussion, by: User, board: Board, why: str = "") -> Discussion:
    """Put a conversation on another board; its tags count where everybody can read. Twice is once.

    Raises
    ------
    Refused
        ``why``; ``note`` (the conversation of an image stays with it) or ``notes`` (that board has nothing else);
        ``NotYours`` when ``by`` is no moderator or may not read one of the boards.
    """
    refuse_unless_moderator(by)
    board = board_hold(board)
    discussion = _held(discussion, by)
    if discussion.board_id == board.pk:
        return discussion
    if discussion.is_note:
        raise Refused("note", _("This is the conversation of an image; it stays among the notes."))
    if board.is_notes:
        raise Refused("notes", _("Among the notes there is one conversation per image and nothing else."))
    if board.read not in accesses_of(by):
        raise NotYours("not_yours", _("You cannot read that board."))
    if discussion.sticky:
        _refuse_too_many_sticky(board)
    before, discussion.board = discussion.board, board
    discussion.save(update_fields=["board"])
    if before.read != board.read:
        discussions_tags_write([discussion])
    details = {"from": before.title, "to": board.title}
    act_write(kind=Kind.MOVE, by=by, why=why, discussion=discussion, details=details)
    return discussion


def _held(discussion: Discussion, by: User) -> Discussion:
    refuse_unless_moderator(by)
    discussion = discussion_hold(discussion.pk)
    if not may_read(by, discussion):
        raise NotYours("not_yours", _("You cannot read that board."))
    return discussion


def _refuse_too_many_sticky(board: Board) -> None:
    if Discussion.objects.filter(board=board, sticky=True).count() >= STICKY_PER_BOARD:
        raise Refused(
            "too_many",
            _("A board keeps %(most)d conversations on top. Let another one sink first.") % {"most": STICKY_PER_BOARD},
        )
