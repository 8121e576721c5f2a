"""The search page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import public
from talk.queries import MOST_CHARACTERS, query_of
from talk.search import Results
from talk.search import search as find
from talk.views.paging import number_of


@public
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """What fits the search, the newest first."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:MOST_CHARACTERS]
    query = query_of(text)
    results = find(request.user, query, before=number_of(request, "before")) if query else Results([])
    context = {"search_text": text, "asked": query, "results": results}
    return render(request, "talk/search.html", context)
