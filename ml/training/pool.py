"""Tiles that all trials of a search share: simulated once, kept in files that are mapped into memory, not read."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.contract import HEATMAP_CLASSES, INPUT_SIZE_PX, STRIDE_PX
from ml.training.echo import turned
from ml.training.loop import BATCHES, SMALL_PX, Source
from ml.training.produce import CHECK_SEEDS, Progress, held_out
from ml.training.stream import TileStream, batches
from sky.simulate.background import Background

MOST_TILES = 3200
"""Of 144 KiB each: 460 MB, and a trial seldom sees more."""
FEWEST_TILES = 64
CELLS = SMALL_PX // STRIDE_PX
CLASSES = len(HEATMAP_CLASSES)
PARTS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "inputs": (np.float16, (1, SMALL_PX, SMALL_PX)), "labels": (np.uint8, (CLASSES, CELLS, CELLS)),
    "present": (np.float32, (CLASSES,)), "weights": (np.float32, (CLASSES,)),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """``count`` training samples of 256 px (`ml.training.stream.sample_of`), in a folder."""

    folder: Path
    count: int

    def source(self, seed: int) -> Source:
        """Endless batches of them, in another order each time round, mirrored and turned; of one size only."""
        return lambda size: self._batches(np.random.default_rng([seed, size]))

    def _batches(self, rng: np.random.Generator) -> Iterator[list[torch.Tensor]]:
        parts = {name: np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in PARTS}
        while True:
            order = rng.permutation(self.count)
            for first in range(0, self.count, BATCHES[SMALL_PX]):
                rows = np.sort(order[first : first + BATCHES[SMALL_PX]])
                inputs, *others = (torch.from_numpy(part[rows]) for part in parts.values())
                yield turned([inputs.float(), *others], rng)


def make_pool(
    folder: Path, seed: int, backgrounds: Sequence[Background], *, until: float, workers: int, progress: Progress
) -> Pool:
    """The pool of a folder; made, or made on with, until there is enough or the clock (`time.monotonic`) says so.

    Once it has been used it never grows: trials are compared with one another.
    """
    note = folder / "made.json"
    said = json.loads(note.read_text()) if note.exists() else {"made": 0, "closed": False}
    if not said["closed"]:
        said["made"] = _fill(folder, note, seed, backgrounds, said["made"], until, workers, progress)
        _keep(note, {"made": said["made"], "closed": True})
    return Pool(folder, said["made"])


def _fill(
    folder: Path, note: Path, seed: int, backgrounds: Sequence[Background], made: int, until: float, workers: int,
    progress: Progress,
) -> int:  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    mode = "r+" if made else "w+"
    files = [
        np.lib.format.open_memmap(folder / f"{name}.npy", mode=mode, dtype=kind, shape=(MOST_TILES, *shape))
        if not made
        else np.load(folder / f"{name}.npy", mmap_mode="r+")
        for name, (kind, shape) in PARTS.items()
    ]
    stream = batches(TileStream(seed + 7_919 * made, SMALL_PX, backgrounds), BATCHES[SMALL_PX], workers)
    for first in progress(range(made, MOST_TILES, BATCHES[SMALL_PX]), "tiles to learn from"):
        for file, part in zip(files, next(stream), strict=True):
            file[first : first + BATCHES[SMALL_PX]] = part.numpy()
        made = first + BATCHES[SMALL_PX]
        for file in files:
            file.flush()
        _keep(note, {"made": made, "closed": False})
        if made >= FEWEST_TILES and time.monotonic() > until:
            break
    return made


def _keep(note: Path, said: dict[str, Any]) -> None:
    part = note.with_suffix(".part")
    part.write_text(json.dumps(said))
    part.replace(note)


@dataclass(frozen=True, slots=True, eq=False)
class CheckTiles:
    """Whole tiles that no trial learns from: ``inputs`` (n, 1, 512, 512), which classes are ``known``, ``present``."""

    inputs: NDArray[np.float16]
    known: NDArray[np.float32]
    present: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.inputs)

    def first_half(self) -> CheckTiles:
        """Fewer, for a quick look."""
        half = slice(0, len(self) // 2)
        return CheckTiles(self.inputs[half], self.known[half], self.present[half])


def check_tiles(path: Path, count: int, progress: Progress) -> CheckTiles:
    """The tiles that trials are judged on, simulated once and kept in an ``.npz`` file."""
    if not path.exists():
        inputs, known, present = held_out(CHECK_SEEDS, count, progress, "tiles to check on")
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, inputs=inputs.astype(np.float16), known=known, present=present)
        part.replace(path)
    with np.load(path) as kept:
        found = CheckTiles(kept["inputs"], kept["known"], kept["present"])
    assert found.inputs.shape[1:] == (1, INPUT_SIZE_PX, INPUT_SIZE_PX)
    return found
