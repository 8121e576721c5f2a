"""The cache, as a hint: when Redis is away, everything is a miss and nothing fails.

Sessions and votes are in PostgreSQL; only counters of limits and marks of sweeps live here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
COUNT_UP = """
for number, key in ipairs(KEYS) do
  local count = redis.call('INCRBY', key, ARGV[2])
  redis.call('EXPIRE', key, ARGV[1])
  if count > tonumber(ARGV[2 + number]) then return 0 end
end
return 1
"""


def _tolerant(name: str, otherwise: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    method = getattr(RedisCacheClient, name)

    @wraps(method)
    def call(self: RedisCacheClient, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except (RedisError, OSError) as error:
            log.warning("the cache is away (%s): %s", name, error)
            return otherwise({"args": args, **kwargs})

    return call


def _default(call: dict[str, Any]) -> Any:
    """The caller's default of ``get(key, default)``."""
    return call["default"] if "default" in call else (call["args"][1] if len(call["args"]) > 1 else None)


class TolerantClient(RedisCacheClient):
    """Redis' commands; an unreachable Redis answers like an empty one that keeps nothing."""

    get = _tolerant("get", _default)
    get_many = _tolerant("get_many", lambda _: {})
    add = _tolerant("add", lambda _: True)  # it is also used as a lock: nobody may wait for a Redis that is away
    set = _tolerant("set", lambda _: None)
    set_many = _tolerant("set_many", lambda _: None)
    touch = _tolerant("touch", lambda _: False)
    incr = _tolerant("incr", lambda _: 0)
    has_key = _tolerant("has_key", lambda _: False)
    delete = _tolerant("delete", lambda _: False)
    delete_many = _tolerant("delete_many", lambda _: None)
    clear = _tolerant("clear", lambda _: False)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """The client of a server, made once: Django's makes one for each command, which costs more than the command."""
        index = self._get_connection_pool_index(write)  # type: ignore[attr-defined]
        if index not in self._clients:
            self._clients[index] = super().get_client(key, write=write)
        return self._clients[index]

    @cached_property
    def _clients(self) -> dict[int, Any]:
        return {}

    def count_up(self, limits: Mapping[str, int], timeout: int, by: int) -> bool:
        """Add to each counter until one is over its limit, in one exchange; whether none is."""
        try:
            client = self.get_client(None, write=True)
            return bool(client.eval(COUNT_UP, len(limits), *limits, timeout, by, *limits.values()))
        except (RedisError, OSError) as error:
            log.warning("the cache is away (%s): %s", "count_up", error)
            return True


class TolerantCache(RedisCache):
    """Django's Redis cache with the client above."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = TolerantClient

    def count_up(self, limits: Mapping[str, int], *, timeout: int, by: int = 1) -> bool:
        """Add ``by`` to each counter (from 0 where it is new) in this order, until one is over its limit; whether
        none is.

        A counter is kept for ``timeout`` seconds from now. True where nobody knows.
        """
        client: TolerantClient = self._cache  # type: ignore[assignment]
        return client.count_up({self.make_and_validate_key(key): most for key, most in limits.items()}, timeout, by)
