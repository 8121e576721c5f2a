"""An endless, seeded stream of training tiles. Scenes are dear and trails cheap: each scene serves several tiles."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ml.contract import INPUT_SIZE_PX, STRIDE_PX
from ml.pictured import draw_zoom
from ml.preprocess import normalise
from ml.scenes import Scene, part_of, real_scene, simulate_scene, turned
from ml.simulate import UNKNOWN, VISIBLE_CELLS, Tile, compose, pictured
from ml.training.labels import Labelled
from sky.simulate.background import Background

SCENES_KEPT = 96
FRESH_SHARE = 0.25
REAL_SHARE = 0.2
PICTURE_SHARE = 0.4
LABELLED_SHARE = 0.2
EDGE_SHARE = 0.04
BRIGHT_SHARE = 0.08
OFTEN = 3.5
"""Look-alikes are so many times as frequent as in tiles that models are judged on."""
Sample = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]


def _without_data(tile: Tile, rng: np.random.Generator) -> None:
    """Take a border away, as at the edge of a combined image, in place."""
    lost = int(rng.integers(1, tile.labels.shape[1] // 2))  # cells
    axis, upper = int(rng.integers(2)), bool(rng.random() < 0.5)
    pixels, labels = np.moveaxis(tile.pixels, axis, 0), np.moveaxis(tile.labels, axis + 1, 0)
    cut = slice(-lost * STRIDE_PX, None) if upper else slice(0, lost * STRIDE_PX)
    pixels[cut] = np.nan
    labels[slice(-lost, None) if upper else slice(0, lost)] = 0


def sample_of(tile: Tile) -> Sample:
    """Input [1, s, s], heat-map labels [3, s/4, s/4] (255: unknown), tile labels [3], weights of those [3].

    A tile whose only trail is too faint for anybody teaches nothing about that class.
    """
    flat = tile.labels.reshape(len(tile.labels), -1)
    present = (flat == 1).sum(axis=1) >= VISIBLE_CELLS
    unknown = (flat == UNKNOWN).any(axis=1) & ~present
    return normalise(tile.pixels)[None], tile.labels, present.astype(np.float32), (~unknown).astype(np.float32)


class TileStream(IterableDataset[Sample]):
    """Endless samples of one seed: simulated scenes, parts of real frames, and what people labelled."""

    def __init__(
        self, seed: int, size: int, backgrounds: Sequence[Background] = (), labelled: Labelled | None = None
    ) -> None:
        super().__init__()
        self.seed, self.size = seed, size
        self.backgrounds, self.labelled = list(backgrounds), labelled
        self._scenes: list[Scene] = []

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, self.size, 7, worker.id if worker else 0])
        self._scenes = []
        while True:
            if self.labelled and len(self.labelled) and rng.random() < LABELLED_SHARE:
                yield self.labelled.sample(rng, self.size)
            else:
                yield self._simulated(rng)

    def _simulated(self, rng: np.random.Generator) -> Sample:
        zoom = draw_zoom(rng, may_shrink=self.size < INPUT_SIZE_PX) if rng.random() < PICTURE_SHARE else None
        window = min(INPUT_SIZE_PX, zoom.window_px(self.size)) if zoom else self.size
        tile = compose(
            rng,
            turned(part_of(self._scene(rng), window, rng), rng),
            zoom=zoom,
            size=self.size,
            often=OFTEN,
            bright=BRIGHT_SHARE,
        )
        if zoom:
            tile = pictured(tile, rng)
        if rng.random() < EDGE_SHARE:
            _without_data(tile, rng)
        return sample_of(tile)

    def _scene(self, rng: np.random.Generator) -> Scene:
        if self.backgrounds and rng.random() < REAL_SHARE:
            return real_scene(rng, self.backgrounds[int(rng.integers(len(self.backgrounds)))])
        scenes = self._scenes
        if len(scenes) < SCENES_KEPT and (len(scenes) < 4 or rng.random() < 0.5):
            scenes.append(simulate_scene(rng))
        elif rng.random() < FRESH_SHARE * (self.size / INPUT_SIZE_PX):
            scenes[int(rng.integers(len(scenes)))] = simulate_scene(rng)
        return scenes[int(rng.integers(len(scenes)))]


def batches(stream: TileStream, batch: int, workers: int) -> Iterator[list[torch.Tensor]]:
    """Endless batches; made by ``workers`` processes of their own beside the training."""
    return iter(DataLoader(stream, batch_size=batch, num_workers=workers, prefetch_factor=4 if workers else None))
