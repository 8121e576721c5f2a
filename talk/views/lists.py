"""Lists over all of Talk: its front page, what was said last, a tag."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import public
from talk import board_selectors, selectors
from talk.views.paging import number_of


@public
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The front page of Talk: what was said last, in full, and what people talk about."""
    page = selectors.comments_recent(request.user, limit=10)
    context = {"page": page, "cards": board_selectors.board_cards(request.user), "popular": selectors.tags_popular()}
    return render(request, "talk/index.html", context)


@public
@require_GET
def recent(request: HttpRequest) -> HttpResponse:
    """All comments, the newest first."""
    page = selectors.comments_recent(request.user, before=number_of(request, "before"))
    return render(request, "talk/recent.html", {"page": page, "popular": selectors.tags_popular()})


@public
@require_GET
def tag(request: HttpRequest, name: str) -> HttpResponse:
    """Everything with a tag: the images as a contact sheet, and what was written."""
    found = selectors.tag_named(name)
    if found is None:
        raise Http404
    context = {
        "tag": found,
        "subjects": selectors.tag_subjects(found, before=number_of(request, "subjects_before")),
        "page": selectors.tag_comments(found, before=number_of(request, "before"), limit=10),
        "popular": selectors.tags_popular(),
        "current": {name: value for name, value in request.GET.items() if name in ("before", "subjects_before")},
    }
    return render(request, "talk/tag.html", context)
