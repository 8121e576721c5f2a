"""One way to say how well tiles are told apart, for checks, comparisons and searches. Pure numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.contract import HEATMAP_CLASSES
from ml.evaluation import average_precision

Array = NDArray[Any]
WEIGHTS = {"asteroid": 2.0, "satellite": 1.0, "arc": 1.0}
"""Asteroids are what it is about; telling them from the others needs the others."""


def precision_by_class(scores: Array, known: Array, present: Array) -> dict[str, float]:
    """Average precision of each class the model knows, over the tiles whose truth is known.

    ``scores`` (n, 2 or more): probabilities or logits, by the classes of the contract; ``known`` and ``present``
    (n, 3): 0 or 1. Classes that no tile has are left out.
    """
    found = {}
    for kind, name in enumerate(HEATMAP_CLASSES[: scores.shape[1]]):
        counted = known[:, kind] == 1
        if present[counted, kind].any():
            found[name] = average_precision(scores[counted, kind].astype(np.float64), present[counted, kind] == 1)
    return found


def mean_precision(scores: Array, known: Array, present: Array) -> float:
    """Mean of the classes' average precisions, asteroids counted twice; 0 where no tile has anything."""
    found = precision_by_class(scores, known, present)
    return float(np.average(list(found.values()), weights=[WEIGHTS[name] for name in found])) if found else 0.0
