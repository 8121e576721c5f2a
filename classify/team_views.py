"""Pages of the team about votes. Volunteers never see these before or after."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.access import role_required
from accounts.models import Role
from classify.models import Subject
from classify.paths import paths_of
from classify.selectors import subject_for_viewer


@role_required(Role.SCIENTIST)
@require_safe
def votes(request: HttpRequest, pk: int) -> HttpResponse:
    """How the voting on a subject went, and which rule ended it."""
    subject = get_object_or_404(Subject.objects.select_related("cutout__exposure__observation"), pk=pk)
    view = subject_for_viewer(subject, in_classifier=False)
    return render(request, "classify/votes.html", {"subject": subject, "view": view, "paths": paths_of(subject)})
