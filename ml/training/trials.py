"""One try of an architecture: how fast its exported file is, and how well it does after a short training."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.training.export import export_onnx
from ml.training.loop import PEAK_RATE, Plan, Trained, begin, train
from ml.training.network import Architecture, TrailNet
from ml.training.pool import CheckTiles, Pool
from ml.training.precision import mean_precision, precision_by_class
from ml.training.timing import milliseconds

LOOKED_AT = (0.4, 0.7)
"""Shares of a trial's training at which it is held against the others, on half of the tiles."""
MARGIN = 0.08
"""So far under the front at the same moment of its training a trial ends: about twice what chance makes."""
SLOWEST = 2.0
"""Times the default's milliseconds; what is slower is not trained."""
HIGHEST_CELLS, BATCH = 16, 8
DILATIONS = ("1", "1-2", "1-2-4", "1-2-4-8", "1-1-2-4", "1-2-2-4-4")
RATES = (1e-3, 8e-3)


class Dropped(Exception):
    """A trial that ends before its time; why, in words."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An architecture and the highest learning rate to train it with."""

    architecture: Architecture
    rate: float = PEAK_RATE

    @classmethod
    def of(cls, parameters: dict[str, Any]) -> Candidate:
        """The candidate of Optuna's parameters (:func:`suggest`)."""
        widths = "-".join(str(parameters[name]) for name in ("half", "quarter", "eighth", "deep"))
        text = f"w{widths}_b{parameters['blocks']}_d{parameters['dilations']}_f{parameters['first_px']}"
        return cls(Architecture.parse(text), parameters["rate"])

    @property
    def parameters(self) -> dict[str, Any]:
        """As Optuna has them."""
        shape = self.architecture
        named = dict(zip(("half", "quarter", "eighth", "deep"), shape.widths, strict=True))
        dilations = "-".join(map(str, shape.dilations))
        return {**named, "blocks": shape.blocks, "dilations": dilations, "first_px": shape.first_px, "rate": self.rate}


DEFAULT = Candidate(Architecture())
FIRST = (
    DEFAULT,
    Candidate(Architecture((8, 16, 24, 32), 1, (1, 2, 4), 3)),
    Candidate(Architecture((12, 24, 32, 48), 1, (1, 2, 4), 5), 2 * PEAK_RATE),
)
"""Tried before any that is drawn: what there is now, something half as large, something between at a higher rate."""


def suggest(trial: Any) -> Candidate:
    """Let Optuna draw a candidate."""
    drawn = {
        "half": trial.suggest_int("half", 8, 24, step=4),
        "quarter": trial.suggest_int("quarter", 12, 40, step=4),
        "eighth": trial.suggest_int("eighth", 16, 64, step=8),
        "deep": trial.suggest_int("deep", 24, 96, step=8),
        "blocks": trial.suggest_int("blocks", 0, 3),
        "dilations": trial.suggest_categorical("dilations", DILATIONS),
        "first_px": trial.suggest_categorical("first_px", (3, 5, 7)),
        "rate": trial.suggest_float("rate", *RATES, log=True),
    }
    return Candidate.of(drawn)


@dataclass(frozen=True, slots=True)
class Rival:
    """A trial that was finished: its time per cutout, and its score at each moment of :data:`LOOKED_AT`."""

    ms: float
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a finished trial is known by. ``scores`` (n, 3): :func:`scores_of` the tiles."""

    ms: float
    precision: float
    by_class: dict[str, float]
    looked_at: tuple[float, ...]
    scores: NDArray[np.float32]
    trained: Trained


def exported(architecture: Architecture) -> bytes:
    """The file of an untrained network: as fast as a trained one."""
    return export_onnx(begin(Plan(1, 1.0, architecture=architecture), torch.device("cpu")).average)


def pace(content: bytes, reference: bytes, reference_ms: float) -> float:
    """Milliseconds per cutout, by the proportion to a reference that runs in turns with it."""
    taken = milliseconds([reference, content])
    return reference_ms * taken[1] / taken[0]


def too_slow(ms: float, reference_ms: float) -> None:
    """Raises Dropped where training would be in vain."""
    if ms > SLOWEST * reference_ms:
        raise Dropped(f"slower than {SLOWEST:g} times the default: {ms:.1f} ms")


def held_against(rivals: Sequence[Rival], ms: float, moment: int, score: float) -> None:
    """Raises Dropped where a rival that is no slower was clearly better at the same moment."""
    best = max((rival.scores[moment] for rival in rivals if rival.ms <= ms and len(rival.scores) > moment), default=0.0)
    if score < best - MARGIN:
        raise Dropped(f"under the front after {LOOKED_AT[moment]:.0%}: {score:.3f}, a faster one had {best:.3f}")


def trial(
    plan: Plan,
    pool: Pool,
    tiles: CheckTiles,
    ms: float,
    rivals: Callable[[], Sequence[Rival]],
    report: Callable[[], None],
) -> Outcome:
    """Train shortly on the pool and judge on the tiles set aside.

    ``rivals`` tells those finished by now; ``report`` is called after each step.

    Raises
    ------
    Dropped
        It is clearly under the front, or does not learn at all.
    """
    last: list[NDArray[np.float32]] = []
    seen: list[float] = []

    def check(network: TrailNet) -> float:
        over = len(seen) == len(plan.check_at)
        shown = tiles if over else tiles.first_half()
        last[:] = [scores_of(network, shown)]
        score = mean_precision(last[0], shown.known, shown.present)
        if not over:
            held_against(rivals(), ms, len(seen), score)
            seen.append(score)
        return score

    try:
        trained = train(plan, report=lambda *_: report(), check=check, source=pool.source(plan.seed))
    except RuntimeError as error:
        raise Dropped(str(error)) from error
    # On a slow machine one step may pass several of the moments: then the last look was not at all tiles.
    scores = last[0] if len(last[0]) == len(tiles) else scores_of(trained.network, tiles)
    precision = mean_precision(scores, tiles.known, tiles.present)
    by_class = precision_by_class(scores, tiles.known, tiles.present)
    return Outcome(ms, precision, by_class, tuple(seen), scores, trained)


@torch.no_grad()
def scores_of(network: TrailNet, tiles: CheckTiles) -> NDArray[np.float32]:
    """How much of each class a tile shows (n, 3): mean logit of the heat map's highest cells.

    The head that judges whole tiles learns from these cells, and later than them: in trainings as short as a trial's
    it is behind, more so the less it was trained.
    """
    device, found = next(network.parameters()).device, []
    for first in range(0, len(tiles), BATCH):
        inputs = torch.from_numpy(tiles.inputs[first : first + BATCH].astype(np.float32))
        heat, _ = network(inputs.to(device))
        found.append(torch.topk(heat.flatten(2), HIGHEST_CELLS, dim=2).values.mean(dim=2).cpu())
    return torch.cat(found).float().numpy()
