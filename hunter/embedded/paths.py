"""Where the servers of one data folder live, and the error they share."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOCKET_PATH_MAX = 90  # the kernel allows 107 bytes for a socket's path; the file name needs some


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
