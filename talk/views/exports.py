"""Talk as files, for the team."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import account_of, role_required
from accounts.models import Role
from talk.exporting import KINDS, export_archive


@role_required(Role.SCIENTIST)
@require_GET
def exports(request: HttpRequest) -> HttpResponse:
    """What can be downloaded."""
    return render(request, "talk/exports.html")


@role_required(Role.SCIENTIST)
@require_GET
def export(request: HttpRequest, kind: str) -> StreamingHttpResponse:
    """All comments or tags that one may read, in Zooniverse's shape."""
    if kind not in KINDS:
        raise Http404
    response = StreamingHttpResponse(export_archive(kind, account_of(request)), content_type="application/gzip")
    response["Content-Disposition"] = f'attachment; filename="talk-{kind}-{timezone.now():%Y%m%d}.tar.gz"'
    return response
