"""How allauth behaves here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from accounts.services import user_language_set, volunteer_adopt


class AccountAdapter(DefaultAccountAdapter):
    """Demo accounts have published passwords: production refuses them, also after a password reset."""

    def format_email_subject(self, subject: str) -> str:
        return f"[Asteroid Hunter] {subject}"

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        return None if user is not None and settings.PRODUCTION and user.is_demo else user

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        if settings.PRODUCTION and user.is_demo:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def login(self, request: HttpRequest, user: Any) -> None:
        """Signing in, also right after signing up: the browser's anonymous volunteer becomes the account's.

        The browser forgets the key: whoever uses it after a sign-out is a new person. E-mails come in the language
        of the pages.
        """
        super().login(request, user)
        user_language_set(user=user, language=get_language() or "")
        volunteer_adopt(user=user, key=getattr(request, "volunteer_key", None))
        request.volunteer_key = None  # type: ignore[attr-defined]
