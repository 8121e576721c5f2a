"""The whole way from nothing to a model that can ship: train, calibrate, export, judge, write the card."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml import contract
from ml.card import card_markdown
from ml.evaluation import Truths, figures, threshold_at, truths_of
from ml.preprocess import network_input
from ml.runtime import Network
from ml.simulate import LENGTH_RANGE_PX, MIX, SNR_RANGE, simulate_tile
from ml.training.export import OPSET, export_onnx, parity
from ml.training.loop import Report, Trained, calibrate, tile_logits, train

CALIBRATION_SEEDS = 1_000_000
TEST_SEEDS = 2_000_000
FALSE_SHARE = 0.01
MAX_PARITY = 1e-4
Progress = Callable[[Iterable[int], str], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to train and under which name."""

    name: str
    version: str
    seed: int
    minutes: float
    workers: int
    calibration_tiles: int
    test_tiles: int
    command: str


def produce(wish: Wish, folder: Path, *, report: Report, progress: Progress) -> dict[str, Any]:
    """Train a model and write ``<name>-<version>.onnx``, ``.json`` and ``.md`` into a folder; returns the card.

    Nothing is written before the file has been checked.

    Raises
    ------
    RuntimeError
        The training came to nothing, or the exported file does not answer as the trained network does.
    """
    trained = train(seed=wish.seed, minutes=wish.minutes, workers=wish.workers, report=report)
    torch.set_num_threads(2)
    inputs, truths = held_out(CALIBRATION_SEEDS, wish.calibration_tiles, progress, "calibrate")
    logits = tile_logits(trained.network, inputs)
    calibrate(trained.network, logits, np.column_stack([truths.asteroid, truths.satellite]).astype(float))
    content = export_onnx(trained.network)
    difference = parity(trained.network, content, inputs[:8])
    if not difference <= MAX_PARITY:
        raise RuntimeError(f"The exported file differs from the network by {difference:.1e}; nothing was written.")
    threshold = threshold_at(_probabilities(content, inputs)[:, 0], ~truths.asteroid, FALSE_SHARE)
    inputs, truths = held_out(TEST_SEEDS, wish.test_tiles, progress, "judge")
    found = _probabilities(content, inputs)
    card = _card(wish, trained, content, difference, threshold)
    card["figures"] = figures(found[:, 0], found[:, 1], truths, threshold)
    _write(folder, card, content)
    return card


def held_out(first_seed: int, count: int, progress: Progress, word: str) -> tuple[NDArray[np.float32], Truths]:
    """Inputs and truths of ``count`` tiles that no training saw."""
    tiles = [simulate_tile(first_seed + i) for i in progress(range(count), word)]
    return np.stack([network_input(tile.pixels).array for tile in tiles]), truths_of(tiles)


def _probabilities(content: bytes, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    network = Network(content, threads=2)
    return np.concatenate([network.run(inputs[i : i + 8])[1] for i in range(0, len(inputs), 8)]).astype(np.float64)


def _card(wish: Wish, trained: Trained, content: bytes, difference: float, threshold: float) -> dict[str, Any]:
    return {
        "name": wish.name,
        "version": wish.version,
        "made_on": datetime.now(UTC).date().isoformat(),
        "command": wish.command,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "licence": "BSD-3-Clause",
        "threshold": round(threshold, 4),
        "input_size_px": contract.INPUT_SIZE_PX,
        "classes": list(contract.PROBABILITIES),
        "weights": sum(parameter.numel() for parameter in trained.network.parameters()),
        "opset": OPSET,
        "parity_max_abs_difference": float(f"{difference:.2e}"),
        "training": {
            "seed": wish.seed,
            "minutes": wish.minutes,
            "cpu_s": round(trained.cpu_s, 1),
            "wall_s": round(trained.wall_s, 1),
            "steps": trained.steps,
            "lost_steps": trained.lost_steps,
            "tiles": trained.tiles,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "machine": platform.machine(),
            "temperature": [round(float(1 / s), 4) for s in trained.network.scale],
        },
        "data": {
            "what": "Simulated tiles only (ml.simulate): ACS/WFC and WFC3/UVIS fields with stars, galaxies, "
            "arcs, cosmic rays, hot pixels and columns; asteroid trails curved by HST's parallax; satellites. "
            "No real image and no person's label.",
            "mix": dict(MIX),
            "snr_per_ridge_pixel": list(SNR_RANGE),
            "length_px": list(LENGTH_RANGE_PX),
            "calibration": {"first_seed": CALIBRATION_SEEDS, "tiles": wish.calibration_tiles},
            "test": {"first_seed": TEST_SEEDS, "tiles": wish.test_tiles},
        },
        "limits": [
            "Never trained on or measured with real images; expect worse figures there until that is done.",
            "Probabilities are calibrated for the simulated mix, where about two tiles in five have a trail; in an "
            "archive, where one in a hundred has, the same score is right far less often. See the purity figures.",
            "Faint (SNR below 3 per ridge pixel) and short (below 40 px) trails are often missed: see the tables.",
            "Gravitational arcs are shown as look-alikes, not as a class: p_arc stays empty.",
            "Satellites are judged by tile; far ones (thin, in focus) are not in the training data.",
            "The length of training is set in CPU time, so another machine gives other weights from the same seed.",
        ],
    }


def _write(folder: Path, card: dict[str, Any], content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{card['name']}-{card['version']}"
    texts = {".json": json.dumps(card, indent=2) + "\n", ".md": card_markdown(card)}
    for suffix, data in {".onnx": content, **{k: v.encode() for k, v in texts.items()}}.items():
        part = folder / f"{stem}{suffix}.part"
        part.write_bytes(data)
        part.replace(folder / f"{stem}{suffix}")
