"""Cards as people read them: all that is sound is shown, nothing foreign is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ml.card import bar_rows, card_markdown, card_page
from ml.evaluation import figures
from tests.ml.test_evaluation_report import judged


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    found = figures(judged(200) + judged(100, real=True, seed=1), 0.5)
    return json.loads(json.dumps({"name": "deeper", "version": "2", "figures": found, "limits": ["none"]}))


def test_a_card_shows_both_backgrounds_and_the_bars(card: dict[str, Any]) -> None:
    page = card_page(card)
    assert "30 px or more" in page.tiles and "6 px" in page.tiles
    assert dict(page.figures)["AUC, arc"] == "1.000 [1.000, 1.000]"
    assert [table.columns[0] for table in page.tables] == ["False per tile", "SNR", "Length inside, px"]
    assert all(len(row) == len(table.columns) for table in page.tables + page.real_tables for row in table.rows)
    assert page.real_tiles.startswith("100 parts of real frames") and len(page.real_figures) == len(page.figures)
    assert page.headline == dict(page.figures)["AUC, asteroid, clear trails"]
    assert len(page.bars) == len(card["figures"]["bars"]) and {bar.met for bar in page.bars} == {True, False}


def test_the_markdown_says_the_same(card: dict[str, Any]) -> None:
    text = card_markdown(card)
    assert text.startswith("# deeper 2\n") and text.endswith("- none\n")
    for row in bar_rows(card_page(card).bars):
        assert f"| {' | '.join(row)} |" in text
    assert "## Figures on real backgrounds" in text
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1  # a whole table


def test_cards_of_the_first_kind_are_still_shown() -> None:
    page = card_page(
        {
            "figures": {
                "tiles": {"all": 1000, "asteroid": 438, "clear": 226},
                "auc": {"asteroid_clear": {"value": 0.9925, "low": 0.9872, "high": 0.9968}},
                "at_threshold": {"threshold": 0.8618, "purity_clear": {"0.01": 0.37}},
                "recall_by_snr": [{"from": 1.0, "to": 2.0, "value": 0.32, "low": 0.225, "high": 0.432, "of": 75}],
            }
        }
    )
    assert page.headline == "0.993 [0.987, 0.997]" and "40 px or more" in page.tiles and "6 px" not in page.tiles
    assert ("Purity where 1% of tiles have a clear trail", "0.37") in page.figures
    assert [table.rows for table in page.tables] == [[["1–2", "0.320 [0.225, 0.432]", "75"]]]
    assert not page.bars and not page.real_figures


FOREIGN: list[Any] = [
    3, [], {"auc": [1]}, {"auc": {"asteroid_clear": {"value": "high", "low": 0, "high": 1}}},
    {"auc": {"asteroid_clear": {"value": float("nan"), "low": 0, "high": 1}}},
    {"tiles": {"all": "many"}}, {"at_threshold": {"purity_clear": {"much": 1}, "recall": 4}}, {"bars": {"x": 1}},
    {"bars": [3, {"what": ["x"], "needed": None}]}, {"completeness": {"0.1": 3}}, {"completeness_by_snr": {"0.1": 7}},
    {"completeness_by_snr": [1]}, {"recall_by_snr": [{"from": "a", "to": 2}]}, {"real": [1]}, {"reliability": 1},
    {"completeness_by_snr": {"0.1": [{"from": 1, "to": 2, "of": 3, "value": 1, "low": 0, "high": 1}], "0.5": [{}]}},
]  # fmt: skip


@pytest.mark.parametrize("found", FOREIGN)
def test_foreign_figures_are_left_out_and_no_error(found: Any) -> None:
    card = {"name": "x", "version": "1", "figures": found, "limits": 3, "training": [1], "data": "none"}
    page = card_page(card)
    assert not page.headline and not page.bars and not page.limits
    assert card_markdown(card).startswith("# x 1")
