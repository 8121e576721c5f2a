"""Calibration of P(yes) by an audit: which subjects experts look at, and what follows for the others. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

BANDS = (1e-3, 1e-2, 0.1, 0.5, 0.9, 0.99)  # edges in P(yes); an audit takes as many subjects from each band
RIDGE = 1.0  # pull to "already calibrated", in units of one observation per unit of slope or shift
_EPSILON = 1e-9


def audit_sample(p: ArrayLike, size: int, *, seed: int) -> NDArray[np.int64]:
    """Which subjects to audit: as many from each band of P(yes), what a small band lacks from the others.

    Which subjects are drawn depends on ``p`` alone, so that `platt` needs no weights.

    Raises
    ------
    ValueError
        There are fewer subjects than ``size``.
    """
    values = np.asarray(p, dtype=float)
    if size > len(values):
        raise ValueError(f"{size} subjects cannot be drawn from {len(values)}")
    rng = np.random.default_rng(seed)
    band = np.digitize(values, BANDS)
    shuffled = rng.permutation(len(values))
    rank = np.empty(len(values), dtype=np.int64)  # a subject's place within its band
    for number in range(len(BANDS) + 1):
        members = shuffled[band[shuffled] == number]
        rank[members] = np.arange(len(members))
    return np.asarray(shuffled[np.argsort(rank[shuffled], kind="stable")][:size], dtype=np.int64)


def platt(p: ArrayLike, truth: ArrayLike, *, steps: int = 50) -> tuple[float, float]:
    """Slope a and shift b of logit P' = a logit P + b that fit audited subjects best (Platt 1999).

    ``p`` and ``truth`` (0 or 1) have shape (n,). A ridge pulls to a = 1, b = 0, so that few subjects change little.
    """
    x = _logit(np.asarray(p, dtype=float))
    y = np.asarray(truth, dtype=float)
    design = np.column_stack([x, np.ones_like(x)])
    neutral = np.array([1.0, 0.0])
    line = neutral.copy()
    for _ in range(steps):
        said = 1 / (1 + np.exp(-np.clip(design @ line, -50, 50)))
        slope = design.T @ (said - y) + RIDGE * (line - neutral)
        bend = (design * (said * (1 - said))[:, None]).T @ design + RIDGE * np.eye(2)
        step = np.linalg.solve(bend, slope)
        line = line - step * min(1.0, 1.0 / float(np.abs(step).max() + _EPSILON))
        if float(np.abs(step).max()) < 1e-8:
            break
    return float(line[0]), float(line[1])


def recalibrated(p: ArrayLike, line: tuple[float, float]) -> NDArray[np.float64]:
    """P' of each P, by the line from `platt`; same shape."""
    moved = line[0] * _logit(np.asarray(p, dtype=float)) + line[1]
    return np.asarray(1 / (1 + np.exp(-np.clip(moved, -50, 50))))


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    q = np.clip(p, _EPSILON, 1 - _EPSILON)
    return np.asarray(np.log(q / (1 - q)))
