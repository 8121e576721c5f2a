"""Ends sharpened on pixels whose truth is known."""

from __future__ import annotations

import time

import numpy as np
import pytest

from ml.detect import Detection
from ml.preprocess import NetworkInput, network_input
from ml.refine import refined
from sky.simulate.trails import render_trail, ridge_peak

FWHM_PX = 2.2


def drawn(points: list[tuple[float, float]], snr: float, seed: int = 0, size: int = 512) -> np.ndarray:
    """White noise with a trail of this ridge height through these points."""
    pixels = np.random.default_rng(seed).standard_normal((size, size)).astype(np.float32)
    xs, ys = np.array(points, dtype=float).T
    length = float(np.hypot(np.diff(xs), np.diff(ys)).sum())
    light = np.full(len(xs), snr / ridge_peak(1.0, FWHM_PX) * length)
    render_trail(pixels.shape, xs, ys, light, FWHM_PX, out=pixels)
    return pixels


def seen(points: list[tuple[float, float]], *, beyond: float = 0.0, aside: float = 0.0, step: float = 4.0) -> Detection:
    """What a heat map gives of it: rounded to cells, too long by ``beyond`` (or short) and ``aside``, px."""
    xs, ys = np.array(points, dtype=float).T
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(xs), np.diff(ys)))])
    at = np.linspace(-beyond, along[-1] + beyond, max(3, int((along[-1] + 2 * beyond) / step)))
    (dx1, dy1), (dx2, dy2) = (
        ((xs[i + 1] - xs[i]) / (along[i + 1] - along[i]), (ys[i + 1] - ys[i]) / (along[i + 1] - along[i]))
        for i in (0, len(xs) - 2)
    )
    after = np.maximum(at - along[-1], 0)
    x = np.interp(at, along, xs) + np.minimum(at, 0) * dx1 + after * dx2 + aside
    y = np.interp(at, along, ys) + np.minimum(at, 0) * dy1 + after * dy2
    return Detection("asteroid", 0.8, np.clip(4 * np.rint(x / 4), 0, 511), np.clip(4 * np.rint(y / 4), 0, 511))


def error(found: Detection, points: list[tuple[float, float]]) -> float:
    ends = np.array([(found.x1, found.y1), (found.x2, found.y2)])
    truth = np.array([points[0], points[-1]])
    return min(float(np.hypot(*(ends - order).T).max()) for order in (truth, truth[::-1]))


STRAIGHT = [(120.0, 100.0), (300.0, 260.0)]
CURVED = [(100 + 250 * t, 200 + 120 * t * (1 - t)) for t in np.linspace(0, 1, 60)]
SHORT = [(200.0, 200.0), (222.0, 228.0)]


@pytest.mark.parametrize("points", [STRAIGHT, CURVED, SHORT])
@pytest.mark.parametrize("snr", [3.0, 10.0])
@pytest.mark.parametrize(("beyond", "aside"), [(10, 2), (-8, -2), (0, 0)])
def test_ends_come_within_three_pixels(
    points: list[tuple[float, float]], snr: float, beyond: float, aside: float
) -> None:
    beyond = beyond / 2 if points is SHORT else beyond
    errors = [
        error(refined(seen(points, beyond=beyond, aside=aside), network_input(drawn(points, snr, seed))), points)
        for seed in range(9)
    ]
    assert np.median(errors) < 3


def test_stars_and_cosmic_rays_on_the_way_do_not_move_the_ends() -> None:
    pixels = drawn(STRAIGHT, 5.0)
    row, column = np.indices(pixels.shape)
    for x, y, height, width in ((170, 144, 400, 2.0), (240, 207, 3000, 3.0), (330, 290, 200, 1.2), (104, 86, 90, 1.0)):
        pixels += height * np.exp(-0.5 * ((column - x) ** 2 + (row - y) ** 2) / width**2)
    pixels[60:75, 110] += 200  # cosmic rays
    pixels[265, 310:322] += 300
    assert error(refined(seen(STRAIGHT, beyond=6), network_input(pixels)), STRAIGHT) < 4


def test_an_end_under_a_mark_is_put_half_way_under_it() -> None:
    pixels = drawn([(100.0, 256.0), (300.0, 256.0)], 6.0)
    pixels[240:272, 290:310] = np.nan
    found = refined(seen([(100.0, 256.0), (290.0, 256.0)]), network_input(pixels))
    assert max(found.x1, found.x2) == pytest.approx(300, abs=4)


def test_a_trail_that_leaves_the_tile_ends_at_its_edge() -> None:
    found = refined(seen([(0.0, 130.0), (300.0, 260.0)]), network_input(drawn([(-60, 104), (300, 260)], 5.0)))
    assert min(found.x1, found.x2) == pytest.approx(0, abs=2)
    small = drawn([(-60, 104), (300, 260)], 5.0)[:200, :150]
    found = refined(seen([(0.0, 130.0), (149.0, 195.0)]), network_input(small))
    assert found.xs.max() <= 149 and found.ys.max() <= 199
    assert max(found.x1, found.x2) == pytest.approx(149, abs=2)


def test_where_no_trail_is_the_detection_stays_as_it_was() -> None:
    noise = network_input(np.random.default_rng(5).standard_normal((512, 512)).astype(np.float32))
    before = seen(STRAIGHT)
    found = refined(before, noise)
    assert found is before
    empty = NetworkInput(np.zeros((1, 512, 512), np.float32), 512, 512)
    assert refined(before, empty) is before


def test_score_and_kind_are_kept_and_it_is_quick() -> None:
    tile, before = network_input(drawn(CURVED, 5.0)), seen(CURVED)
    start = time.process_time()
    for _ in range(10):
        found = refined(before, tile)
    assert (time.process_time() - start) / 10 < 0.03
    assert (found.kind, found.score) == ("asteroid", 0.8)


def test_a_trail_of_which_only_a_part_shows_anything_is_followed_all_the_same() -> None:
    pixels = np.full((512, 512), 100, dtype=np.float32)  # no noise at all, as under a mask or in a saturated place
    pixels[250:254, 100:200] += 50
    tile = NetworkInput((np.arcsinh((pixels - 100) / 15))[None].astype(np.float32), 512, 512)
    found = refined(seen([(60, 252), (450, 252)]), tile)
    assert np.isfinite([*found.xs, *found.ys]).all()
    assert found.xs.min() >= 0 and found.xs.max() <= 511
