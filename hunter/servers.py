"""Which servers this process uses: those the environment names, else the embedded ones of the data folder."""

import os
from pathlib import Path

from hunter.embedded import EmbeddedServerError, start

__all__ = ["BASE_DIR", "EmbeddedServerError", "data_dir", "ensure"]

BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """The folder of everything this installation keeps: ``DATA_DIR``, or ``data`` beside manage.py."""
    return (BASE_DIR / Path(os.environ.get("DATA_DIR") or "data").expanduser()).resolve()


def ensure() -> None:
    """Start (or attach to) the embedded servers that the environment does not replace.

    Raises
    ------
    EmbeddedServerError
        A server does not start.
    """
    start(data_dir(), postgres="DATABASE_URL" not in os.environ, redis="REDIS_URL" not in os.environ)
