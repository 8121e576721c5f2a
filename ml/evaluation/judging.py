"""Run a model on simulated tiles of given seeds. The same seeds, frames and code give the same results."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.matching import Matched, matched
from ml.evaluation.measures import threshold_at
from ml.evaluation.truth import Truth, Truths, truth_of
from ml.preprocess import network_input
from ml.runtime import Network
from ml.simulate import Tile, simulate_tile
from sky.simulate.background import Background

CALIBRATION_SEEDS = 1_000_000
TEST_SEEDS = 2_000_000
FRESH_SEEDS = 4_000_000
"""First seeds: of tiles to calibrate and choose thresholds on, of a card's figures, of everybody's own tries.
Training draws from sequences of seeds (`ml.training.stream`), which these single numbers never meet."""
TESTED = 1000
FALSE_SHARE = 0.01
Progress = Callable[[Iterable[int], str], Iterable[int]]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a model says of one tile, and what is true. ``p_arc`` is None where it does not know arcs."""

    real: bool
    p_asteroid: float
    p_satellite: float
    p_arc: float | None
    truth: Truth
    match: Matched


@dataclass(frozen=True, slots=True)
class TestSet:
    """Which tiles figures were measured on: seeds ``first_seed`` and on, on simulated fields; the same seeds
    on real frames, if any. ``frames`` are (name, SHA-256 of the pixels).
    """

    __test__ = False  # no test of pytest's

    first_seed: int
    tiles: int
    frames: tuple[tuple[str, str], ...] = ()

    @property
    def seeds(self) -> range:
        return range(self.first_seed, self.first_seed + self.tiles)

    def as_dict(self) -> dict[str, Any]:
        """As a card keeps it under ``data.test``."""
        frames = [{"name": name, "sha256": sha256} for name, sha256 in self.frames]
        return {"first_seed": self.first_seed, "tiles": self.tiles, "backgrounds": frames}

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> TestSet | None:
        """What a card says, or None where it says nothing that could be run again."""
        data = card.get("data")
        found = data.get("test") if isinstance(data, dict) else None
        try:
            first, tiles = found["first_seed"], found["tiles"]  # type: ignore[index]
            frames = tuple((str(frame["name"]), str(frame["sha256"])) for frame in found.get("backgrounds", []))  # type: ignore[union-attr]
        except (KeyError, TypeError, AttributeError):
            return None
        whole = isinstance(first, int) and isinstance(tiles, int) and first >= 0 and 0 < tiles <= 1_000_000
        return cls(first, tiles, frames) if whole else None


def judge_tile(network: Network, tile: Tile) -> Judged:
    """Let a network look at one tile, alone: the size of a batch changes the last digits of its answer."""
    verdict = network.judge([network_input(tile.pixels)])[0]
    match = matched(verdict.detections, tile.asteroids, tile.pixels.shape[0])
    return Judged(tile.real, verdict.p_asteroid, verdict.p_satellite, verdict.p_arc, truth_of(tile), match)


def judge_seeds(
    content: bytes,
    seeds: Sequence[int],
    *,
    backgrounds: Sequence[Background] = (),
    processes: int = 1,
    progress: Progress = lambda seeds, _: seeds,
    word: str = "judge",
) -> list[Judged]:
    """What a model (the bytes of its file) says of the tiles of these seeds, in their order.

    ``backgrounds``: real frames into which the trails are put, instead of simulated fields. The result does not
    depend on ``processes``: each runs the network on one thread and one tile at a time.

    Raises
    ------
    ModelRefused
        The file is no model that keeps the contract.
    """
    if processes <= 1:
        network = Network(content, threads=1)
        return [judge_tile(network, simulate_tile(seed, backgrounds=backgrounds)) for seed in progress(seeds, word)]
    Network(content)  # a file that does not load is refused here, in words, not in a process that then dies
    given = (content, list(backgrounds))
    return shared_out(_judge, seeds, processes=processes, progress=progress, word=word, prepare=_prepare, given=given)


def shared_out(
    work: Callable[[int], Made],
    seeds: Sequence[int],
    *,
    processes: int,
    progress: Progress,
    word: str,
    prepare: Callable[..., None] | None = None,
    given: tuple[Any, ...] = (),
) -> list[Made]:
    """``work`` of each seed, in their order, done by so many processes; each begins with ``prepare(*given)``."""
    with multiprocessing.get_context("spawn").Pool(processes, prepare, given) as pool:
        results = pool.imap(work, seeds)
        return [next(results) for _ in progress(seeds, word)]


_process: list[Any] = []


def _prepare(content: bytes, backgrounds: list[Background]) -> None:
    _process[:] = [Network(content, threads=1), backgrounds]


def _judge(seed: int) -> Judged:
    network, backgrounds = _process
    return judge_tile(network, simulate_tile(seed, backgrounds=backgrounds))


def working_threshold(judged: Sequence[Judged], false_share: float = FALSE_SHARE) -> float:
    """Lowest p_asteroid that so large a share of tiles without an asteroid reaches, four digits as cards have it."""
    truths, p = Truths.of([one.truth for one in judged]), probabilities(judged, "p_asteroid")
    return float(np.ceil(1e4 * threshold_at(p, truths.empty, false_share)) / 1e4)


def probabilities(judged: Sequence[Judged], name: str) -> NDArray[np.float64]:
    """One probability of each tile; NaN where the model does not know it."""
    return np.array([getattr(one, name) for one in judged], dtype=np.float64)
