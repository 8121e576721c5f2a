"""Training tiles: seeded, with a truth that is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ml.pictured import Zoom
from ml.scenes import Scene, real_scene, simulate_scene
from ml.simulate import UNKNOWN, Tile, compose, label_cells, pictured, simulate_tile
from sky.simulate.background import Background
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
    assert [tile.labels.shape for tile in found] == [(3, 32, 32)] * 6
    assert any(tile.labels[0].any() for tile in found) == bool(asteroid)
    assert any(tile.labels[1].any() for tile in found) == bool(satellite)
    assert all((len(tile.satellites) >= 1) == bool(satellite) for tile in found)


def test_the_trail_lies_under_its_label_with_the_stated_brightness() -> None:
    heights = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        scene = simulate_scene(rng, 256)
        scene.electrons[:] = 0
        tile = compose(rng, scene, mix="asteroid")
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


def field_of_noise(size: int = 256, *, real: bool = False) -> Scene:
    """A scene with nothing in it."""
    scene = simulate_scene(np.random.default_rng(1), size)
    scene.electrons[:] = 0
    if not real:
        return scene
    pixels = np.random.default_rng(2).normal(50, 4, (size, size)).astype(np.float32)
    frame = Background(pixels, "frame", 1.5, 2.0, 0.05, 500.0, False)
    return real_scene(np.random.default_rng(3), frame, size)


def trail_tile(scene: Scene, wanted: Callable[[Tile], bool], **more: Any) -> Tile:
    """The first tile with one asteroid trail as wanted."""
    for seed in range(200):
        tile = compose(np.random.default_rng(seed), scene, mix="asteroid", **more)
        if len(tile.asteroids) == 1 and wanted(tile):
            return tile
    raise AssertionError("no such tile")


def test_a_trail_too_faint_for_anybody_is_unknown_and_not_absent() -> None:
    scene = field_of_noise()
    faint = trail_tile(scene, lambda tile: tile.asteroids[0].snr * tile.asteroids[0].length_inside_px(256) ** 0.5 < 4)
    assert set(np.unique(faint.labels[0])) == {0, UNKNOWN}
    clear = trail_tile(scene, lambda tile: tile.asteroids[0].snr * tile.asteroids[0].length_inside_px(256) ** 0.5 > 9)
    assert set(np.unique(clear.labels[0])) == {0, 1}


def test_a_real_frame_keeps_its_pixels_and_gets_a_trail_of_the_stated_height() -> None:
    scene = field_of_noise(real=True)
    tile = trail_tile(
        scene, lambda tile: tile.asteroids[0].snr > 5 and tile.asteroids[0].length_inside_px(256) > 60 and not tile.arcs
    )
    trail = tile.asteroids[0]
    assert tile.real
    inside = (trail.xs >= 1) & (trail.xs < 254) & (trail.ys >= 1) & (trail.ys < 254)
    columns, rows = np.rint(trail.xs[inside]).astype(int), np.rint(trail.ys[inside]).astype(int)
    height = (tile.pixels - scene.electrons)[rows, columns].mean() / scene.sigma_e
    assert height == pytest.approx(0.9 * trail.snr, rel=0.25)
    assert np.median(np.abs(tile.pixels - scene.electrons)) == 0


def test_a_frame_smaller_than_the_tile_leaves_the_rest_without_data() -> None:
    pixels = np.random.default_rng(2).normal(50, 4, (100, 90)).astype(np.float32)
    scene = real_scene(np.random.default_rng(3), Background(pixels, "frame", 2.0, 2.0, 0.05, 500.0, False), 128)
    assert int(np.isfinite(scene.electrons).sum()) == 100 * 90
    assert scene.sigma_e == pytest.approx(8.0, rel=0.1)


@pytest.mark.parametrize("zoom", [Zoom(2.0, False), Zoom(0.5, True), Zoom(1.7, True)])
def test_a_picture_has_the_trail_where_its_truth_says(zoom: Zoom) -> None:
    size = 128
    scene = field_of_noise(zoom.window_px(size))
    tile = trail_tile(
        scene,
        lambda tile: tile.asteroids[0].snr > 10 and tile.asteroids[0].length_inside_px(size) > 40 and not tile.arcs,
        zoom=zoom, size=size,
    )  # fmt: skip
    assert tile.pixels.shape == (size, size)
    seen = pictured(tile, np.random.default_rng(0)).pixels
    on_trail = np.kron(tile.labels[0] == 1, np.ones((4, 4), bool))
    assert seen[on_trail].mean() > np.median(seen) + 0.5 * seen.std()
    assert len(np.unique(np.rint(seen))) <= 257 and seen.min() >= -0.5 and seen.max() <= 255.5


def test_cells_follow_a_line_of_known_place() -> None:
    cells = label_cells(np.array([2.0, 2.0]), np.array([0.0, 511.0]), 512)
    assert cells[:, 0].all() and cells.sum() == 128
    assert label_cells(np.array([-50.0, -20.0]), np.array([5.0, 9.0]), 512).sum() == 0
    wide = label_cells(np.array([256.0, 256.0]), np.array([-10.0, 600.0]), 512, radius_px=4.0)
    assert wide[64].sum() == 3
