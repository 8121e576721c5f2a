"""Tiles learnt from more than once: where a GPU learns, simulating is what takes the time.

Data echoing (Choi et al. 2019, arXiv:1907.05550), of whole batches, mirrored and turned each time.
"""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

KEPT = 64
"""Batches to draw echoes from: half a gigabyte on the device."""


def echoed(
    fresh: Iterator[list[Tensor]], times: int, rng: np.random.Generator, device: torch.device
) -> Iterator[list[Tensor]]:
    """Each fresh batch, then ``times`` - 1 batches drawn from the last ones; all on ``device``."""
    kept: deque[list[Tensor]] = deque(maxlen=KEPT)
    for batch in fresh:
        kept.append([part.to(device, non_blocking=True) for part in batch])
        yield kept[-1]
        for _ in range(times - 1):
            yield turned(kept[int(rng.integers(len(kept)))], rng)


def turned(batch: list[Tensor], rng: np.random.Generator) -> list[Tensor]:
    """A batch mirrored and turned by quarters at random; only what has rows and columns (4 dimensions)."""
    turns, mirrored = int(rng.integers(4)), bool(rng.random() < 0.5)

    def moved(part: Tensor) -> Tensor:
        if part.ndim != 4:
            return part
        part = torch.rot90(part, turns, dims=(2, 3))
        return part.flip(2) if mirrored else part

    return [moved(part) for part in batch]
