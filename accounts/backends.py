"""Signing in, through whichever door: pages, Django admin, an old session."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

from accounts.models import User


class HunterBackend(AuthenticationBackend):
    """Name or e-mail with a password. In production a demo account, whose password is published, cannot sign in.

    Django asks ``user_can_authenticate`` at every sign-in and for every request of a session, so that a
    database that was once a demo lets nobody in by its old log-ins or cookies.
    """

    def user_can_authenticate(self, user: User | None) -> bool:
        if user is not None and settings.PRODUCTION and user.is_demo:
            return False
        return super().user_can_authenticate(user)
