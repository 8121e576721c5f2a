"""Training tiles: seeded, with a truth that is true."""

from __future__ import annotations

import numpy as np
import pytest

from ml.simulate import compose, label_cells, simulate_scene, simulate_tile
from sky.stretch import sky_statistics


def test_the_same_seed_gives_the_same_tile() -> None:
    one, two, other = simulate_tile(5), simulate_tile(5), simulate_tile(6)
    assert np.array_equal(one.pixels, two.pixels) and np.array_equal(one.labels, two.labels)
    assert not np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize(
    ("mix", "asteroid", "satellite"), [("nothing", 0, 0), ("satellite", 0, 1), ("asteroid", 1, 0), ("both", 1, 1)]
)
def test_labels_say_what_is_in_a_tile(mix: str, asteroid: int, satellite: int) -> None:
    found = [simulate_tile(seed, mix, size=128) for seed in range(6)]  # type: ignore[arg-type]
    assert [tile.labels.shape for tile in found] == [(2, 32, 32)] * 6
    assert any(tile.labels[0].any() for tile in found) == bool(asteroid)
    assert all(tile.labels[1].any() for tile in found) == bool(satellite)
    assert all(tile.satellites == satellite for tile in found)


def test_the_trail_lies_under_its_label_with_the_stated_brightness() -> None:
    heights = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        scene = simulate_scene(rng, 256)
        scene.electrons[:] = 0
        tile = compose(rng, scene, "asteroid")
        if (
            len(tile.asteroids) != 1
            or tile.arcs
            or tile.asteroids[0].snr < 4
            or tile.asteroids[0].length_inside_px(256) < 40
        ):
            continue
        trail = tile.asteroids[0]
        level, sigma = sky_statistics(tile.pixels)
        assert sigma == pytest.approx(scene.sigma_e, rel=0.1)
        inside = (trail.xs >= 1) & (trail.xs < 254) & (trail.ys >= 1) & (trail.ys < 254)
        columns, rows = np.rint(trail.xs[inside]).astype(int), np.rint(trail.ys[inside]).astype(int)
        assert tile.labels[0][rows // 4, columns // 4].mean() > 0.9
        heights.append((tile.pixels[rows, columns].mean() - level) / sigma / trail.snr)
    assert len(heights) >= 5
    # Sampled at whole pixels beside the ridge's middle, so a little less than the peak.
    assert np.median(heights) == pytest.approx(0.9, abs=0.12)


def test_cells_follow_a_line_of_known_place() -> None:
    cells = label_cells(np.array([2.0, 2.0]), np.array([0.0, 511.0]), 512)
    assert cells[:, 0].all() and cells.sum() == 128
    assert label_cells(np.array([-50.0, -20.0]), np.array([5.0, 9.0]), 512).sum() == 0
    wide = label_cells(np.array([256.0, 256.0]), np.array([-10.0, 600.0]), 512, radius_px=4.0)
    assert wide[64].sum() == 3
