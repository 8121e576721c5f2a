"""Completeness against false detections per tile (free-response ROC), with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.matching import Matched
from ml.evaluation.measures import DIGITS, DRAWS, Figure, rounded, share, wilson
from ml.evaluation.truth import Truth

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
RATES = (0.1, 0.5, 1.0)
CURVE_RATES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """All trails and all false detections of a set of tiles.

    ``snr, length_px, found`` (trails,): what each is, and the best score that found it (-1: none);
    ``trail_tile`` and ``false_tile`` say which tile each belongs to; ``false`` (m,) in falling order.
    """

    tiles: int
    snr: Array
    length_px: Array
    found: Array
    trail_tile: NDArray[np.intp]
    false: Array
    false_tile: NDArray[np.intp]


def pooled(results: Sequence[tuple[Truth, Matched]]) -> Pool:
    """Put the results of single tiles together."""
    trails = np.array([trail for truth, _ in results for trail in truth.trails], dtype=np.float64).reshape(-1, 2)
    found = np.concatenate([np.empty(0), *(match.found for _, match in results)])
    if len(found) != len(trails):
        raise ValueError("There must be one result per trail that counts.")
    false = np.concatenate([np.empty(0), *(match.false for _, match in results)])
    numbers = np.arange(len(results))
    false_tile = np.repeat(numbers, [match.false.size for _, match in results])
    order = np.argsort(-false, kind="stable")
    trail_tile = np.repeat(numbers, [len(truth.trails) for truth, _ in results])
    return Pool(len(results), trails[:, 0], trails[:, 1], found, trail_tile, false[order], false_tile[order])


def threshold_for(pool: Pool, rate: float) -> float:
    """Lowest score with no more than ``rate`` false detections per tile."""
    return float(_thresholds(pool, np.ones((1, pool.tiles), dtype=np.int64), rate)[0])


def _thresholds(pool: Pool, weights: NDArray[np.int64], rate: float) -> Array:
    """The same for each row of ``weights`` (draws, tiles): how often a tile was drawn."""
    if not pool.false.size:
        return np.zeros(len(weights))
    passed = np.cumsum(weights[:, pool.false_tile], axis=1)
    # The first that is too many is where the line is drawn: just above its score.
    too_many = passed > rate * pool.tiles + 1e-9
    first = np.where(too_many.any(axis=1), too_many.argmax(axis=1), pool.false.size)
    return np.append(np.nextafter(pool.false, 2.0), 0.0)[first]


def completeness(pool: Pool, chosen: Flags, rate: float) -> Figure:
    """Share of the chosen trails found at a rate, with Wilson's interval (the threshold taken as given)."""
    return share(int((chosen & (pool.found >= threshold_for(pool, rate))).sum()), int(chosen.sum()))


class Bootstrap:
    """Intervals that know of the threshold's own uncertainty: tiles are drawn anew, with all that is in them."""

    def __init__(self, pool: Pool, draws: int = DRAWS, seed: int = 0) -> None:
        self.pool = pool
        rng = np.random.default_rng(seed)
        even = np.full(pool.tiles, 1 / pool.tiles)
        self._weights: NDArray[np.int64] = np.vstack(
            [np.ones((1, pool.tiles), dtype=np.int64), rng.multinomial(pool.tiles, even, size=draws)]
        )
        self._known: dict[float, Array] = {}

    def completeness(self, chosen: Flags, rate: float) -> Figure:
        """Share of the chosen trails found at a rate. Where all draws agree (0 or 1), Wilson's interval."""
        if rate not in self._known:
            self._known[rate] = _thresholds(self.pool, self._weights, rate)
        of = int(chosen.sum())
        if not of:
            return share(0, 0)
        weights = self._weights[:, self.pool.trail_tile[chosen]]
        hit = self.pool.found[chosen] >= self._known[rate][:, None]
        total = weights.sum(axis=1)
        shares = (weights * hit).sum(axis=1)[total > 0] / total[total > 0]
        value = float(shares[0])
        low, high = (float(np.quantile(shares[1:], q)) for q in (0.025, 0.975))
        if low == high:
            low, high = wilson(round(value * of), of)
        return {**rounded(value, low, high), "of": of}

    def curve(self, chosen: Flags) -> list[tuple[float, float, float, float]]:
        """(false detections per tile, completeness, low, high), up to where the detector says no more."""
        most = self.pool.false.size / self.pool.tiles
        reached = sum(rate < most for rate in CURVE_RATES)
        rows = []
        for rate in CURVE_RATES[: reached + 1]:
            found = self.completeness(chosen, rate)
            rows.append((round(min(rate, most), DIGITS), found["value"], found["low"], found["high"]))
        return rows
