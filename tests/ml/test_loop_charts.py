"""Charts of cards: points where the numbers say, and nothing from cards that hold something else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ml.card_charts import card_charts
from ml.charts import Axis, line_chart
from ml.comparison import judged, resampled_precision
from ml.evaluation.measures import average_precision

ROWS = [{"from": a, "to": a + 1, "value": 0.5, "low": 0.4, "high": 0.6, "of": 9} for a in (1.0, 2.0, 3.0)]
CARD: dict[str, Any] = {
    "figures": {
        "froc": {"all": [[0.01, 0.2, 0.1, 0.3], [1.0, 0.8, 0.7, 0.9]], "snr5": [[0.01, 0.5, 0.4, 0.6]]},
        "completeness_by_snr": {"0.1": ROWS, "0.5": ROWS},
        "precision_recall": [[0.1, 1.0], [0.9, 0.5]],
        "reliability": {"bins": [{"mean": m, "value": m, "low": 0, "high": 1, "of": 5} for m in (0.1, 0.9)]},
    },
    "training": {"curve": [[0.0, 3.2], [0.5, 0.9], [1.0, 0.4]]},
}


def test_a_card_has_the_charts_it_has_numbers_for() -> None:
    charts = {chart.key: chart for chart in card_charts(CARD)}
    assert list(charts) == ["simulated-froc", "simulated-snr", "simulated-pr", "simulated-reliability", "loss"]
    assert [series.name for series in charts["simulated-froc"].series] == ["all trails", "SNR 5 or more"]
    assert charts["simulated-snr"].x_ticks[1].text == "2–3"
    assert charts["simulated-snr"].rows[0] == ("at 0.1 false per tile", "1–2", "0.500", "0.400–0.600")
    assert charts["simulated-reliability"].diagonal
    assert [tick.text for tick in charts["loss"].y_ticks] == ["0", "1", "2", "3", "4"]
    with_real = card_charts({"figures": {"real": CARD["figures"]}})
    assert [chart.key for chart in with_real][0] == "real-froc" and "real backgrounds" in with_real[0].title


def test_points_lie_where_the_numbers_say() -> None:
    share = Axis("y", 0, 1, (0.0, 1.0))
    chart = line_chart(
        "k", "t", Axis("x", 0.01, 1.0, (0.01, 0.1, 1.0), log=True), share, [("a", [(0.1, 0.5, 0.0, 1.0)] * 2)]
    )
    middle = ((chart.left + chart.right) / 2, (chart.floor + chart.top) / 2)
    assert chart.series[0].dots[0] == pytest.approx(middle)
    assert chart.x_ticks[1].at == pytest.approx(middle[0])
    corners = {tuple(float(v) for v in corner.split(",")) for corner in chart.series[0].band.split()}
    assert corners == {(middle[0], float(chart.top)), (middle[0], float(chart.floor))}
    beyond = line_chart("k", "t", share, share, [("a", [(-3.0, 9.0)])])
    assert beyond.series[0].dots == [(beyond.left, beyond.top)]


@pytest.mark.parametrize(
    "card",
    [
        {},
        {"figures": [], "training": "long"},
        {"figures": {"froc": 3, "precision_recall": "all", "reliability": [], "completeness_by_snr": {"x": 1}}},
        {"figures": {"froc": {"all": [[1, 2, 3], ["a", 2], [None, 1], [float("nan"), 1], [float("inf"), 1]]}}},
        {"figures": {"precision_recall": [[True, False], [10**400, 1]], "reliability": {"bins": [{"mean": 1}]}}},
        {"training": {"curve": [[0, 0], [1, 0]], "checks": [[0, -1], [1, -2]]}},
    ],
)
def test_a_strange_card_has_no_chart_and_makes_no_error(card: dict[str, Any]) -> None:
    assert card_charts(card) == []


def test_average_precision_has_an_interval_and_equal_models_no_difference() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(3000) < 0.1
    good, poor = rng.normal(2.0 * truth), rng.normal(0.5 * truth)
    drawn = resampled_precision(np.column_stack([good, poor, good]), truth)
    assert (drawn[:, 0] == drawn[:, 2]).all()
    for column, score in enumerate((good, poor)):
        low, high = np.quantile(drawn[:, column], [0.025, 0.975])
        assert low < average_precision(score, truth) < high
        assert high - low < 0.15
    assert (drawn[:, 0] > drawn[:, 1]).all()
    none = resampled_precision(good[:, None], np.zeros(3000, bool))
    assert none.shape == (0, 1)
    assert judged(good, np.zeros(3000, bool), 0.5, none[:, 0]).ap is None
