"""The one door to what people wrote: what a person may read, and where they may write.

A person may know of a discussion when they may read its board and it is not hidden; moderators see hidden ones, too.
Whoever asks for anything else gets 404, as for what does not exist. Pages, REST and exports all come through here.
"""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.models import Role, User
from talk.models import ROLE_FOR, Access, Board, Comment, Discussion

Person = User | AbstractBaseUser | AnonymousUser | None
"""Somebody with an account, or anybody."""


def accesses_of(person: Person) -> list[str]:
    """The kinds of access that a person has: what ``Board.read`` and ``Board.write`` may say for them."""
    return [access for access in Access.values if _has(person, ROLE_FOR[access])]


def sees_hidden(person: Person) -> bool:
    """Whether a person is shown what moderators hid."""
    return _has(person, Role.MODERATOR)


def readable(person: Person, discussion: str = "") -> Q:
    """The condition that a person may read a discussion; ``discussion`` is the way to it, such as ``discussion__``."""
    fits = Q(**{f"{discussion}board__read__in": accesses_of(person)})
    return fits if sees_hidden(person) else fits & Q(**{f"{discussion}hidden": False})


def boards_readable(person: Person) -> QuerySet[Board]:
    """The boards that a person may read."""
    return Board.objects.filter(read__in=accesses_of(person))


def discussions_readable(person: Person) -> QuerySet[Discussion]:
    """The discussions that a person may read, with their boards."""
    return Discussion.objects.select_related("board").filter(readable(person))


def comments_readable(person: Person) -> QuerySet[Comment]:
    """The comments that a person may read, in discussions they may read; without the deleted ones."""
    return _comments(person).filter(deleted_at=None)


def board_for(person: Person, slug: str) -> Board:
    """A board by its name in addresses. Raises ``Http404`` when the person may not know of it."""
    found = boards_readable(person).filter(slug=slug).select_related("parent").first()
    if found is None:
        raise Http404
    return found


def discussion_for(person: Person, pk: int) -> Discussion:
    """A discussion with its board and subject. Raises ``Http404`` when the person may not know of it."""
    found = discussions_readable(person).select_related("subject__cutout").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def comment_for(person: Person, pk: int, *, with_deleted: bool = False) -> Comment:
    """A comment with its author, discussion, board and subject.

    Raises ``Http404`` when the person may not know of it, and for a deleted one unless it is asked for.
    """
    found = _comments(person) if with_deleted else comments_readable(person)
    comment = found.select_related("author", "discussion__board", "discussion__subject__cutout").filter(pk=pk).first()
    if comment is None:
        raise Http404
    return comment


def may_read(person: Person, discussion: Discussion) -> bool:
    """Whether a person may read a discussion that is already at hand."""
    return _has(person, ROLE_FOR[discussion.board.read]) and (not discussion.hidden or sees_hidden(person))


def may_write_on(person: Person, board: Board) -> bool:
    """Whether a person's role lets them write on a board: they may read it, too. Suspensions are asked for apart."""
    return _signed_in(person) and _has(person, ROLE_FOR[board.read]) and _has(person, ROLE_FOR[board.write])


def _comments(person: Person) -> QuerySet[Comment]:
    return Comment.objects.filter(readable(person, "discussion__"))


def _signed_in(person: Person) -> bool:
    return isinstance(person, User) and person.is_active


def _has(person: Person, role: Role | None) -> bool:
    return role is None or (isinstance(person, User) and person.has_role(role))
