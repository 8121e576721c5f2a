"""What counts as found and as false, and completeness at a rate: cases worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from ml.evaluation.froc import Bootstrap, Pool, completeness, pooled, threshold_for
from ml.evaluation.matching import Matched, matched
from ml.evaluation.truth import Truth, Truths, truth_of
from ml.simulate import Tile, Trail

SIZE = 512


@dataclass(frozen=True)
class Drawn:
    score: float
    xs: np.ndarray
    ys: np.ndarray


def level(x1: float, x2: float, y: float, score: float = 0.9) -> Drawn:
    return Drawn(score, np.array([x1, x2]), np.array([y, y]))


def trail(x1: float, x2: float, y: float = 100.0, snr: float = 4.0) -> Trail:
    return Trail(snr, x2 - x1, np.linspace(x1, x2, 64), np.full(64, y))


@pytest.mark.parametrize(
    ("detection", "found", "false"),
    [
        (level(100, 200, 105), 0.9, 0),  # 5 px beside it
        (level(100, 200, 107), -1.0, 1),  # 7 px beside it
        (level(100, 124, 100), -1.0, 0),  # on it, but a quarter of it (the ends reach 6 px further)
        (level(100, 126, 100), 0.9, 0),  # 32 % with the reach at its end
        (level(40, 160, 100), -1.0, 1),  # 55 % of its points on the trail
        (level(60, 160, 100), 0.9, 0),  # 66 %
        (level(150, 150, 100), -1.0, 0),  # a single point on it: neither found nor false
        (level(300, 400, 300), -1.0, 1),  # elsewhere
        (level(600, 700, 100), -1.0, 0),  # outside the tile: says nothing of it
    ],
)
def test_found_takes_points_on_the_trail_and_cover(detection: Drawn, found: float, false: int) -> None:
    result = matched([detection], [trail(100, 200)], SIZE)
    assert result.found.tolist() == [found]
    assert len(result.false) == false


def test_the_best_detection_counts_and_a_second_piece_is_not_false() -> None:
    result = matched([level(100, 140, 100, 0.4), level(150, 200, 101, 0.7)], [trail(100, 200)], SIZE)
    assert result.found.tolist() == [0.7] and not result.false.size


def test_only_what_the_tile_shows_of_a_trail_must_be_covered() -> None:
    leaving = trail(480, 900)
    assert matched([level(470, 511, 100)], [leaving], SIZE).found.tolist() == [0.9]
    assert matched([level(505, 511, 100)], [leaving], SIZE).found.tolist() == [0.9]  # 32 px are inside
    assert matched([level(100, 150, 100)], [leaving], SIZE).false.tolist() == [0.9]


def test_what_lies_on_a_trail_too_faint_or_short_is_neither() -> None:
    for spared in (trail(300, 400, 300, snr=0.8), trail(300, 308, 300), trail(504, 900, 300)):
        result = matched([level(spared.xs[0], min(511, spared.xs[-1]), 300)], [spared, trail(100, 200)], SIZE)
        assert result.found.tolist() == [-1.0]  # of the one that counts
        assert not result.false.size


def test_what_lies_on_a_satellite_is_false() -> None:
    assert matched([level(0, 511, 300)], [], SIZE).false.tolist() == [0.9]


def test_the_truth_of_a_tile_counts_what_is_asked_for() -> None:
    labels = np.zeros((3, 128, 128), np.uint8)
    labels[1, 5, :] = 1
    labels[2, 5, :] = 255
    asteroids = [trail(100, 200), trail(0, 60, 300, snr=0.7), trail(-30, 25, 50, snr=9.0)]
    tile = Tile(np.zeros((SIZE, SIZE), np.float32), labels, asteroids)
    truth = truth_of(tile)
    assert [(snr, round(length)) for snr, length in truth.trails] == [(4.0, 100), (9.0, 24)]
    assert (truth.spared, truth.satellite, truth.arc) == (True, True, False)


def test_tiles_with_spared_trails_only_are_neither_positive_nor_negative() -> None:
    truths = Truths.of(
        [
            Truth(((4.0, 100.0), (9.0, 24.0)), True, False, False),  # 40 against 44 of signal: the second is clearer
            Truth((), True, False, False),
            Truth((), False, True, False),
        ]
    )
    assert truths.asteroid.tolist() == [True, False, False] and truths.empty.tolist() == [False, False, True]
    assert truths.snr.tolist() == [9.0, 0, 0] and truths.clear.tolist() == [False] * 3
    assert truths.at_least(2.0).tolist() == [True, False, False]


def made(found: list[list[float]], false: list[list[float]]) -> Pool:
    """One tile per pair of lists; all trails of SNR 4 and 50 px."""
    return pooled(
        [
            (Truth(((4.0, 50.0),) * len(one), False, False, False), Matched(np.array(one), np.array(other)))
            for one, other in zip(found, false, strict=True)
        ]
    )


def test_completeness_is_read_where_false_ones_reach_the_rate() -> None:
    pool = made([[0.95], [0.8], [0.5], [-1.0]], [[0.9], [0.6, 0.3], [], []])
    everything = pool.snr > 0
    # No false one allowed: above 0.9. One in four tiles: down to just above 0.6. Two: above 0.3. All: anything.
    shares = [completeness(pool, everything, rate)["value"] for rate in (0.1, 0.25, 0.5, 0.75)]
    assert shares == [0.25, 0.5, 0.75, 0.75]
    assert 0.6 < threshold_for(pool, 0.25) < 0.6001
    assert threshold_for(pool, 5.0) == 0.0
    assert completeness(pool, pool.snr > 5, 0.5) == {"value": 0.0, "low": 0.0, "high": 1.0, "of": 0}


def test_equal_false_scores_pass_together_or_not_at_all() -> None:
    pool = made([[0.5], [0.7]], [[0.5, 0.5], []])
    assert completeness(pool, pool.snr > 0, 0.5)["value"] == 0.5
    assert completeness(pool, pool.snr > 0, 1.0)["value"] == 1.0


def test_the_curve_ends_where_the_detector_says_no_more() -> None:
    pool = made([[0.95], [0.8], [0.5], [-1.0]], [[0.9], [0.6, 0.3], [], []])
    curve = Bootstrap(pool, draws=50).curve(pool.snr > 0)
    assert curve[-1][:2] == (0.75, 0.75)
    rates, values = [row[0] for row in curve], [row[1] for row in curve]
    assert rates == sorted(rates) and values == sorted(values)
    assert all(low <= value <= high for _, value, low, high in curve)


def test_the_bootstrap_knows_of_the_thresholds_uncertainty() -> None:
    rng = np.random.default_rng(4)

    def tiles(n: int) -> Pool:
        found = [[float(rng.normal(1.0))] for _ in range(n)]
        return made(found, [[float(rng.normal(0.0))] if rng.random() < 0.5 else [] for _ in range(n)])

    small, large = tiles(40), tiles(1000)
    widths = []
    for pool in (small, large):
        figure = Bootstrap(pool, draws=300).completeness(pool.snr > 0, 0.1)
        assert figure["low"] < figure["value"] < figure["high"]
        widths.append(figure["high"] - figure["low"])
    assert widths[1] < 0.4 * widths[0]
    given = completeness(large, large.snr > 0, 0.1)  # as if the threshold were known
    assert widths[1] > 1.2 * (given["high"] - given["low"])
    again = Bootstrap(large, draws=300).completeness(large.snr > 0, 0.1)
    assert again == Bootstrap(large, draws=300).completeness(large.snr > 0, 0.1)


def test_a_detector_that_finds_all_has_wilsons_interval() -> None:
    pool = made([[0.9]] * 10, [[]] * 10)
    figure = Bootstrap(pool, draws=50).completeness(pool.snr > 0, 0.1)
    assert figure == {"value": 1.0, "low": pytest.approx(0.7225, abs=1e-4), "high": 1.0, "of": 10}
