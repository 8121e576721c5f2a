"""Collections and favourites."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import account_of, public, signed_in
from classify.models import Subject
from talk import collecting
from talk.errors import Refused
from talk.list_forms import CollectionForm


@public
@require_GET
def collections(request: HttpRequest) -> HttpResponse:
    """One's own collections, and everybody's public ones."""
    mine = collecting.collections_of(account_of(request)) if request.user.is_authenticated else []
    page = collecting.collections_public(request.GET.get("at", ""))
    return render(request, "talk/collections.html", {"mine": mine, "page": page})


@public
@require_GET
def collection(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A collection as a contact sheet."""
    found = collecting.collection_for(request.user, public_id)
    page = collecting.collection_items(found, request.GET.get("at", ""))
    context = {"collection": found, "page": page, "mine": found.owner_id == request.user.pk}
    return render(request, "talk/collection.html", context)


@signed_in
@require_GET
def favourites(request: HttpRequest) -> HttpResponse:
    """One's own favourites as a contact sheet."""
    page = collecting.favourites_of(account_of(request), request.GET.get("at", ""))
    return render(request, "talk/favourites.html", {"page": page})


@signed_in
@require_http_methods(["GET", "POST"])
def collection_new(request: HttpRequest) -> HttpResponse:
    """Begin a collection."""
    form = CollectionForm(request.POST if request.method == "POST" else None)
    return _edited(request, form)


@signed_in
@require_http_methods(["GET", "POST"])
def collection_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change one's own collection."""
    found = collecting.own_collection(account_of(request), public_id)
    form = CollectionForm(request.POST if request.method == "POST" else None, instance=found)
    return _edited(request, form)


def _edited(request: HttpRequest, form: CollectionForm) -> HttpResponse:
    known = form.instance if form.instance.pk else None
    if request.method == "POST" and form.is_valid():
        try:
            made = collecting.collection_save(owner=account_of(request), collection=known, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect("talk:collection", public_id=made.public_id)
    context = {"form": form, "collection": known}
    return render(request, "talk/collection_edit.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def collection_delete(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Remove one's own collection."""
    found = collecting.own_collection(account_of(request), public_id)
    collecting.collection_delete(collection=found)
    messages.success(request, _("The collection “%(title)s” is gone.") % {"title": found.title})
    return redirect("talk:collections")


@signed_in
@require_POST
def collect(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a subject into one of one's collections, or into a new private one."""
    subject, owner = get_object_or_404(Subject, pk=pk), account_of(request)
    given = request.POST.get("collection", "")
    try:
        if given:
            found = collecting.own_collection(owner, _uuid(given))
        else:
            found = collecting.collection_save(owner=owner, title=request.POST.get("title", "")[:140])
        collecting.subject_collect(collection=found, subject=subject)
        messages.success(request, _("The image is in your collection “%(title)s”.") % {"title": found.title})
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("talk:subject", pk=pk)


@signed_in
@require_POST
def uncollect(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    """Take a subject out of one's own collection."""
    found = collecting.own_collection(account_of(request), public_id)
    collecting.subject_uncollect(collection=found, subject=get_object_or_404(Subject, pk=pk))
    return redirect("talk:collection", public_id=public_id)


def _uuid(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        return UUID(int=0)  # nobody's
