"""Figures of a model on tiles with known truth. Pure numpy; the same ones in the card, the tests and the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ml.simulate import Tile

Array = NDArray[np.float64]
SNR_EDGES = (1.0, 2.0, 3.0, 5.0, 8.0, 15.0)
LENGTH_EDGES_PX = (20.0, 40.0, 80.0, 160.0, 600.0)
CLEAR_SNR = 3.0
CLEAR_LENGTH_PX = 40.0
PREVALENCES = (0.01, 0.02, 0.03)


@dataclass(frozen=True, slots=True)
class Truths:
    """What is in n tiles: the SNR and length inside of the clearest asteroid trail (0 without), and satellites."""

    snr: Array
    length_px: Array
    satellite: NDArray[np.bool_]

    @property
    def asteroid(self) -> NDArray[np.bool_]:
        return np.asarray(self.snr > 0)

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Trails that a person sees at once: SNR 3 per ridge pixel, 40 px inside the tile."""
        return np.asarray((self.snr >= CLEAR_SNR) & (self.length_px >= CLEAR_LENGTH_PX))


def truths_of(tiles: list[Tile]) -> Truths:
    """Read the truth of simulated tiles; of two trails the one with more signal (SNR times root length) counts."""
    snr, length = np.zeros(len(tiles)), np.zeros(len(tiles))
    for i, tile in enumerate(tiles):
        size = tile.pixels.shape[0]
        for trail in tile.asteroids:
            inside = trail.length_inside_px(size)
            if trail.snr * inside**0.5 > snr[i] * length[i] ** 0.5:
                snr[i], length[i] = trail.snr, inside
    return Truths(snr, length, np.array([tile.satellites > 0 for tile in tiles]))


def auc(score: Array, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: the share of (positive, negative) pairs in the right order; ties count half."""
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        raise ValueError("An AUC needs tiles with and without a trail.")
    ranks = rankdata(score)
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(score: Array, positive: NDArray[np.bool_]) -> float:
    """Mean precision at each positive, going down the ranking."""
    order = np.argsort(-score, kind="stable")
    hit = positive[order]
    precision = np.cumsum(hit) / np.arange(1, hit.size + 1)
    return float(precision[hit].mean())


def auc_interval(score: Array, positive: NDArray[np.bool_], draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the AUC by resampling positives and negatives apart."""
    rng = np.random.default_rng(seed)
    high, low = score[positive], score[~positive]
    flags = np.concatenate([np.ones(high.size, bool), np.zeros(low.size, bool)])
    found = [auc(np.concatenate([rng.choice(high, high.size), rng.choice(low, low.size)]), flags) for _ in range(draws)]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); (0, 1) where nothing was tried."""
    if not of:
        return 0.0, 1.0
    z = 1.959964
    share, widen = hits / of, z * z / of
    middle = (share + widen / 2) / (1 + widen)
    reach = z * np.sqrt(share * (1 - share) / of + widen / (4 * of)) / (1 + widen)
    return float(max(0.0, middle - reach)), float(min(1.0, middle + reach))


def threshold_at(score: Array, negative: NDArray[np.bool_], false_share: float) -> float:
    """Lowest score that at most ``false_share`` of the negatives reach."""
    ranked = np.sort(score[negative])[::-1]
    allowed = int(false_share * ranked.size)
    return float(np.nextafter(ranked[allowed], 1.0)) if allowed < ranked.size else 0.0


def purity(recall: float, false_share: float, prevalence: float) -> float:
    """Share of true ones among what passes, where ``prevalence`` of all tiles have a trail."""
    true, false = prevalence * recall, (1 - prevalence) * false_share
    return true / (true + false) if true + false else 0.0


def figures(p_asteroid: Array, p_satellite: Array, truths: Truths, threshold: float) -> dict[str, Any]:
    """All figures of a card: AUC with intervals, average precision, recall by SNR and length, purity."""
    empty = ~truths.asteroid
    passed = p_asteroid >= threshold
    kept, clear_kept = int((passed & truths.asteroid).sum()), int((passed & truths.clear).sum())
    false = int((passed & empty).sum())
    recall, clear_recall, false_share = (
        kept / max(1, int(truths.asteroid.sum())),
        clear_kept / max(1, int(truths.clear.sum())),
        false / max(1, int(empty.sum())),
    )
    return {
        "tiles": {"all": int(empty.size), "asteroid": int(truths.asteroid.sum()), "clear": int(truths.clear.sum())},
        "auc": {
            "asteroid": _auc(p_asteroid, truths.asteroid, empty),
            "asteroid_clear": _auc(p_asteroid, truths.clear, empty),
            "satellite": _auc(p_satellite, truths.satellite, ~truths.satellite),
        },
        "average_precision": {
            "asteroid": round(average_precision(p_asteroid, truths.asteroid), 4),
            "satellite": round(average_precision(p_satellite, truths.satellite), 4),
        },
        "at_threshold": {
            "threshold": round(threshold, 4),
            "recall": _share(kept, int(truths.asteroid.sum())),
            "recall_clear": _share(clear_kept, int(truths.clear.sum())),
            "false_share": _share(false, int(empty.sum())),
            "purity": {f"{p:g}": round(purity(recall, false_share, p), 3) for p in PREVALENCES},
            "purity_clear": {f"{p:g}": round(purity(clear_recall, false_share, p), 3) for p in PREVALENCES},
        },
        "recall_by_snr": _binned(passed, truths.snr, SNR_EDGES, truths.length_px >= CLEAR_LENGTH_PX),
        "recall_by_length_px": _binned(passed, truths.length_px, LENGTH_EDGES_PX, truths.snr >= CLEAR_SNR),
    }


def _auc(score: Array, positive: NDArray[np.bool_], negative: NDArray[np.bool_]) -> dict[str, float]:
    chosen = positive | negative
    low, high = auc_interval(score[chosen], positive[chosen])
    return {"value": round(auc(score[chosen], positive[chosen]), 4), "low": round(low, 4), "high": round(high, 4)}


def _share(hits: int, of: int) -> dict[str, float]:
    low, high = wilson(hits, of)
    return {"value": round(hits / max(1, of), 4), "low": round(low, 4), "high": round(high, 4), "of": of}


def _binned(
    passed: NDArray[np.bool_], value: Array, edges: tuple[float, ...], counted: NDArray[np.bool_]
) -> list[dict[str, float]]:
    rows = []
    for low, high in zip(edges, edges[1:], strict=False):
        chosen = counted & (value >= low) & (value < high)
        rows.append({"from": low, "to": high, **_share(int((passed & chosen).sum()), int(chosen.sum()))})
    return rows
