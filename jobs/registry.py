"""The kinds of job: rooms register a handler per kind; this room knows nothing of what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class JobCancelled(Exception):
    """Raised inside a handler when somebody cancelled the job; let it pass through."""


class JobLost(Exception):
    """Raised inside a handler when another worker has the job by now; let it pass through."""


class JobRun(Protocol):
    """What a handler gets: its arguments, and the way to say how far it is."""

    arguments: dict[str, Any]
    job_id: Any

    def progress(self, *, done: int, total: int | None = None, message: str = "") -> None:
        """Write the progress down; raises JobCancelled or JobLost when the work must end."""


Handler = Callable[[JobRun], dict[str, Any]]
_handlers: dict[str, Handler] = {}


def job_kind(name: str) -> Callable[[Handler], Handler]:
    """Register the handler of a kind. It must be resumable: what is left is derived from rows, twice is once."""

    def register(handler: Handler) -> Handler:
        if name in _handlers and _handlers[name] is not handler:
            raise ValueError(f"two handlers for jobs of kind {name!r}")
        _handlers[name] = handler
        return handler

    return register


def handler_of(kind: str) -> Handler:
    """The handler of a kind; raises LookupError when no room registered one."""
    try:
        return _handlers[kind]
    except KeyError:
        raise LookupError(f"no room of this installation knows jobs of kind {kind!r}") from None
