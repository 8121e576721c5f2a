"""The front page of Talk."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import public
from talk import board_selectors, selectors


@public
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The front page of Talk: what was said last, in full, and what people talk about."""
    page = selectors.comments_recent(request.user, limit=10)
    context = {"page": page, "cards": board_selectors.board_cards(request.user)}
    return render(request, "talk/index.html", context)
