"""Where a training stands, on disk: a killed one goes on where it was kept last."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from ml.training.loop import State

log = logging.getLogger(__name__)
EVERY_S = 45.0
NETWORKS = ("network", "average", "best", "optimiser")
NUMBERS = ("device", "steps", "lost_steps", "tiles", "used_s", "wall_s", "resumed", "curve", "checks")


class Checkpoints:
    """One file, written anew every 45 seconds; only a training with the same fingerprint goes on from it."""

    def __init__(self, path: Path, every_s: float = EVERY_S) -> None:
        self.path, self.every_s = path, every_s
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to keep the state."""
        return time.monotonic() - self._last >= self.every_s

    def save(self, state: State, fingerprint: list[Any]) -> None:
        """Keep the state; the file is whole or the one before."""
        content = {name: getattr(state, name).state_dict() for name in NETWORKS}
        content |= {name: getattr(state, name) for name in NUMBERS} | {"fingerprint": fingerprint}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        torch.save(content, part)
        part.replace(self.path)
        self._last = time.monotonic()

    def resume(self, state: State, fingerprint: list[Any]) -> bool:
        """Bring a fresh state to where it was kept; False where there is nothing, something else's, or an older form.

        A file that cannot be read is left out: the training begins anew.
        """
        if not self.path.exists():
            return False
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # a torn file fails in as many ways as there are formats
            log.warning("the checkpoint %s cannot be read (%s); the training begins anew", self.path.name, error)
            return False
        if content.get("fingerprint") != fingerprint or not content.keys() >= {*NETWORKS, *NUMBERS}:
            return False
        for name in NETWORKS:
            getattr(state, name).load_state_dict(content[name])
        for name in NUMBERS:
            setattr(state, name, content[name])
        state.curve = [tuple(point) for point in state.curve]
        state.checks = [tuple(point) for point in state.checks]
        state.resumed += 1
        return True

    def clear(self) -> None:
        """The training is over: forget where it stood."""
        self.path.unlink(missing_ok=True)
