"""Pages of releases: the list, one with its figures and files, two compared; publishing; the cone search."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import account_of, public, role_required
from accounts.models import Role
from catalogue.models import Release
from catalogue.releases import reading
from catalogue.releases.charts import group_names, release_charts, release_map
from catalogue.releases.cone import CONTENT_TYPE, BadCone, cone_of, cone_votable, error_votable
from catalogue.releases.forms import ReleaseForm
from catalogue.releases.making import release_make

CHANGED_SHOWN = 200


@public
@require_safe
def releases(request: HttpRequest) -> HttpResponse:
    """All releases, the newest first."""
    return render(request, "catalogue/releases.html", {"page": reading.releases_page(request.GET.get("at", ""))})


@public
@require_safe
def release(request: HttpRequest, slug: str) -> HttpResponse:
    """One release: figures, files with checksums, how to cite it, what changed."""
    heavy = ("changes", "previous__columns", "previous__figures", "previous__changes", "previous__made_of")
    found = get_object_or_404(Release.objects.select_related("by", "previous").defer(*heavy), slug=slug)
    context = {
        "release": found,
        "files": reading.release_files(found),
        "charts": release_charts(found),
        "sky": release_map(found),
        "groups": group_names(),
    }
    return render(request, "catalogue/release.html", context)


@public
@require_safe
def release_file(request: HttpRequest, slug: str, fmt: str) -> HttpResponse:
    """A release as a file; it never changes, so it may be kept."""
    found = get_object_or_404(reading.releases_brief(), slug=slug).files.filter(format=fmt).first()
    if found is None:
        raise Http404
    try:
        content = reading.file_content(found)
    except reading.Damaged:
        message = _("This file is not what was released: its checksum is another. Tell the people who run this site.")
        return HttpResponse(message, status=500, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content, content_type=found.content_type)
    response["Content-Disposition"] = f'attachment; filename="{found.name}"'
    response["ETag"] = f'"{found.sha256}"'
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@public
@require_safe
def compare(request: HttpRequest, slug: str, other: str) -> HttpResponse:
    """What is different between two releases."""
    after, before = (get_object_or_404(reading.releases_brief(), slug=name) for name in (slug, other))
    changes = reading.releases_compared(before, after)
    changed = list(changes["changed"].items())
    context = {
        "before": before,
        "after": after,
        "changes": changes,
        "changed": changed[:CHANGED_SHOWN],
        "changed_count": len(changed),
    }
    return render(request, "catalogue/release_compare.html", context)


@role_required(Role.SCIENTIST)
@require_http_methods(["GET", "POST"])
def release_new(request: HttpRequest) -> HttpResponse:
    """Publish what is accepted now."""
    form = ReleaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = release_make(by=account_of(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, [text for why in _messages(error) for text in why])
        else:
            messages.success(request, _("The release is published. From now on nobody can change it."))
            return redirect("releases:release", slug=made.slug)
    return render(request, "catalogue/release_new.html", {"form": form}, status=422 if form.errors else 200)


def _messages(error: ValidationError) -> list[list[str]]:
    return list(error.message_dict.values()) if hasattr(error, "error_dict") else [error.messages]


@public
@require_safe
def cone(request: HttpRequest, slug: str) -> HttpResponse:
    """IVOA Simple Cone Search: ?RA=…&DEC=…&SR=… in degrees."""
    found = get_object_or_404(reading.releases_brief(), slug=slug)
    try:
        content = cone_votable(found, cone_of(request.GET))
    except BadCone as error:
        content = error_votable(str(error))  # with 200, as the recommendation has it
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    response["Access-Control-Allow-Origin"] = "*"  # public data, asked for by tools in browsers, too
    return response
