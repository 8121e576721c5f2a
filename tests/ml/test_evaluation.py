"""Figures of scores and shares against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ml.evaluation import auc, auc_interval, average_precision, purity, threshold_at, wilson
from ml.evaluation.measures import auc_figure, precision_recall, reliability


def test_auc_counts_pairs_in_the_right_order() -> None:
    positive = np.array([True, True, False, False, False])
    assert auc(np.array([0.9, 0.4, 0.5, 0.1, 0.0]), positive) == pytest.approx(5 / 6)
    assert auc(np.full(5, 0.3), positive) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="with and without"):
        auc(np.ones(3), np.ones(3, bool))


def test_an_auc_looks_only_at_its_own_tiles() -> None:
    score = np.array([0.9, 0.5, 0.1, 1.0])
    positive, negative = np.array([True, False, False, False]), np.array([False, True, True, False])
    assert auc_figure(score, positive, negative) == {"value": 1.0, "low": 1.0, "high": 1.0}
    with_the_last = auc_figure(score, positive, ~positive)
    assert with_the_last is not None and with_the_last["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert auc_figure(score, np.zeros(4, bool), np.ones(4, bool)) is None


def test_average_precision_of_a_known_ranking() -> None:
    assert average_precision(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])) == pytest.approx(
        5 / 6
    )


def test_the_interval_holds_the_auc_and_narrows_with_more_tiles() -> None:
    rng = np.random.default_rng(3)

    def width(n: int) -> float:
        positive = np.arange(n) % 2 == 0
        score = rng.normal(size=n) + positive
        low, high = auc_interval(score, positive, draws=200)
        assert low < auc(score, positive) < high
        return high - low

    assert width(2000) < 0.5 * width(100)


def test_wilson_interval_as_published() -> None:
    # Newcombe 1998 (Statistics in Medicine 17, 857), table I: 81 of 263 and 0 of 20.
    assert wilson(81, 263) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
    assert wilson(0, 20) == (pytest.approx(0.0, abs=1e-9), pytest.approx(0.1611, abs=1e-4))
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_threshold_lets_no_more_than_the_share_pass() -> None:
    score = np.linspace(0, 1, 1000)
    negative = np.ones(1000, bool)
    found = threshold_at(score, negative, 0.01)
    assert (score >= found).sum() == 10
    assert threshold_at(np.full(50, 0.2), np.ones(50, bool), 0.01) > 0.2


def test_purity_falls_with_prevalence() -> None:
    assert purity(0.8, 0.01, 0.02) == pytest.approx(0.016 / (0.016 + 0.0098))
    assert purity(0.0, 0.0, 0.02) == 0.0


def test_precision_and_recall_go_down_the_ranking_and_equal_scores_go_together() -> None:
    score, positive = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    assert precision_recall(score, positive) == [(0.5, 1.0), (1.0, pytest.approx(2 / 3, abs=1e-4))]
    assert precision_recall(np.full(4, 0.5), positive) == [(1.0, 0.5)]
    assert precision_recall(score, np.zeros(4, bool)) == []
    rng = np.random.default_rng(1)
    long = precision_recall(rng.random(5000), rng.random(5000) < 0.3)
    assert 50 <= len(long) <= 60 and long[-1][0] == 1.0


def test_reliability_is_nought_for_true_probabilities_and_the_gap_for_false_ones() -> None:
    rng = np.random.default_rng(2)
    p = rng.random(20_000)
    true = reliability(p, rng.random(20_000) < p)
    assert true["error"] < 0.02 and len(true["bins"]) == 10
    off = reliability(np.full(100, 0.95), np.arange(100) < 60)
    assert off["error"] == pytest.approx(0.35)
    assert off["bins"] == [{"mean": 0.95, "value": 0.6, "low": 0.5020, "high": 0.6906, "of": 100}]
