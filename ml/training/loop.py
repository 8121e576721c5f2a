"""The training loop: simulate, learn, keep an average of the weights and the best of it; goes on after a kill."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ml.contract import INPUT_SIZE_PX
from ml.simulate import UNKNOWN
from ml.training.checkpoint import Checkpoints
from ml.training.echo import echoed
from ml.training.labels import Labelled
from ml.training.network import Architecture, TrailNet
from ml.training.start import Start, load_start, start_tiles
from ml.training.stream import TileStream, batches
from ml.training.timing import sixteen_bits_pay
from sky.simulate.background import Background

log = logging.getLogger(__name__)
SMALL_PX = 256
SMALL_SHARE, SMALL_SHARE_AGAIN = 0.6, 0.25
"""Share of the time that sees small tiles: of a fresh network, and of one that goes on from an earlier model."""
BATCHES = {SMALL_PX: 32, INPUT_SIZE_PX: 8}
PEAK_RATE = 2.5e-3
WARM_UP_STEPS = 60
KEEP = 0.998
MAX_LOST_STEPS = 100
CHECK_AT = tuple(round(0.5 + 0.5 * n / 12, 4) for n in range(1, 12))
PATIENCE = 8
PRIOR = 0.02
CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train: seed, minutes of CPU time (of the clock on a GPU), simulating processes, what to learn from.

    ``rate`` is the highest learning rate; ``check_at`` the shares of the time at which the network is judged, besides
    the end. ``by_clock``: the minutes are the clock's, judging included, on any machine. ``start``: an earlier model
    whose weights it begins with. ``echo``: how often each tile is learnt from (:mod:`ml.training.echo`).
    """

    seed: int
    minutes: float
    workers: int = 1
    threads: int = 1
    architecture: Architecture = field(default_factory=Architecture)
    backgrounds: tuple[Background, ...] = ()
    labelled: Labelled | None = None
    rate: float = PEAK_RATE
    check_at: tuple[float, ...] = CHECK_AT
    by_clock: bool = False
    start: Start | None = None
    echo: int = 1

    def fingerprint(self) -> list[Any]:
        """What must be the same for a broken-off training to go on."""
        names = [background.name for background in self.backgrounds]
        return [
            self.seed,
            self.minutes,
            str(self.architecture),
            self.rate,
            self.by_clock,
            names,
            len(self.labelled or ()),
            *([self.start.sha256] if self.start else []),
            *([self.echo] if self.echo > 1 else []),
        ]

    @property
    def small_share(self) -> float:
        """Share of the time in which it sees small tiles."""
        return SMALL_SHARE_AGAIN if self.start else SMALL_SHARE


@dataclass(slots=True)
class State:
    """Where a training stands; all of it is in the checkpoint."""

    network: TrailNet
    average: TrailNet
    optimiser: torch.optim.Optimizer
    best: TrailNet
    device: str
    sixteen_bits: bool = False
    steps: int = 0
    lost_steps: int = 0
    tiles: int = 0
    used_s: float = 0.0
    wall_s: float = 0.0
    resumed: int = 0
    curve: list[tuple[float, float]] = field(default_factory=list)
    checks: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trained:
    """The best averaged network, and what it took. ``curve``: (share of the time, loss); ``checks``: (share, score)."""

    network: TrailNet
    steps: int
    lost_steps: int
    tiles: int
    cpu_s: float
    wall_s: float
    resumed: int
    device: str
    curve: list[tuple[float, float]]
    checks: list[tuple[float, float]]


Report = Callable[[float, float, int], None]
Check = Callable[[TrailNet], float]
Source = Callable[[int], Iterator[list[Tensor]]]
"""Endless batches of tiles of a size: inputs, heat-map labels, tile labels, their weights (`ml.training.stream`)."""


def begin(plan: Plan, device: torch.device) -> State:
    """A training that has seen nothing; with the weights of an earlier model, where the plan says so.

    Raises
    ------
    StartRefused
        That model is not of this architecture.
    """
    torch.manual_seed(plan.seed)
    network = TrailNet(plan.architecture)
    if plan.start:
        load_start(network, plan.start.content, start_tiles())
    network = network.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=1e-3)
    return State(network, average, optimiser, copy.deepcopy(average), device.type)


def train(
    plan: Plan,
    *,
    report: Report,
    check: Check | None = None,
    kept: Checkpoints | None = None,
    source: Source | None = None,
) -> Trained:
    """Train for so many minutes of this process's CPU time, or of the clock where there is a GPU.

    CPU time, so that other work on the machine makes the training longer and not worse. The first part sees
    small tiles (more trails per second), the rest whole ones, on which the head that judges a tile learns.
    ``report(share of the time used, loss, tiles seen)`` is called after each step. ``check`` judges the averaged
    network on tiles set aside (higher is better) at the plan's moments and at the end; the best is what comes out,
    and where several checks in a row bring nothing better the training ends. With ``kept`` a killed training goes on.
    ``source`` gives the tiles, else they are simulated as it goes.

    Raises
    ------
    RuntimeError
        The loss became infinite again and again.
    StartRefused
        The model to start from is not of this architecture.
    """
    torch.set_num_threads(plan.threads)  # the simulator needs the other cores
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True  # tiles have two sizes only
    state = begin(plan, device)
    state.sixteen_bits = sixteen_bits_pay(state.network, SMALL_PX)
    if kept:
        kept.resume(state, plan.fingerprint())
    clock = time.monotonic if device.type == "cuda" or plan.by_clock else time.process_time
    began_wall, last, total_s = time.monotonic(), clock(), 60 * plan.minutes
    source = _echoing(plan, source or _simulated(plan, state), device)
    streams: dict[int, Iterator[list[Tensor]]] = {}
    recent, share = 0.0, state.used_s / total_s
    while share < 1.0 and not _stale(state):
        batch = _next_batch(source, streams, share < plan.small_share)
        for group in state.optimiser.param_groups:
            group["lr"] = plan.rate * _rate_share(state.steps, share)
        loss = _step(state, [part.to(device, non_blocking=True) for part in batch])
        now = clock()
        state.used_s, last = state.used_s + now - last, now
        share = state.used_s / total_s
        if loss is None:
            continue
        recent = loss if not recent else 0.97 * recent + 0.03 * loss
        _note(state, share, recent)
        report(min(share, 1.0), loss, state.tiles)
        if check and check_due(plan, state, share):
            _check(state, share, check)
            last = last if plan.by_clock else clock()  # looking at it is not learning
        if kept and kept.due():
            state.wall_s, began_wall = state.wall_s + time.monotonic() - began_wall, time.monotonic()
            kept.save(state, plan.fingerprint())
    streams.clear()
    if check and share >= 1.0 and (not state.checks or state.checks[-1][0] < 1.0):
        _check(state, 1.0, check)
    if kept:
        state.wall_s, began_wall = state.wall_s + time.monotonic() - began_wall, time.monotonic()
        kept.save(state, plan.fingerprint())  # what comes now may be broken off, too
    network = (state.best if check else state.average).cpu()
    wall_s = state.wall_s + time.monotonic() - began_wall
    return Trained(
        network, state.steps, state.lost_steps, state.tiles, state.used_s, wall_s, state.resumed, state.device,
        state.curve, state.checks,
    )  # fmt: skip


def _simulated(plan: Plan, state: State) -> Source:
    seed = plan.seed + 7_919 * state.resumed  # a training that goes on does not see the same tiles again
    return lambda size: batches(TileStream(seed, size, plan.backgrounds, plan.labelled), BATCHES[size], plan.workers)


def _echoing(plan: Plan, source: Source, device: torch.device) -> Source:
    if plan.echo == 1:
        return source
    return lambda size: echoed(source(size), plan.echo, np.random.default_rng([plan.seed, size]), device)


def _next_batch(source: Source, streams: dict[int, Iterator[list[Tensor]]], small: bool) -> list[Tensor]:
    size = SMALL_PX if small else INPUT_SIZE_PX
    if size not in streams:
        streams.clear()  # ends the processes that made the other size
        streams[size] = source(size)
    return next(streams[size])


def _rate_share(steps: int, share: float) -> float:
    """Share of the highest learning rate: a short warm-up, then a quarter of a cosine down to a fiftieth."""
    return min(1.0, (steps + 1) / WARM_UP_STEPS) * (0.02 + 0.98 * math.cos(math.pi / 2 * min(share, 1.0)))


def _note(state: State, share: float, loss: float) -> None:
    if not state.curve or share - state.curve[-1][0] >= 1 / CURVE_POINTS:
        state.curve.append((round(share, 4), round(loss, 4)))


def check_due(plan: Plan, state: State, share: float) -> bool:
    """Whether one of the plan's moments lies behind that no check has seen yet."""
    last = state.checks[-1][0] if state.checks else 0.0
    return share < 1.0 and any(last < at <= share for at in plan.check_at)


def _check(state: State, share: float, check: Check) -> None:
    score = check(state.average)
    if not state.checks or score > max(found for _, found in state.checks):
        state.best.load_state_dict(state.average.state_dict())
    state.checks.append((round(share, 4), round(score, 4)))


def _stale(state: State) -> bool:
    """Whether the last checks brought nothing better than an earlier one."""
    scores = [score for _, score in state.checks]
    return len(scores) > PATIENCE and max(scores[-PATIENCE:]) <= max(scores[:-PATIENCE])


def _step(state: State, batch: list[Tensor]) -> float | None:
    """One step of learning; the loss, or None where it or its slope is not finite and nothing was learnt."""
    pixels, labels, present, weight = batch
    network = state.network
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=state.sixteen_bits):
        heat, tile = network(pixels.contiguous(memory_format=torch.channels_last))
    judged = functional.binary_cross_entropy_with_logits(tile.float(), present, weight=weight, reduction="sum")
    loss = _focal(heat.float(), labels) + 0.5 * judged / weight.sum().clamp_min(1.0)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    steepness = nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    if not torch.isfinite(steepness + loss.detach()):
        log.warning("a step is left out: loss %.3g, slope %.3g", float(loss.detach()), float(steepness))
        state.lost_steps += 1
        if state.lost_steps > MAX_LOST_STEPS:
            raise RuntimeError("The loss is not finite any more; nothing was written. Train with another --seed.")
        if state.steps:  # 16-bit arithmetic overflows once in a while: go back to the average, which is sound
            network.load_state_dict(state.average.state_dict())
        return None
    state.optimiser.step()
    state.steps, state.tiles = state.steps + 1, state.tiles + len(pixels)
    _follow(state.average, network, min(KEEP, state.steps / (state.steps + 20)))
    return float(loss.detach())


def _focal(logits: Tensor, labels: Tensor, gamma: float = 1.5) -> Tensor:
    """Focal loss (Lin et al. 2017, arXiv:1708.02002) per cell that is known, divided by the cells on trails."""
    known = labels != UNKNOWN
    truth = (labels == 1).float()
    plain = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    # The floor keeps the root's slope finite for cells that are decided.
    missed = -torch.expm1(-plain.clamp_min(1e-7))
    return (plain * missed**gamma * known).sum() / (truth.sum() + 50.0)


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - keep)
        else:
            kept.copy_(new)


def calibrate(
    network: TrailNet, logits: NDArray[np.floating], truth: NDArray[np.floating], known: NDArray[np.floating]
) -> None:
    """Fit a temperature and an offset per class on tiles not trained on, and build them into the network.

    ``logits``, ``truth`` and ``known`` (0 or 1: whether the truth counts) are (n, 3). Scores keep their order
    (the temperature is kept positive). A weak prior holds the temperature near 1, else classes that these
    tiles happen to separate would become 0 or 1.
    """
    x, y, weight = (torch.tensor(values, dtype=torch.float64) for values in (logits, truth, known))
    log_scale = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    shift = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_scale, shift], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(x * log_scale.exp() + shift, y, weight=weight)
        loss = loss + PRIOR * (log_scale**2).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    with torch.no_grad():
        network.scale.copy_(log_scale.exp().float())
        network.shift.copy_(shift.float())


@torch.no_grad()
def tile_logits(network: TrailNet, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits (n, 3) of whole tiles (n, 1, 512, 512), on the device the network is on."""
    device = next(network.parameters()).device
    found = [network(torch.from_numpy(inputs[i : i + 8]).to(device))[1].cpu() for i in range(0, len(inputs), 8)]
    return torch.cat(found).double().numpy()
