"""Satellites told by the whole exposure, on heat maps whose truth is known."""

from __future__ import annotations

import time

import numpy as np
import pytest

from archive.tiling import Box, tiles
from ml.detect import detections
from ml.exposures import exposure_verdicts, judge_exposure, satellite_lines
from ml.preprocess import NetworkInput, network_input
from ml.runtime import Network, Verdict
from ml.simulate import label_cells
from tests.ml.onnx_making import model_bytes

SHAPE = (2000, 2400)
BOXES = tiles(SHAPE[1], SHAPE[0])
Points = list[tuple[float, float]]


def heats(asteroids: list[Points] = (), satellites: list[Points] = (), heat: float = 0.8) -> list[np.ndarray]:  # type: ignore[assignment]
    """Heat maps of all tiles, with these lines (in pixels of the exposure) drawn into them."""
    maps = []
    for box in BOXES:
        tile = np.zeros((3, 128, 128), np.float16)
        for kind, lines in enumerate((asteroids, satellites)):
            for line in lines:
                xs, ys = np.array(line, dtype=float).T
                tile[kind] = np.maximum(tile[kind], heat * label_cells(xs - box.x0, ys - box.y0, 512))
        maps.append(tile)
    return maps


def verdicts(maps: list[np.ndarray], p_satellite: float = 0.1) -> list[Verdict]:
    """What a model that takes every line for an asteroid would say."""
    found = []
    for box, heat in zip(BOXES, maps, strict=True):
        trails = detections(heat, width=box.width, height=box.height)
        p = 0.9 if trails else 0.05
        found.append(Verdict(p, p_satellite, 0.0, 0.0, trails[0].ends if trails else None, trails))
    return found


def tiles_on(line: Points, *, margin: float) -> list[int]:
    """The tiles that a line crosses by more than ``margin`` pixels."""
    (x1, y1), (x2, y2) = line
    t = np.linspace(0, 1, 5000)
    x, y = x1 + t * (x2 - x1), y1 + t * (y2 - y1)
    step = np.hypot(x2 - x1, y2 - y1) / 5000
    return [i for i, box in enumerate(BOXES) if inside(x, y, box).sum() * step > margin]


def inside(x: np.ndarray, y: np.ndarray, box: Box) -> np.ndarray:
    return (x >= box.x0) & (x < box.x0 + box.width) & (y >= box.y0) & (y < box.y0 + box.height)


CROSSING: Points = [(-50.0, 300.0), (2450.0, 1500.0)]
ASTEROID: Points = [(700.0, 1500.0), (860.0, 1600.0)]


def test_a_line_from_border_to_border_is_a_satellite_in_every_tile_it_crosses() -> None:
    maps = heats(asteroids=[CROSSING, ASTEROID])
    before = verdicts(maps)
    after = judge_exposure(BOXES, before, maps, SHAPE)
    crossed = tiles_on(CROSSING, margin=60)
    assert len(crossed) > 6
    for i in crossed:
        assert after[i].p_satellite > 0.9 and after[i].ends is not None
        if i not in tiles_on(ASTEROID, margin=10):
            assert after[i].p_asteroid < 0.05 and after[i].detections == []
            assert after[i].p_nothing == pytest.approx((1 - after[i].p_asteroid) * (1 - after[i].p_satellite))


def test_an_asteroid_in_the_same_exposure_is_kept() -> None:
    maps = heats(asteroids=[CROSSING, ASTEROID])
    before = verdicts(maps)
    after = judge_exposure(BOXES, before, maps, SHAPE)
    holding = tiles_on(ASTEROID, margin=100)
    assert holding
    for i in holding:
        assert after[i].p_asteroid > 0.8
        lengths = [each.length_px for each in after[i].detections]
        assert any(length == pytest.approx(np.hypot(160, 100), abs=15) for length in lengths)


def test_the_ends_of_the_satellite_are_where_it_enters_and_leaves_the_tile() -> None:
    maps = heats(satellites=[CROSSING])
    after = judge_exposure(BOXES, verdicts(maps), maps, SHAPE)
    for i in tiles_on(CROSSING, margin=300):
        ends = after[i].ends
        assert ends is not None
        for x, y in ((ends.x1 + BOXES[i].x0, ends.y1 + BOXES[i].y0), (ends.x2 + BOXES[i].x0, ends.y2 + BOXES[i].y0)):
            assert abs((x + 50) * 0.48 + 300 - y) / np.hypot(0.48, 1) < 10
        assert min(ends.x1, ends.y1, 511 - ends.x1, 511 - ends.y1) < 10


@pytest.mark.parametrize(
    "line",
    [
        ASTEROID,
        [(300.0, 300.0), (800.0, 700.0)],  # the longest asteroids: 640 px
        [(1200 + 700 * np.sin(t), 1000 - 700 * np.cos(t)) for t in np.linspace(-1, 1, 80)],  # long, but an arc
    ],
)
def test_what_ends_in_the_field_or_bends_is_no_satellite(line: Points) -> None:
    maps = heats(asteroids=[line])
    before = verdicts(maps)
    assert satellite_lines(BOXES, maps, SHAPE) == []
    assert judge_exposure(BOXES, before, maps, SHAPE) == before


def test_a_jog_between_two_chips_and_gaps_are_tolerated() -> None:
    # 40 px aside, and dark for a third of the way (a tumbling satellite)
    lower, upper = [(600.0, -20.0), (1000.0, 980.0)], [(1040.0, 1010.0), (1450.0, 2030.0)]
    maps = heats(satellites=[lower, upper])
    for heat, box in zip(maps, BOXES, strict=True):
        rows = box.y0 + 4 * np.arange(128)
        heat[:, (rows // 150) % 3 == 0] = 0
    lines = satellite_lines(BOXES, maps, SHAPE)
    assert len(lines) == 1
    assert 0.6 <= lines[0].coverage < 0.9


def test_two_satellites_are_both_found_among_scattered_heat() -> None:
    other: Points = [(2450.0, 200.0), (-50.0, 1700.0)]
    maps = heats(satellites=[CROSSING, other])
    rng = np.random.default_rng(3)
    for heat in maps:
        heat[:2][rng.random((2, 128, 128)) < 0.0005] = 0.6
    assert len(satellite_lines(BOXES, maps, SHAPE)) == 2


def test_scattered_heat_alone_makes_no_line_and_costs_little() -> None:
    rng = np.random.default_rng(4)
    boxes = tiles(4096, 4096)
    for share in (0.0005, 0.002, 0.01, 0.3):
        maps = [(rng.random((3, 128, 128)) < share).astype(np.float16) for _ in boxes]
        start = time.process_time()
        lines = satellite_lines(boxes, maps, (4096, 4096))
        assert time.process_time() - start < 2.0
        assert lines == []


@pytest.mark.parametrize(
    ("sagitta", "stops_at", "satellites"),
    [(0, 128, 1), (0, 100, 0), (4, 128, 0)],  # cells of 4 px: straight across, ends inside, bent by 16 px of 511
)
def test_in_a_small_picture_only_a_straight_line_all_the_way_across_is_a_satellite(
    sagitta: int, stops_at: int, satellites: int
) -> None:
    row = np.arange(stops_at)
    column = np.round(40 + 20 * row / 128 + 4 * sagitta * (row / 128) * (1 - row / 128)).astype(int)
    heat = np.zeros((3, 128, 128), np.float16)
    heat[0, row, column] = 1
    assert len(satellite_lines(tiles(512, 512), [heat], (512, 512))) == satellites


def test_tiles_are_read_and_judged_in_order() -> None:
    pixels = np.random.default_rng(0).standard_normal((1000, 1300)).astype(np.float32)
    boxes = tiles(1300, 1000)
    read: list[Box] = []

    def tile(box: Box) -> NetworkInput:
        read.append(box)
        return network_input(pixels[box.rows, box.columns])

    network = Network(model_bytes(values=(0.3, 0.2, 0.56)))
    found = exposure_verdicts(network, boxes, tile, (1000, 1300), batch=4)
    assert read == boxes
    assert [round(verdict.p_asteroid, 3) for verdict in found] == [0.3] * len(boxes)
    assert all(verdict.p_arc is None for verdict in found)  # a model of before there were arcs
