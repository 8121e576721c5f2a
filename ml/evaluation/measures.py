"""Figures of scores and shares, with their 95 % intervals. Pure numpy."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
DIGITS = 4
DRAWS = 1000


class Figure(TypedDict, total=False):
    """A figure with its 95 % interval; ``of``: the number of things that it is a share of."""

    value: float
    low: float
    high: float
    of: int


def auc(score: Array, positive: Flags) -> float:
    """Area under the ROC curve: the share of (positive, negative) pairs in the right order; ties count half.

    Raises
    ------
    ValueError
        There are no positives, or no negatives.
    """
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        raise ValueError("An AUC needs tiles with and without a trail.")
    ranks = rankdata(score)
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auc_interval(score: Array, positive: Flags, draws: int = DRAWS, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the AUC by resampling positive and negative tiles apart."""
    rng = np.random.default_rng(seed)
    high, low = score[positive], score[~positive]
    flags = np.concatenate([np.ones(high.size, bool), np.zeros(low.size, bool)])
    found = [auc(np.concatenate([rng.choice(high, high.size), rng.choice(low, low.size)]), flags) for _ in range(draws)]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def auc_figure(score: Array, positive: Flags, negative: Flags) -> Figure | None:
    """The AUC of some tiles against others; None where either are missing."""
    if not positive.any() or not negative.any():
        return None
    chosen = positive | negative
    low, high = auc_interval(score[chosen], positive[chosen])
    return rounded(auc(score[chosen], positive[chosen]), low, high)


def average_precision(score: Array, positive: Flags) -> float:
    """Mean precision at each positive, going down the ranking."""
    hit = positive[np.argsort(-score, kind="stable")]
    precision = np.cumsum(hit) / np.arange(1, hit.size + 1)
    return float(precision[hit].mean())


def precision_recall(score: Array, positive: Flags, points: int = 60) -> list[tuple[float, float]]:
    """(recall, precision) going down the ranking, thinned to about so many points; empty without positives."""
    total = int(positive.sum())
    if not total:
        return []
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(positive[order])
    last = np.append(np.flatnonzero(np.diff(score[order])), score.size - 1)  # of equal scores only the end counts
    recall, precision = hits[last] / total, hits[last] / (last + 1)
    wanted = np.unique(np.searchsorted(recall, np.linspace(recall[0], 1.0, points)))
    return [(round(float(recall[i]), DIGITS), round(float(precision[i]), DIGITS)) for i in wanted]


class ReliabilityBin(Figure, total=False):
    """Tiles whose probability lies in a range: how many of them are positive, against what was said on average."""

    mean: float


class Reliability(TypedDict):
    """How far probabilities are what they say: mean distance over all tiles (ECE), and by tenths."""

    error: float
    bins: list[ReliabilityBin]


def reliability(probability: Array, positive: Flags, bins: int = 10) -> Reliability:
    """Expected calibration error with equal bins (Naeini et al. 2015, AAAI 29, 2901) and the bins that hold tiles."""
    index = _bin_of(probability, bins)
    rows: list[ReliabilityBin] = []
    for number in range(bins):
        chosen = index == number
        count, hits = int(chosen.sum()), int((chosen & positive).sum())
        if count:
            mean = float(probability[chosen].mean())
            rows.append({"mean": round(mean, DIGITS), **share(hits, count)})
    return {"error": round(calibration_error(probability, positive, bins), DIGITS), "bins": rows}


def calibration_error(probability: Array, positive: Flags, bins: int = 10) -> float:
    """Expected calibration error: mean distance between what was said and what was so, over equal bins."""
    index = _bin_of(probability, bins)
    said, so = (np.bincount(index, weights=values, minlength=bins) for values in (probability, positive))
    return float(np.abs(said - so).sum() / probability.size)


def _bin_of(probability: Array, bins: int) -> NDArray[np.intp]:
    return np.minimum((probability * bins).astype(int), bins - 1)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); (0, 1) where nothing was tried."""
    if not of:
        return 0.0, 1.0
    z = 1.959964
    part, widen = hits / of, z * z / of
    middle = (part + widen / 2) / (1 + widen)
    reach = z * np.sqrt(part * (1 - part) / of + widen / (4 * of)) / (1 + widen)
    return float(max(0.0, middle - reach)), float(min(1.0, middle + reach))


def share(hits: int, of: int) -> Figure:
    """A share with Wilson's interval."""
    return {**rounded(hits / max(1, of), *wilson(hits, of)), "of": of}


def rounded(value: float, low: float, high: float) -> Figure:
    """A figure as cards have it."""
    return {"value": round(value, DIGITS), "low": round(low, DIGITS), "high": round(high, DIGITS)}


def threshold_at(score: Array, negative: Flags, false_share: float) -> float:
    """Lowest score that at most ``false_share`` of the negatives reach."""
    ranked = np.sort(score[negative])[::-1]
    allowed = int(false_share * ranked.size)
    return float(np.nextafter(ranked[allowed], 1.0)) if allowed < ranked.size else 0.0


def purity(recall: float, false_share: float, prevalence: float) -> float:
    """Share of true ones among what passes, where ``prevalence`` of all tiles have a trail."""
    true, false = prevalence * recall, (1 - prevalence) * false_share
    return true / (true + false) if true + false else 0.0
