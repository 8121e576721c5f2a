"""What every REST endpoint shares: keyset pages, throttles per person."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import ScopedRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView

PEOPLE_PER_ADDRESS = 30  # a school class shares one address
DRAWS = 64  # a process draws a person's limit in so many parts, so that few requests wait for Redis
MOST_DRAWN = 10_000


class KeysetPagination(CursorPagination):
    """Pages by key: the cost of a page does not grow with how far down it is."""

    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 500

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """What the view says (a tuple that ends in a unique column), else the newest first."""
        ordering = getattr(view, "ordering", self.ordering)
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError, DataError):  # a cursor that was not ours
            raise NotFound("There is no such page; start from the first one.") from None


class ShallowJSONParser(JSONParser):
    """JSON; nesting so deep that the parser gives up is the client's mistake, not ours."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None


class Negotiation(DefaultContentNegotiation):
    """Where there is one form of an answer, that one, whatever is asked for; else as the framework does."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        if len(renderers) == 1:
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class _Drawn:
    """Requests that this process may let through, already counted in Redis: by the counters' names."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, ...], int] = {}
        self._lock = Lock()

    def take(self, names: tuple[str, ...]) -> bool:
        """Use one up; whether there was one."""
        with self._lock:
            left = self._left.pop(names, 0)
            if left > 1:
                self._left[names] = left - 1
        return left > 0

    def put(self, names: tuple[str, ...], n: int) -> None:
        """Keep some. Those of windows that have ended are forgotten with all others, at times."""
        with self._lock:
            if len(self._left) >= MOST_DRAWN:
                self._left.clear()
            self._left[names] = self._left.get(names, 0) + n


_drawn = _Drawn()


class PersonThrottle(ScopedRateThrottle):
    """Limits per person (the account, else the anonymous volunteer's cookie), and a wider one per address.

    The wider one keeps fresh cookies from evading the first. Counters per window of time, not histories of
    requests: a request costs the same however many came before. A process counts a small part of a limit at once; what
    it does not use by the end of the window is lost to the person (at most a 64th of the limit per process).
    """

    wait_s = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        self.scope = getattr(view, "throttle_scope", "read")
        limit, duration = self.parse_rate(self.get_rate())
        if limit is None or duration is None:
            return True
        now = self.timer()
        self.wait_s = duration - now % duration
        idents = [(_person(request), limit), (f"address-{self.get_ident(request)}", limit * PEOPLE_PER_ADDRESS)]
        limits = {self._key(ident, int(now // duration)): most for ident, most in idents if ident}
        part = max(1, limit // DRAWS)
        return _drawn.take(tuple(limits)) or self._draw(limits, 2 * duration, part)

    def get_ident(self, request: Request) -> str:
        """The address. Without proxies the framework's own way makes an object of all headers for nothing."""
        if api_settings.NUM_PROXIES == 0:
            return str(request.META.get("REMOTE_ADDR"))
        return str(super().get_ident(request))

    def _draw(self, limits: dict[str, int], timeout: int, part: int) -> bool:
        """Count a part of the limits at once; what is not needed now lets the next requests of this process through."""
        allowed = bool(self.cache.count_up(limits, timeout=timeout, by=part))  # type: ignore[attr-defined]
        if allowed and part > 1:
            _drawn.put(tuple(limits), part - 1)
        return allowed

    def _key(self, ident: str, window: int) -> str:
        return f"{self.cache_format % {'scope': self.scope, 'ident': ident}}_{window}"

    def wait(self) -> float:
        return self.wait_s


def _person(request: Request) -> str:
    user = request.user
    if user and user.is_authenticated:
        return f"user-{user.pk}"
    key = getattr(getattr(request, "_request", request), "volunteer_key", None)  # the framework's request, or Django's
    return f"volunteer-{key}" if key else ""
