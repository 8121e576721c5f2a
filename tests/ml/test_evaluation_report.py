"""The figures of a card from judged tiles, the bars, the comparison with a card, and the pictures."""

from __future__ import annotations

import copy
import io
import json
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from ml.evaluation import Judged, Matched, TestSet, Truth, differences, figures, working_threshold
from ml.figures import PICTURES, Line, _dashes

SHARE = 0.9  # of trails found by the made-up detector


def judged(n: int, *, real: bool = False, knows_arcs: bool = True, seed: int = 0) -> list[Judged]:
    """A made-up model: nine in ten trails are found, one false detection in five tiles, all scores separate."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(n):
        asteroid, satellite, arc = number % 2 == 0, number % 5 == 1, number % 7 == 3
        trails = ((float(rng.uniform(1, 20)), float(rng.uniform(10, 400))),) if asteroid else ()
        scores = np.array([0.8 + 0.2 * rng.random() if rng.random() < SHARE else -1.0 for _ in trails])
        false = np.array([0.5 * rng.random()] if number % 5 == 0 else [])
        found.append(
            Judged(
                real=real,
                p_asteroid=float(0.7 + 0.3 * rng.random() if asteroid and scores[0] > 0 else 0.3 * rng.random()),
                p_satellite=0.9 if satellite else 0.1,
                p_arc=(0.8 if arc else 0.2) if knows_arcs else None,
                truth=Truth(trails, False, satellite, arc),
                match=Matched(scores, false),
            )
        )
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return figures(judged(400) + judged(200, real=True, seed=1), 0.5)


def test_figures_are_small_and_plain_and_know_the_backgrounds_apart(found: dict[str, Any]) -> None:
    text = json.dumps(found)
    assert len(text) < 60_000
    assert json.loads(text)["tiles"] == {
        "all": 400, "asteroid": 200, "clear": found["tiles"]["clear"], "empty": 200, "satellite": 80, "arc": 57,
        "trails": 200, "false_detections": 80,
    }  # fmt: skip
    assert found["real"]["tiles"]["all"] == 200 and "bars" not in found["real"]
    assert found["auc"]["satellite"]["value"] == found["auc"]["arc"]["value"] == 1.0
    assert found["completeness"]["0.1"]["all"]["value"] == pytest.approx(SHARE, abs=0.05)
    assert sum(row["of"] for row in found["completeness_by_snr"]["0.5"]) <= 200
    assert found["at_threshold"]["recall"]["value"] == found["completeness"]["0.1"]["all"]["value"]
    assert found["at_threshold"]["false_share"]["value"] == 0.0 and found["at_threshold"]["purity"]["0.01"] == 1.0
    assert found == figures(judged(400) + judged(200, real=True, seed=1), 0.5)


def test_what_a_model_does_not_know_has_no_figure() -> None:
    found = figures(judged(60, knows_arcs=False), 0.5)
    assert "arc" not in found["auc"] and "arc" not in found["average_precision"] and "real" not in found
    nothing = figures(judged(60)[1::2], 0.5)
    assert "asteroid" not in nothing["auc"] and nothing["tiles"]["trails"] == 0
    assert [bar["name"] for bar in nothing["bars"]] == ["auc_satellite"]
    with pytest.raises(ValueError, match="simulated"):
        figures(judged(20, real=True), 0.5)


def test_bars_are_met_or_not_and_lower_on_real_backgrounds(found: dict[str, Any]) -> None:
    bars = {(bar["name"], bar["background"]): bar for bar in found["bars"]}
    assert len(bars) == 14
    assert bars["completeness_snr3_at_0.1", "simulated"]["needed"] == 0.8
    assert bars["completeness_snr3_at_0.1", "real"]["needed"] == 0.7
    assert bars["completeness_snr3_at_0.1", "simulated"]["met"]
    assert not bars["completeness_snr5_at_0.5", "simulated"]["met"]  # 0.98 of a detector that finds 0.9
    assert bars["auc_satellite", "real"]["met"]
    for bar in bars.values():
        assert bar["met"] == (bar["value"] >= bar["needed"]) and bar["low"] <= bar["value"] <= bar["high"]


def test_the_threshold_lets_one_empty_tile_in_a_hundred_pass() -> None:
    tiles = judged(1000)
    threshold = working_threshold(tiles)
    passed = [one for one in tiles if not one.truth.trails and one.p_asteroid >= threshold]
    assert 1 <= len(passed) <= 5 and threshold == round(threshold, 4)


def test_differences_name_what_is_beyond_rounding(found: dict[str, Any]) -> None:
    said = json.loads(json.dumps(found))
    assert list(differences(said, json.loads(json.dumps(found)))) == []
    other = copy.deepcopy(said)
    other["auc"]["arc"]["value"] -= 0.0001
    assert list(differences(said, other)) == []
    other["auc"]["arc"]["value"] -= 0.0002
    other["froc"]["all"][0][1] += 0.01
    del other["reliability"]["bins"][0]
    del other["tiles"]["clear"]
    other["new"] = 1
    places = [line.split(":")[0] for line in differences(said, other)]
    assert {"tiles.clear", "auc.arc.value", "froc.all[0][1]", "reliability.bins", "new"} <= set(places)
    assert list(differences({"met": True}, {"met": False})) == ["met: True in the card, False now"]


def test_a_test_set_goes_into_a_card_and_comes_back() -> None:
    tests = TestSet(2_000_000, 1000, (("a.fits[1]", "ab12"),))
    assert TestSet.from_card({"data": {"test": json.loads(json.dumps(tests.as_dict()))}}) == tests
    assert tests.seeds[-1] == 2_000_999
    assert TestSet.from_card({"data": {"test": {"first_seed": 5, "tiles": 20}}}) == TestSet(5, 20)  # trailnet 1's
    for bad in ({}, {"data": 3}, {"data": {"test": {"first_seed": "x", "tiles": 4}}}, {"data": {"test": {"tiles": 4}}}):
        assert TestSet.from_card(bad) is None


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_drawn_as_svg_and_png(name: str, found: dict[str, Any]) -> None:
    picture = PICTURES[name](found)
    root = ElementTree.fromstring(picture.svg())
    assert root.get("width") == str(picture.width)
    kinds = [element.tag.split("}")[1] for element in root.iter()]
    assert kinds.count("text") > 10 and kinds.count("polyline") > 5
    assert "<script" not in picture.svg() and "style=" not in picture.svg()
    image = Image.open(io.BytesIO(picture.png()))
    assert image.size == (2 * picture.width, 2 * picture.height)
    assert len(image.convert("RGB").getcolors(10_000) or []) > 5
    simulated_only = {key: value for key, value in found.items() if key != "real"}
    assert len(PICTURES[name](simulated_only).shapes) < len(picture.shapes)


def test_a_figure_is_drawn_at_its_value(found: dict[str, Any]) -> None:
    only = copy.deepcopy({key: value for key, value in found.items() if key != "real"})
    only["precision_recall"] = [[0.0, 1.0], [1.0, 0.5]]
    curve = [shape for shape in PICTURES["precision-recall"](only).shapes if isinstance(shape, Line)][-2]
    grid = [shape for shape in PICTURES["precision-recall"](only).shapes if isinstance(shape, Line)][:6]
    bottom, top = grid[0].points[0][1], grid[-1].points[0][1]
    assert curve.points == ((grid[0].points[0][0], top), (grid[0].points[1][0], (bottom + top) / 2))


def test_a_dashed_pen_draws_six_tenths() -> None:
    parts = _dashes([(0.0, 0.0), (30.0, 40.0), (30.0, 90.0)])
    drawn = sum(float(np.hypot(b[0] - a[0], b[1] - a[1])) for a, b in parts)
    assert drawn == pytest.approx(60, abs=0.1)
