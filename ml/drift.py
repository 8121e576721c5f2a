"""How far a distribution has moved: the population stability index. Pure numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import chdtri  # of scipy.stats the web server would carry all

SMOOTHING = 0.5  # counted into each bin, so that an empty one has a logarithm
CERTAINTY = 0.95


def stability_index(before: Sequence[int], since: Sequence[int]) -> float:
    """Population stability index of two histograms with the same bins; 0 where they have the same shape.

    PSI = sum over bins of (a - b) ln(a / b), with b and a the shares of the bin before and since (the symmetric
    Kullback-Leibler divergence; Siddiqi 2006, Credit Risk Scorecards, ch. 9, where 0.1 to 0.25 is "some" and more
    than 0.25 "major" change).

    Raises
    ------
    ValueError
        The histograms have different bins, or one holds nothing.
    """
    if len(before) != len(since) or not sum(before) or not sum(since):
        raise ValueError("A drift needs two histograms with the same bins, neither of them empty.")
    bins = len(before)
    old = [(count + SMOOTHING) / (sum(before) + SMOOTHING * bins) for count in before]
    new = [(count + SMOOTHING) / (sum(since) + SMOOTHING * bins) for count in since]
    return sum((a - b) * math.log(a / b) for a, b in zip(new, old, strict=True))


def chance_index(before: int, since: int, bins: int) -> float:
    """The index that samples of this size reach by chance in one case in twenty, when nothing has moved.

    Then PSI is distributed as chi-squared with (bins - 1) degrees of freedom times (1/n + 1/m) (Yurdakul & Naranjo
    2020, Journal of Risk Model Validation 14, 4).
    """
    return float(chdtri(bins - 1, 1 - CERTAINTY)) * (1 / before + 1 / since)
