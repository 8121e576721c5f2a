"""The embedded servers: attached to, never left running, and back after a crash."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis

from hunter import embedded
from hunter.embedded.paths import SOCKET_PATH_MAX

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time, pathlib
from hunter import embedded
embedded.start(pathlib.Path(sys.argv[1]))
print("holding", flush=True)
time.sleep(120)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="hunter-embedded-"))
    yield path
    embedded.stop(embedded.Paths(path.resolve()))
    shutil.rmtree(path, ignore_errors=True)


def hold(folder: Path) -> subprocess.Popen[str]:
    """Another process that uses the servers."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "holding\n"
    return child


def running(folder: Path) -> list[str]:
    """The living server processes of a data folder."""
    found = []
    for process in psutil.process_iter(["name", "cmdline", "status", "cwd"]):
        info = process.info
        ours = str(folder) in f"{' '.join(info['cmdline'] or [])} {info['cwd'] or ''}"
        if ours and info["name"] in ("postgres", "redis-server") and info["status"] != psutil.STATUS_ZOMBIE:
            found.append(info["name"])
    return found


def connect(folder: Path) -> psycopg.Connection:
    settings = embedded.database(folder)
    return psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"], autocommit=True)


def test_a_second_process_attaches_and_the_last_one_out_stops_them(folder):
    first, second = hold(folder), hold(folder)
    assert running(folder).count("redis-server") == 1
    first.send_signal(signal.SIGINT)
    first.wait(timeout=30)
    assert connect(folder).execute("SELECT 1").fetchone() == (1,)
    second.send_signal(signal.SIGINT)
    second.wait(timeout=30)
    assert running(folder) == []


def test_a_killed_holder_leaves_no_claim(folder):
    victim, survivor = hold(folder), hold(folder)
    victim.kill()
    victim.wait()
    survivor.send_signal(signal.SIGINT)
    survivor.wait(timeout=30)
    assert running(folder) == []


def test_committed_rows_survive_kill_9_of_everything(folder):
    holder = hold(folder)
    connect(folder).execute("CREATE TABLE votes AS SELECT 42 AS answer")
    holder.kill()
    holder.wait()
    for process in psutil.process_iter(["cwd", "cmdline", "name"]):
        if process.info["name"] in ("postgres", "redis-server") and str(folder) in (
            f"{' '.join(process.info['cmdline'] or [])} {process.info['cwd'] or ''}"
        ):
            os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.2)
    again = hold(folder)
    assert connect(folder).execute("SELECT answer FROM votes").fetchone() == (42,)
    again.send_signal(signal.SIGINT)
    again.wait(timeout=30)
    assert running(folder) == []


def test_an_initdb_that_was_cut_short_starts_anew(folder):
    half = folder / "postgres"
    half.mkdir(mode=0o700)
    (half / "base").mkdir()
    (half / "postgresql.conf").write_text("half")
    holder = hold(folder)
    assert connect(folder).execute("SELECT 1").fetchone() == (1,)
    holder.send_signal(signal.SIGINT)
    holder.wait(timeout=30)


def test_a_folder_too_deep_for_a_socket_gets_a_short_private_one(folder):
    deep = folder / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    sockets = embedded.Paths(deep).sockets
    assert len(str(sockets)) < SOCKET_PATH_MAX
    holder = hold(deep)
    assert sockets.stat().st_mode & 0o077 == 0
    assert connect(deep).execute("SELECT 1").fetchone() == (1,)
    holder.send_signal(signal.SIGINT)
    holder.wait(timeout=30)
    assert running(deep) == []
    shutil.rmtree(sockets, ignore_errors=True)


def test_nobody_else_may_open_the_sockets(folder):
    holder = hold(folder)
    sockets = embedded.Paths(folder.resolve()).sockets
    assert sockets.stat().st_mode & 0o077 == 0
    holder.send_signal(signal.SIGINT)
    holder.wait(timeout=30)


def test_another_folders_server_is_neither_taken_for_ours_nor_stopped(folder, tmp_path):
    """After a power cut the number in a pid file may be anybody's: here that of another checkout's Redis."""
    other = Path(tempfile.mkdtemp(prefix="hunter-embedded-"))
    neighbour = hold(other)
    paths = embedded.Paths(folder.resolve())
    paths.sockets.mkdir(parents=True, mode=0o700)
    (paths.run / "redis.pid").write_text((other / "run" / "redis.pid").read_text())
    paths.redis_socket.touch()
    holder = hold(folder)
    assert Redis(unix_socket_path=str(paths.redis_socket)).ping()
    holder.send_signal(signal.SIGINT)
    holder.wait(timeout=30)
    assert running(folder) == []
    assert "redis-server" in running(other)
    neighbour.send_signal(signal.SIGINT)
    neighbour.wait(timeout=30)
    shutil.rmtree(other, ignore_errors=True)


def test_a_server_that_started_before_another_failed_does_not_stay(folder):
    paths = embedded.Paths(folder.resolve())
    paths.redis_socket.mkdir(parents=True)  # Redis cannot make its socket here
    failed = subprocess.run(
        [sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert failed.returncode != 0
    assert running(folder) == []
