"""Statements that are asked again and again, planned once per connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import Cursor


def rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a prepared statement and read all its rows; errors are Django's.

    Django's own cursors write the values into the text, so that PostgreSQL would plan the same statement each time:
    for those of a volunteer's cycle that took longer than to run them. Each value needs a type in the text.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]  # looked up once
    connection.close_if_health_check_failed()
    if connection.connection is None:
        connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(sql, values, prepare=True)
        return cursor.fetchall()
