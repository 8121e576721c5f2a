"""Boards and what is on them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import public
from talk import selectors
from talk.access import board_for
from talk.views.paging import moment_of


@public
@require_GET
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """The conversations of a board, the liveliest first."""
    found = board_for(request.user, slug)
    page = selectors.board_discussions(found, before=moment_of(request.GET.get("before")))
    return render(request, "talk/board.html", {"board": found, "page": page, "popular": selectors.tags_popular()})
