"""A limit that rooms apply themselves, where it is not the request as such that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView


class NewVolunteerThrottle(SimpleRateThrottle):
    """How many new anonymous volunteers one address may bring: enough for a class, too few to stuff a vote."""

    scope = "new_volunteer"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
