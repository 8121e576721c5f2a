"""What teaches people, as pages: pictures, the field guide, the training, what was seen and what is liked."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from accounts.access import public
from classify.models import Picture
from classify.pictures import picture_bytes

FOR_EVER = "public, max-age=31536000, immutable"  # a picture is never changed, only replaced by another


@public
@require_safe
def picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """A picture of the tutorial or the field guide."""
    found = get_object_or_404(Picture, public_id=public_id)
    etag = f'"{found.public_id}"'
    known = get_conditional_response(request, etag=etag)
    if known is not None:
        known.headers["Cache-Control"] = FOR_EVER
        return known
    data = picture_bytes(found)
    if data is None:
        raise Http404
    headers = {"Cache-Control": FOR_EVER, "ETag": etag, "X-Content-Type-Options": "nosniff"}
    response = HttpResponse(data, content_type="image/webp", headers=headers)
    # Keeps GZipMiddleware away: it would spend time on making compressed pictures larger.
    response.headers["Content-Encoding"] = "identity"
    return response
