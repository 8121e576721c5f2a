"""One at a time, over all processes: PostgreSQL's advisory locks, which end with the connection of a killed holder."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from django.db import connection

POLL_S = 0.2


@contextlib.contextmanager
def one_at_a_time(key: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of ``key``; ``waiting`` is called now and then while another holds it, and may raise."""
    while not _ask("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", key):
        waiting()
        time.sleep(POLL_S)
    try:
        yield
    finally:
        _ask("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", key)


def _ask(statement: str, key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        return bool(cursor.fetchone()[0])
