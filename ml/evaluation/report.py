"""The figures of a card: a documented, stable structure (docs/reference/model.md) of plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bars import bars
from ml.evaluation.froc import RATES, Bootstrap, Pool, completeness, pooled
from ml.evaluation.judging import Judged, probabilities
from ml.evaluation.measures import (
    Figure,
    auc_figure,
    average_precision,
    precision_recall,
    purity,
    reliability,
    share,
)
from ml.evaluation.truth import CLEAR_LENGTH_PX, CLEAR_SNR, Truths

Flags = NDArray[np.bool_]
SNR_EDGES = (1.0, 2.0, 3.0, 5.0, 8.0, 21.0)
LENGTH_EDGES_PX = (10.0, 30.0, 60.0, 120.0, 240.0, 700.0)
PREVALENCES = (0.01, 0.02, 0.03)


def figures(judged: Sequence[Judged], threshold: float) -> dict[str, Any]:
    """All figures of a set of tiles; those on real backgrounds apart, under ``real``; the bars of both.

    What cannot be said (an AUC without positives) is left out.

    Raises
    ------
    ValueError
        No tile has a simulated background.
    """
    simulated, real = [one for one in judged if not one.real], [one for one in judged if one.real]
    if not simulated:
        raise ValueError("Figures need tiles with simulated backgrounds.")
    found = _figures(simulated, threshold)
    if real:
        found["real"] = _figures(real, threshold)
    found["bars"] = bars(found)
    return found


def _figures(judged: Sequence[Judged], threshold: float) -> dict[str, Any]:
    truths = Truths.of([one.truth for one in judged])
    pool = pooled([(one.truth, one.match) for one in judged])
    return {
        "tiles": {
            "all": len(judged), "asteroid": int(truths.asteroid.sum()), "clear": int(truths.clear.sum()),
            "empty": int(truths.empty.sum()), "satellite": int(truths.satellite.sum()), "arc": int(truths.arc.sum()),
            "trails": int(pool.snr.size), "false_detections": int(pool.false.size),
        },
        "clear": {"snr": CLEAR_SNR, "length_px": CLEAR_LENGTH_PX},
        **_by_tile(judged, truths, threshold),
        **_by_detection(pool),
    }  # fmt: skip


def _by_tile(judged: Sequence[Judged], truths: Truths, threshold: float) -> dict[str, Any]:
    p_asteroid = probabilities(judged, "p_asteroid")
    asteroid = [("asteroid", truths.asteroid), ("asteroid_clear", truths.clear)]
    asteroid += [("asteroid_snr2", truths.at_least(2.0)), ("asteroid_snr2_30px", truths.at_least(2.0, 30.0))]
    aucs = {name: auc_figure(p_asteroid, positive, truths.empty) for name, positive in asteroid}
    judgeable = ~truths.spared | truths.asteroid
    precision = {"asteroid": _average_precision(p_asteroid[judgeable], truths.asteroid[judgeable])}
    for name, positive in (("satellite", truths.satellite), ("arc", truths.arc)):
        p = probabilities(judged, f"p_{name}")
        if not np.isnan(p).any():
            aucs[name], precision[name] = auc_figure(p, positive, ~positive), _average_precision(p, positive)
    return {
        "auc": {name: found for name, found in aucs.items() if found is not None},
        "average_precision": {name: found for name, found in precision.items() if found is not None},
        "at_threshold": _at_threshold(p_asteroid >= threshold, truths, threshold),
        "precision_recall": precision_recall(p_asteroid[judgeable], truths.asteroid[judgeable]),
        "reliability": reliability(p_asteroid[judgeable], truths.asteroid[judgeable]),
    }


def _average_precision(p: NDArray[np.float64], positive: Flags) -> float | None:
    return round(average_precision(p, positive), 4) if positive.any() else None


def _at_threshold(passed: Flags, truths: Truths, threshold: float) -> dict[str, Any]:
    recall, clear, false = (
        share(int((passed & chosen).sum()), int(chosen.sum()))
        for chosen in (truths.asteroid, truths.clear, truths.empty)
    )
    return {
        "threshold": round(threshold, 4),
        "recall": recall,
        "recall_clear": clear,
        "false_share": false,
        "purity": {f"{p:g}": round(purity(recall["value"], false["value"], p), 3) for p in PREVALENCES},
        "purity_clear": {f"{p:g}": round(purity(clear["value"], false["value"], p), 3) for p in PREVALENCES},
    }


def _by_detection(pool: Pool) -> dict[str, Any]:
    long = pool.length_px >= CLEAR_LENGTH_PX
    groups = {"all": pool.snr > 0, "snr3": long & (pool.snr >= 3), "snr5": long & (pool.snr >= 5)}
    bootstrap = Bootstrap(pool)
    return {
        "completeness": {
            f"{rate:g}": {name: bootstrap.completeness(chosen, rate) for name, chosen in groups.items()}
            for rate in RATES
        },
        "completeness_by_snr": _binned(pool, pool.snr, SNR_EDGES, long),
        "completeness_by_length_px": _binned(pool, pool.length_px, LENGTH_EDGES_PX, pool.snr >= CLEAR_SNR),
        "froc": {name: bootstrap.curve(chosen) for name, chosen in groups.items()},
    }


def _binned(
    pool: Pool, value: NDArray[np.float64], edges: tuple[float, ...], counted: Flags
) -> dict[str, list[Figure]]:
    """Per rate, rows of a range and the completeness in it."""
    rows: dict[str, list[Figure]] = {}
    for rate in RATES:
        rows[f"{rate:g}"] = [
            {"from": low, "to": high, **completeness(pool, counted & (value >= low) & (value < high), rate)}  # type: ignore[typeddict-unknown-key]
            for low, high in zip(edges, edges[1:], strict=False)
        ]
    return rows
