"""Who is classifying: the account, or the anonymous browser that a signed cookie remembers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "volunteer"
SALT = "accounts.volunteer"
TWO_YEARS_S = 2 * 365 * 24 * 3600


def volunteer(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Put the anonymous key of the cookie on the request; the cookie follows when a view makes or forgets a key."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.volunteer_key = _read(request.COOKIES.get(COOKIE, ""))  # type: ignore[attr-defined]
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


@lru_cache(maxsize=4096)  # a signature holds for good: people who come again and again need not be checked anew
def _read(cookie: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(signing.loads(cookie, salt=SALT)))
    except (signing.BadSignature, ValueError):
        return None
