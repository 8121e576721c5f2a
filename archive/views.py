"""The archive's pages for the team."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import role_required
from accounts.models import Role, User
from archive import selectors, services
from archive.finding import PathRefused
from archive.forms import IngestForm
from archive.models import Observation, SourceFile

FORM_BYTES = 1024 * 1024  # what a form may weigh beside its files


@role_required(Role.SCIENTIST)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All observations, newest first."""
    query = request.GET.get("q", "").strip()[:80]
    page = selectors.observation_page(request.GET.get("at", ""), query=query)
    return render(request, "archive/index.html", {"page": page, "query": query})


@role_required(Role.SCIENTIST)
@require_safe
def observation(request: HttpRequest, name: str) -> HttpResponse:
    """One observation: its exposures, where they lie, their cutouts."""
    found = get_object_or_404(Observation, name=name)
    exposures = selectors.exposures_of(found)
    context = {
        "observation": found,
        "exposures": exposures,
        "page": selectors.cutout_page(found, request.GET.get("at", "")),
        "polygons": selectors.footprints_svg([exposure.footprint for exposure in exposures]),
    }
    if exposures:
        first = exposures[0]
        width_deg = 2 * first.width * first.pixel_scale_arcsec / 3600
        context["esasky"] = selectors.esasky_url(first.ra_deg, first.dec_deg, width_deg)
    return render(request, "archive/observation.html", context)


@role_required(Role.SCIENTIST)
@require_safe
def files(request: HttpRequest) -> HttpResponse:
    """All files that were offered, with what became of them."""
    state = request.GET.get("state", "")
    state = state if state in SourceFile.State.values else ""
    page = selectors.file_page(request.GET.get("at", ""), state=state)
    return render(request, "archive/files.html", {"page": page, "state": state, "states": SourceFile.State.choices})


# The token is checked inside: Django would read the whole upload for it before this view could refuse its size.
@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt
def ingest(request: HttpRequest) -> HttpResponse:
    """Ask for files to be taken in."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    limit = settings.INGEST_UPLOAD_MAX_BYTES + FORM_BYTES
    if request.method == "POST" and (not announced.isdigit() or int(announced) > limit):
        size = filesizeformat(settings.INGEST_UPLOAD_MAX_BYTES)
        problem = _("The files are larger than %(size)s together. Put them in a folder of the server.") % {"size": size}
        return _ingest_page(request, IngestForm(), problem=problem, status=413)
    return _ingest(request)


@csrf_protect
def _ingest(request: HttpRequest) -> HttpResponse:
    form = IngestForm(request.POST or None, request.FILES or None)
    if request.method != "POST":
        return _ingest_page(request, IngestForm())
    if not form.is_valid():
        return _ingest_page(request, form, status=422)
    given, user = form.cleaned_data, cast(User, request.user)
    try:
        if given["uploads"]:
            job = services.ingest_upload(given["uploads"], again=given["again"], requested_by=user)
        else:
            job = services.ingest_start([given["folder"]], confined=True, again=given["again"], requested_by=user)
    except PathRefused as error:
        form.add_error("uploads" if given["uploads"] else "folder", str(error))
        return _ingest_page(request, form, status=422)
    return redirect("jobs:detail", job.pk)


def _ingest_page(request: HttpRequest, form: IngestForm, *, problem: str = "", status: int = 200) -> HttpResponse:
    limits = {"roots": settings.INGEST_ROOTS, "limit_bytes": settings.INGEST_UPLOAD_MAX_BYTES}
    return render(request, "archive/ingest.html", {"form": form, "problem": problem, **limits}, status=status)
