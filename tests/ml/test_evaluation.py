"""Figures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ml.evaluation import auc, auc_interval, average_precision, purity, threshold_at, wilson


def test_auc_counts_pairs_in_the_right_order() -> None:
    positive = np.array([True, True, False, False, False])
    assert auc(np.array([0.9, 0.4, 0.5, 0.1, 0.0]), positive) == pytest.approx(5 / 6)
    assert auc(np.full(5, 0.3), positive) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="with and without"):
        auc(np.ones(3), np.ones(3, bool))


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
