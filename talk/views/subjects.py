"""The page of a subject: its image beside what people say about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import public
from classify.frames import subject_frames
from classify.models import Subject
from classify.selectors import subject_for_viewer
from talk import selectors
from talk.forms import CommentForm
from talk.models import Board, Discussion
from talk.views.thread import thread_context

SUBJECTS = Subject.objects.select_related("cutout__exposure__observation")


@public
@require_GET
def subject(request: HttpRequest, pk: int) -> HttpResponse:
    """A subject beside what people say about it."""
    return subject_page(request, get_object_or_404(SUBJECTS, pk=pk))


@public
@require_GET
def cutout(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The way to the conversation for those who know only the image."""
    return redirect("talk:subject", pk=get_object_or_404(Subject, cutout__public_id=public_id).pk)


@public
@require_GET
def thumbnail(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture of a subject, for links to it; nothing where there is none."""
    public_id = Subject.objects.filter(pk=pk, cutout__isnull=False).values_list("cutout__public_id", flat=True).first()
    return redirect("archive:image", public_id=public_id) if public_id else HttpResponse(status=204)


def subject_page(
    request: HttpRequest, found: Subject, form: CommentForm | None = None, status: int = 200
) -> HttpResponse:
    """The page of a subject with what is being written on it."""
    discussion = selectors.discussion_of(request.user, found)
    notes = Board.objects.filter(is_notes=True).first() if discussion is None else None
    view = subject_for_viewer(found, in_classifier=False)
    context: dict[str, Any] = {
        "subject": found,
        "view": view | {"frames": subject_frames(view)},
        "tags": selectors.tags_popular(subject=found, limit=20),
        **thread_context(request, discussion, notes, form),
    }
    if discussion is None and Discussion.objects.filter(subject=found, is_note=True, hidden=True).exists():
        context["barred"] = _("Moderators took the conversation about this image out of sight.")
    return render(request, "talk/subject.html", context, status=status)
