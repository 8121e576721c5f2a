"""The embedded PostgreSQL."""

from __future__ import annotations

import shlex
import subprocess
import time

import psutil
import psycopg

from hunter.embedded.account import postgres_bin, server_account
from hunter.embedded.paths import EmbeddedServerError, Paths

START_TIMEOUT_S = 120  # recovery after a crash may take long on a busy machine


def start_postgres(paths: Paths) -> None:
    if _accepts(paths) or _started_meanwhile(paths):
        _create_database(paths)
        return
    account = server_account()
    run_as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    binaries = postgres_bin()
    if not (paths.postgres / "PG_VERSION").exists():
        for left_over in paths.postgres.iterdir():  # an initdb that was killed half way
            subprocess.run(["rm", "-rf", str(left_over)], check=True)
        initdb = [binaries / "initdb", "-D", paths.postgres, "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        initdb += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
        _run(initdb, run_as, paths)
    (paths.postgres / "postmaster.pid").unlink(missing_ok=True)  # of a killed server: its number may be
    for socket in paths.sockets.glob(".s.PGSQL.*"):  # another program's by now
        socket.unlink(missing_ok=True)
    options = f"-k {shlex.quote(str(paths.sockets))} -h '' -c unix_socket_permissions=0700 -c max_connections=200"
    # A vote that was answered with 200 is on disk: fsync and synchronous_commit stay on.
    start_it = [binaries / "pg_ctl", "-D", paths.postgres, "-l", paths.postgres / "server.log", "-o", options]
    _run([*start_it, "-w", "-t", str(START_TIMEOUT_S), "start"], run_as, paths)
    _create_database(paths)


def _started_meanwhile(paths: Paths) -> bool:
    """Wait while processes of this data folder's PostgreSQL live: it recovers, or orphans of a killed one leave.

    True when it accepts connections at last; a new server must never start beside living processes.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        alive = [
            process.pid
            for process in psutil.process_iter(["name", "status", "cwd"])
            if process.info["name"] == "postgres"
            and process.info["status"] != psutil.STATUS_ZOMBIE
            and process.info["cwd"] == str(paths.postgres)
        ]
        if not alive:
            return False
        if _accepts(paths):
            return True
        time.sleep(0.1)
    raise EmbeddedServerError(
        f"Processes {alive} of a PostgreSQL use {paths.postgres} and do not answer; end them first."
    )


def _run(command: list[object], run_as: dict[str, object], paths: Paths) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=paths.postgres,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C in the terminal must not reach the server before us
        **run_as,  # type: ignore[call-overload]
    )
    if done.returncode:
        log = paths.postgres / "server.log"
        tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        raise EmbeddedServerError(
            f"PostgreSQL did not start in {paths.postgres}.\n{done.stderr.strip()}\n{tail}".strip()
        )


def _create_database(paths: Paths) -> None:
    with psycopg.connect(host=str(paths.sockets), user="postgres", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'hunter'").fetchone():
            connection.execute("CREATE DATABASE hunter")


def _accepts(paths: Paths) -> bool:
    try:
        with psycopg.connect(host=str(paths.sockets), user="postgres", dbname="postgres", connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False
