"""Moderators set up the boards."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import account_of, role_required
from accounts.models import Role
from talk import board_selectors
from talk.access import board_for
from talk.board_setup import board_change, board_create
from talk.errors import Refused
from talk.moderation_forms import BoardForm


@role_required(Role.MODERATOR)
@require_GET
def boards(request: HttpRequest) -> HttpResponse:
    """All boards that the moderator may read, in their order."""
    return render(request, "talk/moderation/boards.html", {"cards": board_selectors.board_cards(request.user)})


@role_required(Role.MODERATOR)
@require_http_methods(["GET", "POST"])
def board_new(request: HttpRequest) -> HttpResponse:
    """Make a board."""
    form = BoardForm(request.POST or None, by=account_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = board_create(by=account_of(request), slug=form.cleaned_data["slug"].lower(), values=form.values())
        except Refused as refusal:
            form.add_error("slug" if refusal.code == "taken" else None, refusal.message)
        else:
            messages.success(request, _("The board is there."))
            return redirect("talk:board", slug=made.slug)
    status = 422 if form.errors else 200
    return render(request, "talk/moderation/board_form.html", {"form": form}, status=status)


@role_required(Role.MODERATOR)
@require_http_methods(["GET", "POST"])
def board_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a board: its words, its place, who reads and writes."""
    found = board_for(request.user, slug)
    names = ("title", "description", "position", "parent", "read", "write")
    initial = {name: getattr(found, name) for name in names}
    form = BoardForm(request.POST or None, initial=initial, by=account_of(request), board=found)
    if request.method == "POST" and form.is_valid():
        try:
            board_change(board=found, by=account_of(request), values=form.values())
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The board is changed."))
            return redirect("talk:board", slug=slug)
    status = 422 if form.errors else 200
    return render(request, "talk/moderation/board_form.html", {"form": form, "board": found}, status=status)
