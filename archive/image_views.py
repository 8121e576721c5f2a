"""The pictures that everyone sees, and the cutouts as data for the team."""

from __future__ import annotations

import uuid

from django.core.files import File
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from accounts.access import public, role_required
from accounts.models import Role
from archive import renderings, selectors
from archive.locks import Busy
from archive.models import Cutout

FOR_EVER = "public, max-age=31536000, immutable"  # an id names content, a recipe and a box: it never changes


@public
@require_safe
def image(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The 8-bit JPEG for people."""
    cutout = _cutout(public_id)
    return _known(request, cutout, "jpg") or _picture(cutout.jpeg.open("rb"), cutout, "image/jpeg", "jpg")


@public
@require_safe
def image_rg16(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The 16-bit picture for stretching in the browser."""
    cutout = _cutout(public_id)
    known = _known(request, cutout, "webp")
    if known is not None:
        return known
    try:
        return _picture(renderings.cutout_rg16(cutout), cutout, "image/webp", "webp")
    except Busy:
        return HttpResponse(
            "Too many pictures are being made at the moment; ask again.\n",
            status=503,
            content_type="text/plain",
            headers={"Retry-After": "2", "Cache-Control": "no-store"},
        )


@role_required(Role.SCIENTIST)
@require_safe
def cutout_fits(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """A cutout as FITS, with its exact WCS."""
    cutout = _cutout(public_id)
    name = f"{cutout.exposure.observation.name}_{cutout.exposure.extension}_{cutout.x0}_{cutout.y0}.fits"
    response = HttpResponse(renderings.cutout_fits(cutout), content_type="application/fits")
    response.headers["Content-Disposition"] = f'attachment; filename="{_plain(name)}"'
    return response


def _cutout(public_id: uuid.UUID) -> Cutout:
    cutout = selectors.cutout_by_public_id(public_id)
    if cutout is None:
        raise Http404
    return cutout


def _known(request: HttpRequest, cutout: Cutout, kind: str) -> HttpResponse | None:
    """304 when the browser has it already."""
    response = get_conditional_response(request, etag=_etag(cutout, kind))
    if response is not None:
        response.headers["Cache-Control"] = FOR_EVER
    return response


def _picture(content: File[bytes], cutout: Cutout, content_type: str, kind: str) -> HttpResponse:
    with content:
        response = HttpResponse(content.read(), content_type=content_type)
    response.headers["Cache-Control"] = FOR_EVER
    response.headers["ETag"] = _etag(cutout, kind)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Keeps GZipMiddleware away: it would spend time on making compressed pictures larger.
    response.headers["Content-Encoding"] = "identity"
    return response


def _etag(cutout: Cutout, kind: str) -> str:
    return f'"{cutout.public_id}.{kind}"'


def _plain(name: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
