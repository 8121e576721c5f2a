"""Who is classifying: the account, or the anonymous browser that a signed cookie remembers."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "volunteer"
SALT = "accounts.volunteer"
TWO_YEARS_S = 2 * 365 * 24 * 3600


def volunteer(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Put the anonymous key of the cookie on the request; the cookie follows when a view makes or forgets a key."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.volunteer_key = _read(request)  # type: ignore[attr-defined]
        before = request.volunteer_key  # type: ignore[attr-defined]
        response = get_response(request)
        after = request.volunteer_key  # type: ignore[attr-defined]
        if after is None and before is not None:
            response.delete_cookie(COOKIE, samesite="Lax")
        elif after is not None and after != before:
            response.set_cookie(
                COOKIE,
                signing.dumps(str(after), salt=SALT),
                max_age=TWO_YEARS_S,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response

    return middleware


def _read(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)))
    except (signing.BadSignature, ValueError):
        return None
