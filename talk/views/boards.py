"""Boards, the discussions on them, and the page of a discussion that is no subject's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import account_of, public, signed_in
from talk import board_selectors, services
from talk.access import board_for, discussion_for
from talk.errors import Refused
from talk.forms import CommentForm, DiscussionForm
from talk.links import discussion_address
from talk.models import Discussion
from talk.views.paging import moment_of, number_of
from talk.views.thread import barred, thread_context


@public
@require_GET
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """The conversations of a board: those kept on top, then the liveliest first."""
    found = board_for(request.user, slug)
    before = moment_of(request.GET.get("before"))
    context = {
        "board": found,
        "inner": board_selectors.board_cards(request.user, parent=found) if not found.is_notes else [],
        "sticky": board_selectors.board_sticky(request.user, found) if before is None else [],
        "page": board_selectors.board_discussions(request.user, found, before=before),
        "barred": barred(request.user, None, found),
    }
    return render(request, "talk/board.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def discussion_start(request: HttpRequest, slug: str) -> HttpResponse:
    """Start a discussion on a board, about a subject (``?subject=`` its number) or about anything."""
    found = board_for(request.user, slug)
    if found.is_notes:
        return redirect("talk:board", slug=slug)
    form = DiscussionForm(request.POST or None, initial={"subject": number_of(request, "subject")})
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("title", "body", "subject", "key")}
        try:
            first = services.discussion_start(author=account_of(request), board=found, **given)
        except Refused as refusal:
            form.add_error("title" if refusal.code == "title" else "body", refusal.message)
        else:
            return redirect(f"{discussion_address(first.discussion)}#comment-{first.pk}")
    context = {"board": found, "form": form, "barred": barred(request.user, None, found)}
    return render(request, "talk/discussion_start.html", context, status=422 if form.errors else 200)


@public
@require_GET
def discussion(request: HttpRequest, pk: int) -> HttpResponse:
    """What people say in a discussion; the one about an image is on the image's page."""
    found = discussion_for(request.user, pk)
    if found.is_note:
        return redirect(discussion_address(found))
    return discussion_page(request, found)


def discussion_page(
    request: HttpRequest, found: Discussion, form: CommentForm | None = None, status: int = 200
) -> HttpResponse:
    """The page of a discussion with what is being written in it."""
    context = {"board": found.board, **thread_context(request, found, None, form)}
    return render(request, "talk/discussion.html", context, status=status)
