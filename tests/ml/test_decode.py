"""Ends of trails from heat maps whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from ml.decode import trail_ends
from ml.simulate import label_cells


def drawn(xs: list[float], ys: list[float], height: float = 0.9) -> np.ndarray:
    """A heat map with one line through these pixels."""
    return label_cells(np.array(xs), np.array(ys), 512).astype(np.float64) * height


def distance(ends, truth: tuple[tuple[float, float], tuple[float, float]]) -> float:  # type: ignore[no-untyped-def]
    """The larger distance of an end from the true one, the better way round."""
    found = np.array([(ends.x1, ends.y1), (ends.x2, ends.y2)])
    return min(float(np.hypot(*(found - np.array(order)).T).max()) for order in (truth, truth[::-1]))


@pytest.mark.parametrize(
    "truth",
    [
        ((50, 60), (400, 300)),
        ((10, 500), (500, 20)),
        ((200, 30), (203, 480)),
        ((30, 256), (470, 250)),
        ((300, 300), (330, 310)),
    ],
)
def test_a_straight_trail_gives_its_ends(truth: tuple[tuple[float, float], tuple[float, float]]) -> None:
    (x1, y1), (x2, y2) = truth
    ends = trail_ends(drawn([x1, x2], [y1, y2]), width=512, height=512)
    assert ends is not None
    assert distance(ends, truth) < 5


def test_a_curved_trail_gives_its_ends() -> None:
    along = np.linspace(-1, 1, 50)
    xs, ys = 256 + 150 * along, 200 + 60 * along**2
    ends = trail_ends(drawn(list(xs), list(ys)), width=512, height=512)
    assert ends is not None
    assert distance(ends, ((106, 260), (406, 260))) < 6


def test_the_stronger_of_two_trails_is_taken() -> None:
    heat = np.maximum(drawn([20, 60], [20, 60], 0.95), drawn([100, 400], [400, 420], 0.9))
    ends = trail_ends(heat, width=512, height=512)
    assert ends is not None
    assert distance(ends, ((100, 400), (400, 420))) < 5


def test_no_trail_gives_no_ends() -> None:
    assert trail_ends(np.full((128, 128), 0.1), width=512, height=512) is None
    assert trail_ends(np.zeros((128, 128)), width=512, height=512) is None


def test_ends_stay_inside_a_small_tile_and_padding_is_ignored() -> None:
    heat = drawn([0, 511], [0, 511])
    ends = trail_ends(heat, width=200, height=150)
    assert ends is not None
    assert max(ends.x1, ends.x2) <= 199 and max(ends.y1, ends.y2) <= 149
    heat[:38, :50] = 0
    assert trail_ends(heat, width=200, height=150) is None


def test_one_cell_is_a_trail_of_a_point() -> None:
    heat = np.zeros((128, 128))
    heat[10, 20] = 0.8
    ends = trail_ends(heat, width=512, height=512)
    assert ends is not None
    assert (ends.x1, ends.y1, ends.length_px) == (pytest.approx(81.5), pytest.approx(41.5), 0.0)
