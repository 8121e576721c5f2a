"""The two servers that come with the package: a real PostgreSQL and a real Redis in the data folder.

They serve when ``DATABASE_URL`` / ``REDIS_URL`` are not set. Every process that needs them holds a shared
lock on ``<data>/run/users.lock``; the last one to leave stops them. The kernel drops the lock of a
killed process, so a crash never leaves a stale claim: the next start attaches to what still runs,
or lets PostgreSQL recover from its log, and the last one out stops it.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from hunter.embedded.account import prepare_folders
from hunter.embedded.paths import EmbeddedServerError, Paths
from hunter.embedded.postgres import start_postgres
from hunter.embedded.processes import signal_and_wait
from hunter.embedded.redis import start_redis

__all__ = ["EmbeddedServerError", "Paths", "database", "leave", "redis_url", "start", "stop"]


def database(data: Path) -> dict[str, str]:
    """Django's words for the embedded PostgreSQL of a data folder (whether it runs or not)."""
    return {"NAME": "hunter", "USER": "postgres", "HOST": str(Paths(data.resolve()).sockets)}


def redis_url(data: Path) -> str:
    """The address of the embedded Redis of a data folder (whether it runs or not)."""
    return f"unix://{Paths(data.resolve()).redis_socket}"


_held: dict[Path, int] = {}


def start(data: Path, *, postgres: bool = True, redis: bool = True) -> None:
    """Make the embedded servers of ``data`` run and keep them for this process's life. Safe to repeat.

    Raises
    ------
    EmbeddedServerError
        A server does not start; its log's last lines are in the message.
    """
    data = data.resolve()
    if data in _held or not (postgres or redis):
        return
    paths = Paths(data)
    try:
        paths.run.mkdir(parents=True, exist_ok=True)
        with _starting(paths):
            descriptor = os.open(paths.run / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            _held[data] = descriptor
            prepare_folders(paths)
            if postgres:
                start_postgres(paths)
            if redis:
                start_redis(paths)
    except BaseException as error:
        leave(data)  # what did start must not stay without anybody holding it
        if isinstance(error, OSError):
            raise EmbeddedServerError(f"The servers could not be started in {data}: {error}") from error
        raise
    owner = os.getpid()
    atexit.register(lambda: leave(data) if os.getpid() == owner else None)


def leave(data: Path, *, wait_s: float = 0.0) -> None:
    """Let go of the servers; stop them when no other process holds them, or none does any more within ``wait_s``."""
    data = data.resolve()
    descriptor = _held.pop(data, None)
    if descriptor is None:
        return
    paths = Paths(data)
    # The data folder may be gone already, and someone else may still need the servers.
    end = time.monotonic() + wait_s
    while not _left(paths, descriptor) and time.monotonic() < end:
        time.sleep(0.2)
    os.close(descriptor)


def _left(paths: Paths, descriptor: int) -> bool:
    """Stop the servers unless somebody else holds them; whether nobody did."""
    try:
        with _starting(paths):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stop(paths)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        pass
    return True


def stop(paths: Paths) -> None:
    """Stop both servers, whoever started them."""
    signal_and_wait(paths.run / "redis.pid", "redis-server", signal.SIGTERM)
    # "fast" shutdown: roll back what is open, write everything down, go
    signal_and_wait(paths.postgres / "postmaster.pid", "postgres", signal.SIGINT)


@contextlib.contextmanager
def _starting(paths: Paths) -> Iterator[None]:
    """Only one process at a time starts or stops the servers of a data folder."""
    with (paths.run / "starting.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
