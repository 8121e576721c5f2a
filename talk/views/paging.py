"""Paging keys in addresses. Nonsense is no page, not an error of ours."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import Http404, HttpRequest


def number_of(request: HttpRequest, name: str) -> int | None:
    """A whole number from the address, None where it is not given."""
    given = request.GET.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Http404
    return int(given)


def moment_of(given: str | None) -> tuple[datetime, int] | None:
    """The paging key of a board: when and which."""
    if given is None:
        return None
    try:
        at, pk = given.split("_")
        return datetime.fromtimestamp(float(at), UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        raise Http404 from None
