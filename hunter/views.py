"""The front page, health, and what is said when something goes wrong."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from accounts.access import account_of, public
from accounts.services import user_language_set
from hunter import selectors
from hunter.errors import error_body


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The front page: what this is, and where to begin."""
    return render(request, "hunter/home.html", selectors.home_context())


@public
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """The story, the method, the licence."""
    return render(request, "hunter/about.html", selectors.home_context())


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Choose the language of the pages; a cookie keeps it, and an account for its e-mails."""
    response = set_language(request)
    if request.user.is_authenticated:
        user_language_set(user=account_of(request), language=request.POST.get("language", ""))
    return response


@public
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Whether the web process answers at all."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Whether the web process reaches its database; the broker may be away, that only delays work."""
    state: dict[str, Any] = {"database": "ok", "broker": "ok"}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        state["database"] = "unreachable"
    cache.set("health", "ok", timeout=60)
    if cache.get("health") != "ok":  # the cache answers like an empty one when Redis is away
        state["broker"] = "unreachable"
    healthy = state["database"] == "ok"
    return JsonResponse({"status": "ok" if healthy else "failing", **state}, status=200 if healthy else 503)


def _says(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """The same words as a page, or as JSON to programs."""
    if request.path.startswith("/api/"):
        return JsonResponse(error_body(code, message, None, request), status=status)
    template = f"{status}.html" if status in (403, 404) else "400.html"
    return render(request, template, {"message": message}, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: usually a page that was open for very long."""
    return _says(request, 403, "csrf", "This page had expired. Nothing was changed; go back, reload, and try again.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _says(request, 400, "bad_request", "The request could not be understood. Nothing was changed.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return _says(request, 403, "forbidden", "You may not do this. Nothing was changed.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: also for what a person may not know of."""
    return _says(request, 404, "not_found", "There is no such page, or you need to sign in to see it.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a page that needs nothing that may be broken."""
    if request.path.startswith("/api/"):
        body = error_body("error", "Something broke on our side. What you sent before is safe.", None, request)
        return JsonResponse(body, status=500)
    return render(request, "500.html", status=500)
