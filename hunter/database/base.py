"""A kept connection that the server has closed is noticed before it is used, without asking the server each time."""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Error
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's; the pool's connections are looked at here, because Django's own look is a statement per request."""

    def is_usable(self) -> bool:
        return self.connection is not None and (_is_quiet(self.connection) or super().is_usable())

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        while self.pool and not _is_alive(connection):
            connection.close()
            connection._pool.putconn(connection)  # it makes a new one in its place
            connection = super().get_new_connection(conn_params)
        return connection


def _is_quiet(connection: Any) -> bool:
    """Whether nothing waits to be read: a server that ended, or ended this connection, has said so or hung up."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _is_alive(connection: Any) -> bool:
    if _is_quiet(connection):
        return True
    try:
        ConnectionPool.check_connection(connection)
    except Error:
        return False
    return True
