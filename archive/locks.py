"""One at a time, over all processes: PostgreSQL's advisory locks, which end with the connection of a killed holder."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from django.db import connection

POLL_S = 0.2


class Busy(Exception):
    """Others held the lock for too long."""


def one_at_a_time(key: str, waiting: Callable[[], None] = lambda: None) -> contextlib.AbstractContextManager[None]:
    """Hold the lock of ``key``; ``waiting`` is called now and then while another holds it, and may raise."""
    return one_of([key], waiting)


@contextlib.contextmanager
def one_of(keys: Sequence[str], waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of any of these keys, so that as many holders as keys work at once; ``waiting`` as above."""
    while (held := next((key for key in keys if _ask("pg_try_advisory_lock", key)), None)) is None:
        waiting()
        time.sleep(POLL_S)
    try:
        yield
    finally:
        _ask("pg_advisory_unlock", held)


def patience(seconds: float) -> Callable[[], None]:
    """A ``waiting`` that raises Busy after so many seconds from now."""
    end = time.monotonic() + seconds

    def waiting() -> None:
        if time.monotonic() >= end:
            raise Busy

    return waiting


def _ask(function: str, key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [key])
        return bool(cursor.fetchone()[0])
