"""Reads of boards: which there are for a person, and what is on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery

from talk.access import Person, boards_readable, discussions_readable, sees_hidden
from talk.discussions import STICKY_PER_BOARD
from talk.models import Board, Discussion
from talk.selectors import SUBJECTS_PER_PAGE, Page


@dataclass(frozen=True)
class BoardCard:
    """A board on a list, when somebody wrote on it last, and the boards in it."""

    board: Board
    newest: Discussion | None
    inner: list[BoardCard] = field(default_factory=list)


def board_cards(person: Person, *, parent: Board | None = None) -> list[BoardCard]:
    """The boards that a person may read (or those in one of them), by position, the notes first."""
    rows = boards_readable(person) if parent is None else boards_readable(person).filter(parent=parent)
    found = list(
        rows.annotate(newest=_newest(person, sticky=False), newest_sticky=_newest(person, sticky=True)).order_by(
            "-is_notes", "position", "title"
        )
    )
    last = Discussion.objects.in_bulk({pk for board in found for pk in (board.newest, board.newest_sticky) if pk})
    cards = {}
    for board in found:
        known = [last[pk] for pk in (board.newest, board.newest_sticky) if pk in last]
        cards[board.pk] = BoardCard(board, max(known, key=_when, default=None))
    for card in cards.values():
        if card.board.parent_id in cards:
            cards[card.board.parent_id].inner.append(card)
    return [card for card in cards.values() if card.board.parent_id not in cards]


def _when(discussion: Discussion) -> tuple[datetime, int]:
    return discussion.last_comment_at or discussion.created_at, discussion.pk


def _newest(person: Person, *, sticky: bool) -> Subquery:
    """Of each board the discussion with something to read that was written in last: sticky ones and the others apart,
    as the index has them, so that one row is read and not a board full.
    """
    rows = Discussion.objects.filter(board=OuterRef("pk"), sticky=sticky, comments_count__gt=0)
    if not sees_hidden(person):
        rows = rows.filter(hidden=False)
    return Subquery(rows.order_by("-last_comment_at", "-pk").values("pk")[:1])


def board_sticky(person: Person, board: Board) -> list[Discussion]:
    """The conversations that moderators keep on top of a board."""
    return list(_of_board(person, board).filter(sticky=True).order_by("-last_comment_at", "-pk")[:STICKY_PER_BOARD])


def board_discussions(
    person: Person, board: Board, *, before: tuple[datetime, int] | None = None, limit: int = SUBJECTS_PER_PAGE
) -> Page[Discussion]:
    """The other conversations of a board with something to read, the most recent first."""
    rows = _of_board(person, board).filter(sticky=False)
    if before is not None:
        at, pk = before
        rows = rows.filter(Q(last_comment_at__lt=at) | Q(last_comment_at=at, pk__lt=pk), last_comment_at__lte=at)
    found = list(rows.order_by("-last_comment_at", "-pk")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    key = f"{last.last_comment_at.timestamp():.6f}_{last.pk}" if last and last.last_comment_at else None
    return Page(found[:limit], after=key)


def _of_board(person: Person, board: Board) -> QuerySet[Discussion]:
    rows = discussions_readable(person).filter(board=board, comments_count__gt=0)
    return rows.select_related("subject__cutout", "started_by")
