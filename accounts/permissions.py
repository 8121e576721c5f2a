"""Who may use a REST endpoint: the same words as `accounts.access`, for Django REST framework."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import Role

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Nobody(BasePermission):
    """The default: a view that does not say who may use it serves nobody."""

    access = ""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False


class Public(BasePermission):
    """Everyone, signed in or not."""

    access = "public"

    def has_permission(self, request: Request, view: APIView) -> bool:
        return True


class SignedIn(BasePermission):
    """Everyone with an account."""

    access = "signed_in"

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.is_authenticated)


class _AtLeast(BasePermission):
    role: Role

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not (request.user and request.user.is_authenticated):
            return False
        if not request.user.has_role(self.role):
            raise Http404
        return True


class Moderator(_AtLeast):
    """Moderators and above."""

    role, access = Role.MODERATOR, Role.MODERATOR.value


class Scientist(_AtLeast):
    """Scientists and above."""

    role, access = Role.SCIENTIST, Role.SCIENTIST.value


class Admin(_AtLeast):
    """Admins."""

    role, access = Role.ADMIN, Role.ADMIN.value
