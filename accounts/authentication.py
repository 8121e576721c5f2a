"""How REST requests say who they are: the session of the pages."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class VolunteerSessionAuthentication(SessionAuthentication):
    """Sessions as in the pages; anonymous volunteers are checked for CSRF, too: their cookie also identifies."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        user = getattr(request._request, "user", None)
        # Django's own request: the framework's would parse the body before any limit could refuse it.
        self.enforce_csrf(request._request)  # type: ignore[arg-type]
        return (user, None) if user and user.is_active and user.is_authenticated else None

    def authenticate_header(self, request: Request) -> str:
        return "Session"  # so that "not signed in" is 401, not 403
