"""What a person was told."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account_of, signed_in
from talk import following as follows
from talk.telling import said, target_of
from talk.views.paging import number_of


@signed_in
@require_GET
def notifications(request: HttpRequest) -> HttpResponse:
    """What one was told, the newest first."""
    page = follows.notifications_of(account_of(request), before=number_of(request, "before"))
    rows = [(row, said(row)) for row in page.rows]
    return render(request, "talk/notifications.html", {"rows": rows, "page": page})


@signed_in
@require_POST
def notifications_read(request: HttpRequest) -> HttpResponse:
    """Mark everything as read, up to the newest that the page showed."""
    given = request.POST.get("up_to", "")
    up_to = int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else None
    follows.notifications_read(account_of(request), up_to=up_to)
    return redirect("talk:notifications")


@signed_in
@require_GET
def notification(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one: on to what it speaks of. One that is not there, or not one's own, leads to the list."""
    found = follows.notification_read(account_of(request), pk)
    return redirect(target_of(found) if found is not None else "talk:notifications")


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """To the page a form was on, where it is ours."""
    given = request.POST.get("next", "")
    safe = given.startswith("/") and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    return redirect(given if safe else otherwise)
