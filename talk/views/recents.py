"""What was said last, in full: for those who want to read all of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import public
from talk.access import boards_readable
from talk.recents import RecentFilter, comments_recent
from talk.views.paging import number_of


@public
@require_GET
def recent(request: HttpRequest) -> HttpResponse:
    """The newest comments in full, of the boards, the tag and the people that the address names."""
    boards = list(boards_readable(request.user).order_by("-is_notes", "position", "title"))
    filters = RecentFilter.of(request.GET, boards=[board.slug for board in boards])
    page = comments_recent(request.user, filters, before=number_of(request, "before"))
    context = {"page": page, "filters": filters, "query": filters.query(), "all_boards": boards}
    return render(request, "talk/recent.html", context)
