"""The training loop: simulate, learn, keep an average of the weights, calibrate."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ml.contract import INPUT_SIZE_PX
from ml.training.network import TrailNet
from ml.training.stream import batches

log = logging.getLogger(__name__)
SMALL_PX = 256
SMALL_SHARE = 0.45
BATCHES = {SMALL_PX: 32, INPUT_SIZE_PX: 8}
PEAK_RATE = 2.5e-3
WARM_UP_STEPS = 60
KEEP = 0.997
MAX_LOST_STEPS = 50
PRIOR = 0.02


@dataclass(frozen=True, slots=True)
class Trained:
    """The averaged network, and what it took."""

    network: TrailNet
    steps: int
    lost_steps: int
    tiles: int
    cpu_s: float
    wall_s: float


Report = Callable[[float, float, int], None]


def train(*, seed: int, minutes: float, workers: int, report: Report) -> Trained:
    """Train on simulations for so many minutes of this process's CPU time.

    CPU time, so that other work on the machine makes the training longer and not worse. The first part sees
    small tiles (more trails per second), the rest whole ones, on which the head that judges a tile learns.
    ``report(share of the time used, loss, tiles seen)`` is called after each step.

    Raises
    ------
    RuntimeError
        The loss became infinite again and again.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # the simulator needs the other core
    network = TrailNet().to(memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=1e-3)
    streams: dict[int, Iterator[list[Tensor]]] = {}
    began, began_cpu = time.monotonic(), time.process_time()
    steps, tiles, lost, share = 0, 0, 0, 0.0
    while share < 1.0:
        size = SMALL_PX if share < SMALL_SHARE else INPUT_SIZE_PX
        if size not in streams:
            streams.clear()  # ends the processes that made the other size
            streams[size] = batches(seed, size, BATCHES[size], workers)
        pixels, labels, present = next(streams[size])
        for group in optimiser.param_groups:
            group["lr"] = (
                PEAK_RATE * min(1.0, (steps + 1) / WARM_UP_STEPS) * (0.02 + 0.98 * math.cos(math.pi / 2 * share))
            )
        loss = _step(network, optimiser, pixels, labels, present)
        share = (time.process_time() - began_cpu) / (60 * minutes)
        if loss is None:  # 16-bit arithmetic overflows once in a while: go back to the average, which is sound
            lost += 1
            if lost > MAX_LOST_STEPS:
                raise RuntimeError("The loss is not finite any more; nothing was written. Train with another --seed.")
            network.load_state_dict(average.state_dict())
            continue
        steps, tiles = steps + 1, tiles + len(pixels)
        _follow(average, network, min(KEEP, steps / (steps + 20)))
        report(min(share, 1.0), loss, tiles)
    return Trained(average, steps, lost, tiles, time.process_time() - began_cpu, time.monotonic() - began)


def _step(
    network: nn.Module, optimiser: torch.optim.Optimizer, pixels: Tensor, labels: Tensor, present: Tensor
) -> float | None:
    """One step of learning; the loss, or None where it or its slope is not finite and nothing was learnt."""
    with torch.autocast("cpu", torch.bfloat16):
        heat, tile = network(pixels.contiguous(memory_format=torch.channels_last))
    loss = _focal(heat.float(), labels.float()) + 0.5 * functional.binary_cross_entropy_with_logits(
        tile.float(), present
    )
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    steepness = nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    if not torch.isfinite(steepness + loss.detach()):
        log.warning("a step is left out: loss %.3g, slope %.3g", float(loss.detach()), float(steepness))
        return None
    optimiser.step()
    return float(loss.detach())


def _focal(logits: Tensor, truth: Tensor, gamma: float = 1.5) -> Tensor:
    """Focal loss (Lin et al. 2017, arXiv:1708.02002) per cell, summed and divided by the cells on trails."""
    plain = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    # The floor keeps the root's slope finite for cells that are decided.
    missed = -torch.expm1(-plain.clamp_min(1e-7))
    return (plain * missed**gamma).sum() / (truth.sum() + 50.0)


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - keep)
        else:
            kept.copy_(new)


def calibrate(network: TrailNet, logits: NDArray[np.floating], truth: NDArray[np.floating]) -> None:
    """Fit a temperature and an offset per class on tiles not trained on, and build them into the network.

    ``logits`` and ``truth`` are (n, 2). Scores keep their order (the temperature is kept positive). A weak
    prior holds the temperature near 1, else classes that these tiles happen to separate would become 0 or 1.
    """
    x, y = torch.tensor(logits, dtype=torch.float64), torch.tensor(truth, dtype=torch.float64)
    log_scale = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    shift = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_scale, shift], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(x * log_scale.exp() + shift, y)
        loss = loss + PRIOR * (log_scale**2).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    network.scale.copy_(log_scale.detach().exp().float())
    network.shift.copy_(shift.detach().float())


@torch.no_grad()
def tile_logits(network: TrailNet, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits (n, 2) of whole tiles (n, 1, 512, 512)."""
    found = [network(torch.from_numpy(inputs[i : i + 8]))[1] for i in range(0, len(inputs), 8)]
    return torch.cat(found).double().numpy()
