"""Tiles learnt from more than once, and tiles made by several processes: the same tiles, whoever makes them."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed here: make training")

from ml.training.echo import echoed, turned  # noqa: E402 - after the skip
from ml.training.loop import Plan  # noqa: E402
from ml.training.produce import FEW_TILES, held_out  # noqa: E402

CPU = torch.device("cpu")


def batch_of(number: int) -> list[torch.Tensor]:
    """Pixels whose value says which batch they are of, and how they were turned; labels that must turn with them."""
    pixels = (torch.arange(16.0) + 100 * number).view(1, 1, 4, 4)
    return [pixels, pixels.to(torch.uint8), torch.full((1, 3), float(number)), torch.ones(1, 3)]


def test_labels_turn_with_their_pixels_and_all_eight_ways_occur() -> None:
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(200):
        pixels, labels, present, _ = turned(batch_of(1), rng)
        assert torch.equal(pixels.to(torch.uint8), labels) and present.tolist() == [[1.0] * 3]
        assert sorted(pixels.flatten().tolist()) == [100.0 + i for i in range(16)]
        seen.add(tuple(pixels.flatten().tolist()))
    assert len(seen) == 8


def test_every_batch_comes_fresh_once_and_echoes_so_often() -> None:
    fresh = map(batch_of, itertools.count())
    stream = echoed(fresh, 4, np.random.default_rng(2), CPU)
    numbers = [int(next(stream)[2][0, 0]) for _ in range(4 * 500)]
    assert numbers[::4] == list(range(500)), "each fourth is fresh, in its order"
    counts = Counter(numbers)
    assert 3.5 < np.mean([counts[i] for i in range(50, 400)]) < 4.5
    assert all(said <= fresh for said, fresh in zip(numbers, np.repeat(range(500), 4), strict=True))


def test_a_plan_with_echoes_is_another_plan() -> None:
    assert Plan(1, 1.0, echo=3).fingerprint() != Plan(1, 1.0).fingerprint()


def test_several_processes_make_the_tiles_that_one_makes() -> None:
    alone, shared = (held_out(7_000_000, FEW_TILES, lambda seeds, _: seeds, "", processes) for processes in (1, 2))
    for one, other in zip(alone, shared, strict=True):
        assert np.array_equal(one, other)
