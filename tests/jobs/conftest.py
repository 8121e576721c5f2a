from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jobs import registry, services
from jobs.registry import JobRun

Kind = Callable[[Callable[[JobRun], dict[str, Any]]], None]


@pytest.fixture
def kind() -> Iterator[Kind]:
    """Makes the handler of jobs of kind "trial"."""

    def use(handler: Callable[[JobRun], dict[str, Any]]) -> None:
        registry._handlers["trial"] = handler

    use(lambda run: {})
    yield use
    del registry._handlers["trial"]


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The ids that were handed to the workers."""
    sent: list[Any] = []
    monkeypatch.setattr(services, "_hint", sent.append)
    return sent
