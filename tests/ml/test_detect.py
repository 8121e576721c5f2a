"""Trails read from heat maps whose truth is known."""

from __future__ import annotations

import time

import numpy as np
import pytest

from ml.detect import Detection, detections
from ml.simulate import label_cells

Points = list[tuple[float, float]]


def drawn(points: Points, height: float = 0.9, kind: int = 0, classes: int = 3) -> np.ndarray:
    """A heat map with one line through these pixels."""
    heat = np.zeros((classes, 128, 128))
    xs, ys = np.array(points, dtype=float).T
    heat[kind] = label_cells(xs, ys, 512).astype(np.float64) * height
    return heat


def found_in(heat: np.ndarray, kind: str = "asteroid") -> list[Detection]:
    return detections(heat, width=512, height=512, kind=kind)


def distance(found: Detection, truth: tuple[tuple[float, float], tuple[float, float]]) -> float:
    """The larger distance of an end from the true one, the better way round."""
    ends = np.array([(found.x1, found.y1), (found.x2, found.y2)])
    return min(float(np.hypot(*(ends - np.array(order)).T).max()) for order in (truth, truth[::-1]))


def off_line(found: Detection, points: Points) -> float:
    """Largest distance of a point of the path from a densely drawn true path."""
    xs, ys = np.array(points, dtype=float).T
    share = np.linspace(0, 1, 4000)
    at = np.linspace(0, 1, len(xs))
    line = np.column_stack([np.interp(share, at, xs), np.interp(share, at, ys)])
    path = np.column_stack([found.xs, found.ys])
    return float(np.hypot(*np.moveaxis(path[:, None] - line[None], 2, 0)).min(axis=1).max())


STRAIGHT = [
    ((50, 60), (400, 300)),
    ((10, 500), (500, 20)),
    ((200, 30), (203, 480)),
    ((30, 256), (470, 250)),
    ((300, 300), (330, 310)),
]


@pytest.mark.parametrize("truth", STRAIGHT)
def test_a_straight_trail_is_followed_from_end_to_end(truth: tuple[tuple[float, float], tuple[float, float]]) -> None:
    found = found_in(drawn(list(truth)))
    assert len(found) == 1
    assert distance(found[0], truth) < 5
    assert off_line(found[0], list(truth)) < 3
    assert found[0].length_px == pytest.approx(np.hypot(*np.subtract(*truth)), abs=8)


def test_a_curved_trail_keeps_its_curve() -> None:
    along = np.linspace(-1, 1, 80)
    points = list(zip(256 + 150 * along, 200 + 90 * along**2, strict=True))
    found = found_in(drawn(points))
    assert len(found) == 1
    assert distance(found[0], (points[0], points[-1])) < 6
    assert off_line(found[0], points) < 4


def test_a_hook_that_turns_back_is_one_trail() -> None:
    turn = np.linspace(-0.2, np.pi + 0.2, 80)
    points = list(zip(256 + 60 * np.cos(turn), 200 + 120 * np.sin(turn), strict=True))
    found = found_in(drawn(points))
    assert len(found) == 1
    assert distance(found[0], (points[0], points[-1])) < 8


def test_a_trail_cut_by_stars_is_one_trail() -> None:
    along = np.linspace(-1, 1, 80)
    points = list(zip(256 + 200 * along, 200 + 120 * along**2, strict=True))
    heat = drawn(points)
    heat[0, :, 38:48] = 0  # a saturated star of 40 px
    heat[0, :, 80:86] = 0
    found = found_in(heat)
    assert len(found) == 1
    assert distance(found[0], (points[0], points[-1])) < 6


def test_pieces_that_do_not_face_each_other_stay_apart() -> None:
    parallel = np.maximum(drawn([(50, 100), (200, 100)]), drawn([(210, 130), (360, 130)]))
    assert len(found_in(parallel)) == 2
    far = np.maximum(drawn([(20, 100), (120, 100)]), drawn([(300, 100), (400, 100)]))
    assert len(found_in(far)) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (((20, 100), (480, 420)), ((60, 450), (400, 40))),
        (((20, 100), (480, 150)), ((60, 150), (400, 40))),  # 24 degrees: the long way round is through both
    ],
)
def test_crossing_trails_are_told_apart(first: tuple, second: tuple) -> None:  # type: ignore[type-arg]
    found = found_in(np.maximum(drawn(list(first)), drawn(list(second))))
    assert len(found) == 2
    assert max(min(distance(each, truth) for each in found) for truth in (first, second)) < 8


def test_two_trails_that_end_at_one_place_at_a_sharp_angle_stay_two() -> None:
    first, second = [(150, 100), (300, 300)], [(300, 304), (330, 80)]
    heat = np.maximum(drawn(first), drawn(second))
    found = found_in(heat)
    assert len(found) == 2
    assert {min((distance(one, tuple(way)), k) for k, way in enumerate((first, second)))[1] for one in found} == {0, 1}


def test_across_a_cold_gap_only_what_lies_in_one_line_is_joined() -> None:
    first = [(100, 100), (200, 200)]
    in_line, aside = [(240, 240), (340, 340)], [(228, 256), (328, 356)]  # the same direction, beside
    assert len(found_in(np.maximum(drawn(first), drawn(in_line)))) == 1
    assert len(found_in(np.maximum(drawn(first), drawn(aside)))) == 2


def test_the_hotter_comes_first() -> None:
    heat = np.maximum(drawn([(20, 20), (120, 20)], 0.5), drawn([(100, 400), (200, 400)], 0.9))
    assert found_in(heat)[0].y1 > 300


def test_the_score_is_the_mean_heat_along_the_trail_gaps_included() -> None:
    whole = drawn([(50, 102), (450, 102)], 0.6)
    assert found_in(whole)[0].score == pytest.approx(0.6, abs=0.02)
    broken = whole.copy()
    broken[0, :, 40:48] = 0
    broken[0, :, 70:78] = 0
    assert found_in(broken)[0].length_px == pytest.approx(found_in(whole)[0].length_px, abs=4)
    assert found_in(broken)[0].score == pytest.approx(0.6 * 84 / 100, abs=0.03)


def test_classes_are_kept_apart_and_an_unknown_one_is_empty() -> None:
    heat = drawn([(50, 60), (400, 300)], kind=1, classes=2)
    assert found_in(heat) == []
    assert [each.kind for each in found_in(heat, "satellite")] == ["satellite"]
    assert found_in(heat, "arc") == []  # a model of before there were arcs


def test_a_trail_that_leaves_the_tile_ends_at_its_edge() -> None:
    found = found_in(drawn([(-50, 100), (600, 300)]))
    assert sorted((found[0].x1, found[0].x2)) == [pytest.approx(0, abs=1), pytest.approx(511, abs=1)]


def test_paths_stay_inside_a_small_tile_and_padding_is_ignored() -> None:
    heat = drawn([(0, 0), (511, 511)])
    found = detections(heat, width=200, height=150)
    assert len(found) == 1
    assert found[0].xs.max() <= 199 and found[0].ys.max() <= 149
    heat[:, :38, :50] = 0
    assert detections(heat, width=200, height=150) == []


def test_nothing_gives_nothing() -> None:
    assert found_in(np.full((3, 128, 128), 0.1)) == []
    assert found_in(np.zeros((3, 128, 128), np.float32)) == []
    spot = np.zeros((3, 128, 128))
    spot[0, 10, 20] = 0.9
    assert found_in(spot) == []


RNG = np.random.default_rng(1)
HOSTILE = {
    "ones": np.ones((3, 128, 128)),
    "checkerboard": np.tile(np.indices((128, 128)).sum(0) % 2 * 0.9, (3, 1, 1)),
    "stripes": np.tile((np.indices((128, 128))[0] % 4 == 0) * 0.9, (3, 1, 1)),
    "noise": RNG.random((3, 128, 128)),
    "spots": (RNG.random((3, 128, 128)) > 0.7) * 0.9,
    "not numbers": np.full((3, 128, 128), np.nan),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_map_costs_little(name: str) -> None:
    found_in(HOSTILE[name])
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        found = found_in(HOSTILE[name])
        best = min(best, time.process_time() - start)
    assert best < 0.1  # 50 ms on an idle core
    for each in found:
        assert 0 <= each.score <= 1
        assert each.xs.min() >= 0 and each.xs.max() <= 511 and each.ys.min() >= 0 and each.ys.max() <= 511
