"""What a person follows, and how closely."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account_of, signed_in
from talk import following as follows
from talk.access import boards_readable, discussion_for
from talk.models import Follow, Level, Tag
from talk.views.notifications import back
from talk.views.paging import number_of


@signed_in
@require_GET
def following(request: HttpRequest) -> HttpResponse:
    """What one set a level for, with what is new there."""
    page = follows.followed(account_of(request), before=number_of(request, "before"))
    return render(request, "talk/following.html", {"page": page})


@signed_in
@require_POST
def follow(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Set the level for a discussion, a board or a tag."""
    person = account_of(request)
    level = request.POST.get("level", "")
    if level not in {str(value) for value in Level.values}:
        return HttpResponse(status=422)
    follows.follow_set(person=person, what=_followed(request, kind, pk), level=Level(int(level)))
    return back(request, "talk:following")


def _followed(request: HttpRequest, kind: str, pk: int) -> follows.Followed:
    if kind == "discussion":
        return discussion_for(request.user, pk)
    if kind == "board":
        return get_object_or_404(boards_readable(request.user), pk=pk)
    if kind == "tag":
        tag = get_object_or_404(Tag.objects.select_related("merged_into"), pk=pk)
        tag = tag.merged_into or tag
        if tag.uses_count or Follow.objects.filter(person=account_of(request), tag=tag).exists():
            return tag
        raise Http404  # its comments are hidden, and so is its name
    raise Http404
