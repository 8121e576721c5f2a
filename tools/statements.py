"""Statements as PostgreSQL gets them: what tests and benchmarks hold a request's cost by."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg.pq import Trace


@contextmanager
def statements_sent() -> Iterator[list[str]]:
    """The statements that this thread's connection sends meanwhile, BEGIN and COMMIT included; there after the end."""
    connection.ensure_connection()
    wire = connection.connection.pgconn
    sent: list[str] = []
    with tempfile.TemporaryFile(buffering=0) as file:
        wire.trace(file.fileno())
        wire.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield sent
        finally:
            if connection.connection is not None and connection.connection.pgconn is wire:
                wire.untrace()
        file.seek(0)
        for line in file.read().decode(errors="replace").splitlines():
            parts = line.split("\t")
            if parts[0] == "F" and parts[2] in ("Query", "Bind"):  # at once, or one that was parsed or prepared before
                sent.append(parts[3].strip())
