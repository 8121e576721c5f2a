"""Loaded before Django (``-p tests.environment``): the tests' own data folder, with its own servers.

A real PostgreSQL and a real Redis start in a temporary folder and are gone when the run ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
from pathlib import Path

import psycopg
import pytest

FOLDER = Path(os.environ.get("HUNTER_TEST_DATA_DIR", "") or tempfile.mkdtemp(prefix="hunter-test-"))
os.environ["HUNTER_TEST_DATA_DIR"] = os.environ["DATA_DIR"] = str(FOLDER)  # xdist's workers use their parent's
for _name in ("DATABASE_URL", "REDIS_URL", "PRODUCTION", "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS"):
    os.environ.pop(_name, None)
os.environ["DJANGO_SETTINGS_MODULE"] = "hunter.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's sync interface runs a loop in the test's thread

from hunter import embedded, servers  # noqa: E402 - after the environment


def _clear_after_killed_runs() -> None:
    """Stop and remove what runs that were killed left behind: folders whose servers nobody holds."""
    for left in Path(tempfile.gettempdir()).glob("hunter-test-*"):
        try:
            with (left / "run" / "users.lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                embedded.stop(embedded.Paths(left.resolve()))
            shutil.rmtree(left, ignore_errors=True)
        except OSError:  # held by a run that goes on, or not ours
            continue


def _forget_the_disk() -> None:
    """What tests write need not outlive this machine: nothing waits for the disk."""
    place = embedded.database(FOLDER)
    with psycopg.connect(host=place["HOST"], user=place["USER"], dbname="postgres", autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


if "PYTEST_XDIST_WORKER" not in os.environ:
    # Started in the background by a shell, a run ignores Ctrl-C, and so would every process that tests press it in.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _clear_after_killed_runs()
(FOLDER / "static").mkdir(exist_ok=True)
servers.ensure()
if "PYTEST_XDIST_WORKER" not in os.environ:
    _forget_the_disk()
if _worker := os.environ.get("PYTEST_XDIST_WORKER"):  # each worker has a Redis database of its own
    os.environ["REDIS_URL"] = f"{embedded.redis_url(FOLDER)}?db={int(_worker.removeprefix('gw')) + 1}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """The first process of the run cleans up; xdist's workers do not."""
    if not hasattr(config, "workerinput"):
        embedded.leave(FOLDER)
        shutil.rmtree(FOLDER, ignore_errors=True)
