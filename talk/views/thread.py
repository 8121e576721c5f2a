"""The conversation part of a page: the same for a subject and for any other discussion."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from talk import selectors
from talk.access import Person, comments_readable, may_write_on
from talk.errors import Refused
from talk.following import discussion_read
from talk.forms import CommentForm
from talk.models import Board, Comment, Discussion
from talk.quoting import quote_of
from talk.standing import refuse_suspended
from talk.views.paging import number_of


def thread_context(
    request: HttpRequest, discussion: Discussion | None, board: Board | None, form: CommentForm | None
) -> dict[str, Any]:
    """What ``talk/_thread.html`` shows: a page of comments, and the box to write in or why there is none.

    Without a form it is an empty one, or begins an answer where the address says so (``?reply=`` the comment's id).
    """
    before = selectors.LATEST if request.GET.get("before") == selectors.LATEST else number_of(request, "before")
    page = selectors.discussion_comments(
        discussion, person=request.user, after=number_of(request, "after"), before=before
    )
    if discussion is not None and isinstance(request.user, User):
        discussion_read(person=request.user, discussion=discussion, comments=page.rows)
    answered = _answered(request, discussion, form)
    if form is None:
        initial = {"body": quote_of(author_name(answered), answered.body), "reply_to": answered.pk} if answered else {}
        form = CommentForm(initial=initial)
    return {
        "discussion": discussion,
        "page": page,
        "form": form,
        "answered": answered,
        "barred": barred(request.user, discussion, board),
    }


def barred(person: Person, discussion: Discussion | None, board: Board | None) -> str:
    """Why somebody with an account cannot write here, in words; empty for those who can, and for visitors."""
    if not isinstance(person, User):
        return ""
    if discussion is not None and discussion.locked:
        return _("A moderator closed this conversation. You can read it, but not write in it.")
    board = discussion.board if discussion is not None else board
    if board is not None and not may_write_on(person, board):
        return _("You can read this board, but not write on it.")
    try:
        refuse_suspended(person)
    except Refused as refusal:
        return refusal.message
    return ""


def author_name(comment: Comment) -> str:
    """The name that others see of a comment's author."""
    return comment.author.public_name if comment.author else _("former member")


def _answered(request: HttpRequest, discussion: Discussion | None, form: CommentForm | None) -> Comment | None:
    """The comment that is being answered: named by the address, or by what was sent and came back."""
    pk = number_of(request, "reply") if form is None else form.data.get("reply_to")
    if discussion is None or not pk or not str(pk).isdigit() or len(str(pk)) > 18:
        return None
    return comments_readable(request.user).filter(discussion=discussion, pk=int(pk)).select_related("author").first()
