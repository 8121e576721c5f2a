"""An endless, seeded stream of training tiles. Scenes are dear and trails cheap: each scene serves several tiles."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ml.contract import STRIDE_PX
from ml.preprocess import normalise
from ml.simulate import Scene, Tile, compose, simulate_scene

SCENES_KEPT = 96
FRESH_SHARE = 0.25
Sample = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]


def _turned(scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene mirrored and turned at random (its spikes stay on the diagonals)."""
    electrons = np.rot90(scene.electrons, int(rng.integers(4)))
    if rng.random() < 0.5:
        electrons = electrons[::-1]
    return Scene(
        np.ascontiguousarray(electrons),
        scene.sky_e, scene.read_noise_e, scene.smoothing_px, scene.exposure_s, scene.camera, scene.band,
    )  # fmt: skip


def _without_data(tile: Tile, rng: np.random.Generator) -> None:
    """Take a border away, as at the edge of a combined image, in place."""
    lost = int(rng.integers(1, tile.labels.shape[1] // 2))  # cells
    axis, upper = int(rng.integers(2)), bool(rng.random() < 0.5)
    pixels, labels = np.moveaxis(tile.pixels, axis, 0), np.moveaxis(tile.labels, axis + 1, 0)
    cut = slice(-lost * STRIDE_PX, None) if upper else slice(0, lost * STRIDE_PX)
    pixels[cut] = np.nan
    labels[slice(-lost, None) if upper else slice(0, lost)] = 0


class TileStream(IterableDataset[Sample]):
    """Endless (input [1, s, s], heat-map labels [2, s/4, s/4], tile labels [2]) of one seed."""

    def __init__(self, seed: int, size: int) -> None:
        super().__init__()
        self.seed, self.size = seed, size

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, self.size, 7, worker.id if worker else 0])
        scenes: list[Scene] = []
        while True:
            if len(scenes) < SCENES_KEPT and (len(scenes) < 4 or rng.random() < 0.5):
                scenes.append(simulate_scene(rng, self.size))
            elif rng.random() < FRESH_SHARE:
                scenes[int(rng.integers(len(scenes)))] = simulate_scene(rng, self.size)
            tile = compose(rng, _turned(scenes[int(rng.integers(len(scenes)))], rng))
            if rng.random() < 0.04:
                _without_data(tile, rng)
            present = (tile.labels.reshape(2, -1).sum(axis=1) >= 3).astype(np.float32)
            yield normalise(tile.pixels)[None], tile.labels, present


def batches(seed: int, size: int, batch: int, workers: int) -> Iterator[list[torch.Tensor]]:
    """Endless batches; made by ``workers`` processes of their own beside the training."""
    return iter(
        DataLoader(
            TileStream(seed, size), batch_size=batch, num_workers=workers, prefetch_factor=4 if workers else None
        )
    )
