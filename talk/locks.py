"""Rows held until the transaction ends, in one order everywhere, so that two writers cannot deadlock.

The order: the report, the person, the board, the discussion, the comment, the tags by name. Who changes many
discussions or comments at once holds all of one kind, by id, before anything of the next.
"""

from __future__ import annotations

from accounts.models import User
from talk.models import Board, Comment, Discussion, Report


def report_hold(report: Report) -> Report:
    """A report: no other moderator decides about it meanwhile."""
    return Report.objects.select_for_update(no_key=True).get(pk=report.pk)


def person_hold(person: User) -> User:
    """The row of a person: the queue of what they write. Who holds it may suspend them, or count what they wrote."""
    return User.objects.select_for_update(no_key=True).get(pk=person.pk)


def board_hold(board: Board) -> Board:
    """A board: nobody starts a discussion on it or changes who may read it meanwhile."""
    return Board.objects.select_for_update(no_key=True).get(pk=board.pk)


def discussion_hold(pk: int) -> Discussion:
    """A discussion: nobody writes in it meanwhile. Its board is read after the wait, not as it was before."""
    return Discussion.objects.select_for_update(no_key=True).get(pk=pk)


def comment_hold(comment: Comment) -> tuple[Discussion, Comment]:
    """A comment and its discussion."""
    discussion = discussion_hold(comment.discussion_id)
    held = Comment.objects.select_for_update(no_key=True).get(pk=comment.pk)
    held.discussion = discussion
    return discussion, held
