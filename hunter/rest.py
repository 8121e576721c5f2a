"""What every REST endpoint shares: keyset pages, throttles per person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView


class KeysetPagination(CursorPagination):
    """Pages by key: the cost of a page does not grow with how far down it is."""

    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 500


class PersonThrottle(ScopedRateThrottle):
    """Limits per person: the account, else the anonymous volunteer's cookie and address."""

    def get_scope(self, view: APIView) -> str:
        return getattr(view, "throttle_scope", "read")

    def allow_request(self, request: Request, view: APIView) -> bool:
        self.scope = self.get_scope(view)
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super(ScopedRateThrottle, self).allow_request(request, view)
