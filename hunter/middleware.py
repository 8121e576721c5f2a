"""Every request has an id, in the answer and in the log."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property

_SAFE = re.compile(r"[A-Za-z0-9-]{8,64}")


def _without_nul(request: HttpRequest) -> None:
    """No text of PostgreSQL holds a NUL: addresses with one name nothing, cookies with one are not ours."""
    if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        request.path_info = request.path = "/%00"
        request.META["QUERY_STRING"] = ""
    for name in [name for name, value in request.COOKIES.items() if "\x00" in value]:
        del request.COOKIES[name]


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Take the proxy's request id, or make one; send it back as ``X-Request-ID``."""

    def middleware(request: HttpRequest) -> HttpResponse:
        _without_nul(request)
        given = request.META.get("HTTP_X_REQUEST_ID", "")  # without making an object of all headers
        request.id = given if _SAFE.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        response = get_response(request)
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response

    return middleware


class PageMessages(MessageMiddleware):
    """Messages for people who read pages; REST has none, and need not look for any."""

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith("/api/"):
            return self.get_response(request)
        return super().__call__(request)


class OnePolicy(CSPMiddleware):
    """The content security policy, written once: it is the same for all answers but those that say otherwise."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        special = settings.DEBUG or HEADER in response or any(name.startswith("_csp") for name in vars(response))
        if special or getattr(request, "_csp_nonce", None) is not None:
            return super().process_response(request, response)
        response[HEADER] = self._policy
        return response

    @cached_property
    def _policy(self) -> str:
        return build_policy()
