"""The cache, as a hint: when Redis is away, everything is a miss and nothing fails.

Sessions and votes are in PostgreSQL; only counters of limits and marks of sweeps live here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


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


class TolerantCache(RedisCache):
    """Django's Redis cache with the client above."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = TolerantClient
