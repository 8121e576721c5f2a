"""A short way to the two addresses that are asked with every answer of a volunteer.

The middleware of pages took a fifth of such a request: each costs a call or two, several write headers that never
change, and some are of no use to JSON (files, messages, htmx, forms of accounts). Here the same classes of Django do
what is left, in the same order; what never changes is asked of them once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.gzip import GZipMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation
from django.utils.cache import patch_vary_headers

from accounts.middleware import volunteer
from accounts.quick import QuickView
from hunter.middleware import OnePolicy

PLACES = ("/api/workflows/", "/api/classifications/")
GZIP_FROM = 200  # bytes; as Django's
Answer = Callable[[HttpRequest], HttpResponse]
_safe: Any = convert_exception_to_response


class Lane:
    """Lets a `QuickView` answer by the short way; all other requests go on as they did."""

    def __init__(self, get_response: Answer) -> None:
        self._pages = get_response
        self._answer: Answer = _safe(self._through)
        self._inner: Answer = _safe(self._guarded)
        self._view: Answer = volunteer(_safe(_call))
        self._security = SecurityMiddleware(get_response)
        self._session = SessionMiddleware(get_response)
        self._csrf = CsrfViewMiddleware(get_response)
        self._user = AuthenticationMiddleware(get_response)
        self._gzip: Any = GZipMiddleware(get_response)
        self._always = {secure: self._headers(get_response, secure) for secure in (False, True)}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match = _quick(request.path_info) if request.path_info.startswith(PLACES) else None
        if match is None:
            return self._pages(request)
        request.resolver_match = match
        response = self._answer(request)
        for name, value in self._always[request.is_secure()].items():
            response.headers.setdefault(name, value)
        return response

    def _headers(self, get_response: Answer, secure: bool) -> dict[str, str]:
        """What the middleware of pages adds to every answer."""
        request, blank = HttpRequest(), HttpResponse()
        request._get_scheme = lambda: "https" if secure else "http"  # type: ignore[attr-defined]
        proxied = settings.SECURE_PROXY_SSL_HEADER
        if proxied and secure:
            request.META[proxied[0]] = proxied[1]
        added: list[Any] = [XFrameOptionsMiddleware(get_response), OnePolicy(get_response), self._security]
        for middleware in added:
            middleware.process_response(request, blank)
        return {name: value for name, value in blank.headers.items() if name != "Content-Type"}

    def _through(self, request: HttpRequest) -> HttpResponse:
        if (elsewhere := self._security.process_request(request)) is not None:
            return elsewhere
        self._session.process_request(request)
        translation.activate(translation.get_language_from_request(request))
        request.LANGUAGE_CODE = translation.get_language()
        return self._finish(request, self._inner(request))

    def _guarded(self, request: HttpRequest) -> HttpResponse:
        request.get_host()  # refuses those that are not ours
        self._csrf.process_request(request)
        self._user.process_request(request)
        return self._view(request)

    def _finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not getattr(response, "is_rendered", True):
            response = response.render()  # type: ignore[attr-defined]
        self._csrf.process_response(request, response)
        size = len(response.content)
        response.headers["Content-Length"] = str(size)
        patch_vary_headers(response, ["Accept-Language", "Cookie"] if request.session.accessed else ["Accept-Language"])
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        if request.session.modified or settings.SESSION_COOKIE_NAME in request.COOKIES:
            self._session.process_response(request, response)
        if size < GZIP_FROM:
            return response
        packed: HttpResponse = self._gzip.process_response(request, response)
        return packed


def _call(request: HttpRequest) -> Any:
    match = request.resolver_match
    assert match is not None
    return match.func(request, *match.args, **match.kwargs)


@lru_cache(maxsize=1024)
def _quick(path: str) -> ResolverMatch | None:
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match if issubclass(getattr(match.func, "cls", object), QuickView) else None
