"""What Talk's endpoints share: refusals in the one error shape, numbers in addresses, who may change what all read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework import exceptions, serializers, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.permissions import Public
from talk.errors import NotYours, Refused

STATUS = {
    "locked": status.HTTP_409_CONFLICT,
    "deleted": status.HTTP_409_CONFLICT,
    "too_fast": status.HTTP_429_TOO_MANY_REQUESTS,
    "new_posts": status.HTTP_429_TOO_MANY_REQUESTS,
    "new_conversations": status.HTTP_429_TOO_MANY_REQUESTS,
    "suspended": status.HTTP_403_FORBIDDEN,
    "blocked": status.HTTP_403_FORBIDDEN,
    "no_access": status.HTTP_403_FORBIDDEN,
}


class Refusal(exceptions.APIException):
    """What Talk does not do, in the one error shape."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message, refused.code)
        otherwise = status.HTTP_403_FORBIDDEN if isinstance(refused, NotYours) else status.HTTP_400_BAD_REQUEST
        self.status_code = STATUS.get(refused.code, otherwise)


@contextmanager
def refusals() -> Iterator[None]:
    """Say what a service refuses as an error of REST."""
    try:
        yield
    except Refused as refused:
        raise Refusal(refused) from None


class PublicToRead(Public):
    """Everyone reads; changing and deleting needs an account (and the service then asks whose it is)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method in (*SAFE_METHODS, "POST"):  # these addresses take no POST, and say so
            return True
        return bool(request.user and request.user.is_authenticated)


def whole(request: Request, name: str, default: int | None) -> int | None:
    """A whole number from the address.

    Raises
    ------
    ValidationError
        It is none.
    """
    given = request.query_params.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise serializers.ValidationError({name: [f"{name} is a whole number."]})
    return int(given)
