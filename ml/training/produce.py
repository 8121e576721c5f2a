"""The whole way from nothing to a model that can ship: train, calibrate, export, judge, write the card."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml import contract
from ml.card import card_markdown
from ml.evaluation import TestSet, figures, judge_seeds, shared_out, working_threshold
from ml.simulate import LENGTH_RANGE_PX, MIX, SNR_RANGE, simulate_tile
from ml.training.checkpoint import EVERY_S, Checkpoints
from ml.training.export import OPSET, export_onnx, parity
from ml.training.labels import Labelled
from ml.training.loop import Check, Plan, Report, Trained, calibrate, tile_logits, train
from ml.training.network import TrailNet
from ml.training.plots import write_plots
from ml.training.precision import mean_precision, precision_by_class
from ml.training.quantise import in_words, where_it_holds
from ml.training.start import stored_weights
from ml.training.stream import Sample, sample_of
from sky.simulate.background import Background

CALIBRATION_SEEDS = 1_000_000
TEST_SEEDS = 2_000_000
CHECK_SEEDS = 3_000_000
CHECK_TILES = 160
FEW_TILES = 60
"""Fewer are made faster than processes are started that make them."""
MAX_PARITY = 1e-4
Progress = Callable[[Iterable[int], str], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to train, under which name, and what to judge it on.

    ``check_tiles``: how many the training itself is judged on as it goes; ``processes``: that simulate and judge
    before and after it. ``labelled``: all that people decided. ``int8``: in eight bits, where that is faster here
    and as good.
    """

    name: str
    version: str
    plan: Plan
    calibration_tiles: int
    test_tiles: int
    command: str
    labelled: Labelled | None = None
    test_backgrounds: tuple[Background, ...] = ()
    processes: int = 1
    check_tiles: int = CHECK_TILES
    int8: bool = False

    @property
    def stem(self) -> str:
        """File name without its suffix."""
        return f"{self.name}-{self.version}"

    @property
    def checkpoint(self) -> str:
        """File name of where it stands; a wish for something else never writes over it."""
        order = hashlib.sha256(json.dumps(self.plan.fingerprint()).encode()).hexdigest()
        return f".{self.stem}-{order[:8]}.checkpoint"


def produce(wish: Wish, folder: Path, *, report: Report, progress: Progress) -> dict[str, Any]:
    """Train a model and write ``<name>-<version>.onnx``, ``.json`` and ``.md`` into a folder; returns the card.

    Its figures are drawn into ``<name>-<version>-figures`` beside them. No model is written before it has been
    checked. Until then a checkpoint lies in the folder, from which the same wish goes on when it was broken off.

    Raises
    ------
    RuntimeError
        The training came to nothing, or the exported file does not answer as the trained network does.
    StartRefused
        The model to start from is not of this architecture; nothing was simulated for it.
    """
    if wish.plan.start:
        stored_weights(TrailNet(wish.plan.architecture), wish.plan.start.content)
    kept = Checkpoints(folder / wish.checkpoint, every_s=min(EVERY_S, 3 * wish.plan.minutes))
    check = asteroid_check(CHECK_SEEDS, wish.check_tiles, progress, wish.processes) if wish.plan.minutes >= 1 else None
    trained = train(wish.plan, report=report, check=check, kept=kept)
    torch.set_num_threads(2)
    inputs, known, present = held_out(CALIBRATION_SEEDS, wish.calibration_tiles, progress, "calibrate", wish.processes)
    calibrate(trained.network, tile_logits(trained.network, inputs), present, known)
    content = export_onnx(trained.network)
    difference = parity(trained.network, content, inputs[:8])
    if not difference <= MAX_PARITY:
        raise RuntimeError(f"The exported file differs from the network by {difference:.1e}; nothing was written.")
    content, int8 = where_it_holds(content, inputs, known, present) if wish.int8 else (content, None)
    del inputs
    card = _card(wish, trained, content, difference)
    if int8:
        card |= {"int8": int8, "limits": [*card["limits"], in_words(int8)]}
    judge = partial(judge_seeds, content, processes=wish.processes, progress=progress)
    calibration = range(CALIBRATION_SEEDS, CALIBRATION_SEEDS + wish.calibration_tiles)
    card["threshold"] = working_threshold(judge(calibration, word="threshold"))
    test = test_set(wish)
    found = judge(test.seeds)
    if wish.test_backgrounds:
        found += judge(test.seeds, backgrounds=wish.test_backgrounds, word="judge, real")
    card["figures"] = figures(found, card["threshold"])
    if wish.labelled:
        card["figures"]["people"] = people_figures(content, wish.labelled.split()[1])
    write_plots(folder / f"{wish.stem}-figures", card)
    _write(folder, card, content)
    kept.clear()
    return card


def test_set(wish: Wish) -> TestSet:
    """The tiles of the card's figures."""
    return TestSet(TEST_SEEDS, wish.test_tiles, tuple((b.name, b.sha256) for b in wish.test_backgrounds))


def held_out(
    first_seed: int, count: int, progress: Progress, word: str, processes: int = 1
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Inputs (n, 1, 512, 512) of tiles that no training saw; which classes are known (n, 3) and present (n, 3)."""
    seeds = range(first_seed, first_seed + count)
    if processes <= 1 or count < FEW_TILES:
        samples = [_sample(seed) for seed in progress(seeds, word)]
    else:
        samples = shared_out(_sample, seeds, processes=processes, progress=progress, word=word)
    inputs, _, present, known = zip(*samples, strict=True)
    return np.stack(inputs), np.stack(known), np.stack(present)


def _sample(seed: int) -> Sample:
    return sample_of(simulate_tile(seed))


def asteroid_check(first_seed: int, count: int, progress: Progress, processes: int = 1) -> Check:
    """Judge of a training: mean average precision of asteroids (twice), satellites and arcs on tiles set aside."""
    inputs, known, present = held_out(first_seed, count, progress, "tiles to check on", processes)
    return lambda network: mean_precision(tile_logits(network, inputs), known, present)


def people_figures(content: bytes, labelled: Labelled) -> dict[str, Any]:
    """Average precision on fields that people labelled and the training did not see, by class; counts."""
    from ml.runtime import Network

    network = Network(content)
    inputs = labelled.inputs.astype(np.float32)[:, None]
    found = [network.run(inputs[i : i + 8])[1] for i in range(0, len(inputs), 8)]
    scores = np.concatenate(found).astype(np.float64) if found else np.empty((0, len(contract.PROBABILITIES)))
    rows: dict[str, Any] = {"cutouts": len(labelled)}
    precision = precision_by_class(scores[:, :-1], labelled.known, labelled.present)
    for kind, name in enumerate(contract.HEATMAP_CLASSES):
        known = labelled.known[:, kind] == 1
        rows[name] = {"decided": int(known.sum()), "present": int(labelled.present[known, kind].sum())}
        if name in precision:
            rows[name]["average_precision"] = round(precision[name], 4)
    return rows


def _card(wish: Wish, trained: Trained, content: bytes, difference: float) -> dict[str, Any]:
    plan = wish.plan
    return {
        "name": wish.name,
        "version": wish.version,
        "made_on": datetime.now(UTC).date().isoformat(),
        "command": wish.command,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "licence": "BSD-3-Clause",
        "threshold": 0.5,
        "input_size_px": contract.INPUT_SIZE_PX,
        "classes": list(contract.PROBABILITIES),
        "architecture": str(plan.architecture),
        "weights": sum(parameter.numel() for parameter in trained.network.parameters()),
        "opset": OPSET,
        "parity_max_abs_difference": float(f"{difference:.2e}"),
        "training": {
            "seed": plan.seed,
            "minutes": plan.minutes,
            "device": trained.device,
            "cpu_s": round(trained.cpu_s, 1),
            "wall_s": round(trained.wall_s, 1),
            "steps": trained.steps,
            "lost_steps": trained.lost_steps,
            "tiles": trained.tiles,
            "echo": plan.echo,
            "resumed": trained.resumed,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "machine": platform.machine(),
            "temperature": [round(float(1 / s), 4) for s in trained.network.scale],
            "curve": trained.curve,
            "checks": trained.checks,
        },
        "started_from": {"file": plan.start.name, "sha256": plan.start.sha256} if plan.start else None,
        "data": _data(wish),
        "limits": _limits(wish),
    }


def _data(wish: Wish) -> dict[str, Any]:
    frames = [{"name": frame.name, "sha256": frame.sha256} for frame in wish.plan.backgrounds]
    learnt = wish.plan.labelled
    return {
        "what": "Simulated tiles (ml.simulate): ACS/WFC, WFC3/UVIS and WFPC2 fields with stars, galaxies, cosmic "
        "rays and defects; asteroid trails curved by HST's parallax; satellites; arcs and rings; ghosts, jets, "
        "thin galaxies, remains of cosmic-ray rejection. Two in five as pictures: stretched, 8 bits, JPEG, resized."
        + (f" A fifth on parts of {len(frames)} real frames." if frames else " No real image.")
        + (f" {len(learnt)} cutouts that people labelled." if learnt else " No person's label.")
        + (f" Began with the weights of {wish.plan.start.name}." if wish.plan.start else ""),
        "mix": dict(MIX),
        "snr_per_ridge_pixel": list(SNR_RANGE),
        "length_px": list(LENGTH_RANGE_PX),
        "backgrounds": frames,
        "labels": len(learnt or ()),
        "calibration": {"first_seed": CALIBRATION_SEEDS, "tiles": wish.calibration_tiles},
        "test": test_set(wish).as_dict(),
    }


def _limits(wish: Wish) -> list[str]:
    return [
        "Probabilities are calibrated for the simulated mix, where about two tiles in five have a trail; in an "
        "archive, where one in a hundred has, the same score is right far less often. See the purity figures.",
        "Faint (SNR below 3 per ridge pixel) and short (below 30 px) trails are often missed: see the tables.",
        "A thin satellite that crosses a whole tile and an asteroid that does look alike in one tile; they are told "
        "apart by the whole exposure (ml.exposures), where it is at hand.",
        "The length of training is set in time, so another machine gives other weights from the same seed.",
        *([] if wish.plan.backgrounds else ["Never trained on real images; expect worse figures there."]),
    ]


def _write(folder: Path, card: dict[str, Any], content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{card['name']}-{card['version']}"
    texts = {".json": json.dumps(card, indent=2) + "\n", ".md": card_markdown(card)}
    for suffix, data in {".onnx": content, **{k: v.encode() for k, v in texts.items()}}.items():
        part = folder / f"{stem}{suffix}.part"
        part.write_bytes(data)
        part.replace(folder / f"{stem}{suffix}")
