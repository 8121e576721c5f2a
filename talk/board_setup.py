"""Moderators set up boards: titles, places, who may read and write. Tags count on boards for everybody only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import RANK, Role, User
from talk.access import accesses_of
from talk.acts import act_write, refuse_unless_moderator
from talk.errors import NotYours, Refused
from talk.locks import board_hold
from talk.models import ROLE_FOR, Board, Discussion, ModerationAct
from talk.retagging import discussions_tags_write


@dataclass(frozen=True)
class BoardValues:
    """What can be set of a board."""

    title: str
    description: str
    read: str
    write: str
    position: int
    parent: Board | None = None


@transaction.atomic
def board_create(*, by: User, slug: str, values: BoardValues) -> Board:
    """Make a board. Raises ``Refused`` (``taken``, ``parent``, ``wider``) and ``NotYours``."""
    _refuse_values(by, values, None)
    if Board.objects.filter(slug=slug).exists():
        raise Refused("taken", _("There is a board with this address already."))
    board = Board.objects.create(slug=slug, **vars(values))
    act_write(kind=ModerationAct.Kind.BOARD, by=by, details={"board": slug, "made": _said(values)})
    return board


@transaction.atomic
def board_change(*, board: Board, by: User, values: BoardValues, why: str = "") -> Board:
    """Change a board. When everybody may read it from now on, or no longer, the tags on it follow at once.

    Raises
    ------
    Refused
        ``parent`` (boards lie one deep), ``wider`` (a sub-board for more readers than its board), ``notes`` (which
        everybody may read); ``NotYours`` when ``by`` is no moderator or may not read the board.
    """
    refuse_unless_moderator(by)
    board = board_hold(board)
    if board.read not in accesses_of(by):
        raise NotYours("not_yours", _("You cannot read that board."))
    _refuse_values(by, values, board)
    before = BoardValues(**{name: getattr(board, name) for name in BoardValues.__dataclass_fields__})
    if before == values:
        return board
    for name, value in vars(values).items():
        setattr(board, name, value)
    board.save(update_fields=list(vars(values)))
    if before.read != values.read:
        _tags_follow(board)
    details = {"board": board.slug, "before": _said(before), "after": _said(values)}
    act_write(kind=ModerationAct.Kind.BOARD, by=by, why=why, details=details)
    return board


def _refuse_values(by: User, values: BoardValues, board: Board | None) -> None:
    refuse_unless_moderator(by)
    mine = accesses_of(by)
    kept = [board.write] if board is not None else []  # what stands may stay
    if values.read not in mine or values.write not in [*mine, *kept]:
        raise NotYours("not_yours", _("You can make boards for readers and writers that you belong to."))
    if board is not None and board.is_notes and (values.parent or ROLE_FOR[values.read]):
        raise Refused("notes", _("The notes are for everybody to read, and in no other board."))
    parent = values.parent
    if parent is not None:
        has_own = board is not None and board.children.exists()
        if parent.parent_id is not None or parent.is_notes or has_own or (board is not None and parent.pk == board.pk):
            raise Refused("parent", _("A sub-board lies in a board that is no sub-board itself, nor the notes."))
        if _rank(parent.read) > _rank(values.read):
            raise Refused("wider", _("A sub-board cannot have more readers than the board it lies in."))
    if board is not None and any(_rank(child.read) < _rank(values.read) for child in board.children.all()):
        raise Refused("wider", _("A sub-board of it has more readers. Change that one first."))


def _tags_follow(board: Board) -> None:
    # Whoever posts holds the discussion: after the wait its tags are there, and what comes later sees the new rule.
    # All of them first, then the tags: whoever posts holds a discussion and waits for a tag.
    held = list(Discussion.objects.select_for_update(no_key=True).filter(board=board).order_by("pk"))
    for discussion in held:
        discussion.board = board
    discussions_tags_write(held)


def _rank(access: str) -> int:
    role = ROLE_FOR[access]
    return RANK[Role(role)] if role else 0


def _said(values: BoardValues) -> dict[str, object]:
    return vars(values) | {"parent": values.parent.slug if values.parent else None}
