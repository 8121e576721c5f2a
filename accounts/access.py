"""Who may open a view. Every view wears exactly one of these; a test walks all URLs and checks.

A stranger gets 404, not 403, for what they may not know of; somebody not signed in is sent to sign in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

from accounts.models import Role, User

View = Callable[..., HttpResponseBase]


def public(view: View) -> View:
    """Everyone, signed in or not."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Everyone with an account."""
    return _guard(view, None)


def role_required(role: Role) -> Callable[[View], View]:
    """People with at least ``role``."""
    return lambda view: _guard(view, role)


def account_of(request: HttpRequest) -> User:
    """The account behind a request that a guarded view let through."""
    assert isinstance(request.user, User)
    return request.user


def _guard(view: View, role: Role | None) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if role is not None and not request.user.has_role(role):
            raise Http404
        response = view(request, *args, **kwargs)
        if "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response

    guarded.access = role.value if role else "signed_in"  # type: ignore[attr-defined]
    return guarded
