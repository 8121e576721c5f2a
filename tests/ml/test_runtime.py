"""What a network says of a tile: models of three classes and of two, and what is read from their heat maps."""

from __future__ import annotations

import numpy as np
import pytest

from ml.preprocess import NetworkInput, network_input
from ml.runtime import ModelRefused, Network, verdict
from ml.simulate import label_cells
from sky.simulate.trails import render_trail, ridge_peak
from tests.ml.onnx_making import model_bytes

ENDS = np.array([(100.0, 120.0), (300.0, 260.0)])


def tile(snr: float = 0.0) -> NetworkInput:
    pixels = np.random.default_rng(0).standard_normal((512, 512)).astype(np.float32)
    if snr:
        light = np.full(2, snr / ridge_peak(1.0, 2.2) * np.hypot(200, 140))
        render_trail(pixels.shape, ENDS[:, 0], ENDS[:, 1], light, 2.2, out=pixels)
    return network_input(pixels)


def heat(kind: int, ends: np.ndarray, classes: int = 3) -> np.ndarray:
    maps = np.zeros((classes, 128, 128), np.float32)
    maps[kind] = 0.8 * label_cells(ends[:, 0], ends[:, 1], 512)
    return maps


def test_a_model_of_three_classes_answers_for_all() -> None:
    found = Network(model_bytes(values=(0.3, 0.2, 0.1, 0.5))).judge([tile(), tile()])
    assert [round(p, 3) for p in (found[1].p_asteroid, found[1].p_satellite, found[1].p_arc or 0)] == [0.3, 0.2, 0.1]
    assert found[1].p_nothing == pytest.approx(0.5)
    assert found[1].ends is None and found[1].detections == []


def test_a_model_of_before_there_were_arcs_leaves_them_open() -> None:
    found = Network(model_bytes(values=(0.3, 0.2, 0.56))).judge([tile()])[0]
    assert (found.p_arc, round(found.p_nothing, 3)) == (None, 0.56)


@pytest.mark.parametrize("values", [(0.3, 0.7), (0.1, 0.2, 0.3, 0.2, 0.2)])
def test_other_numbers_of_classes_are_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ModelRefused, match="shapes"):
        Network(model_bytes(values=values)).judge([tile()])


def test_the_ends_are_those_of_the_pixels_not_of_the_cells() -> None:
    # A heat map that stops 12 px short at one end and goes 10 px too far at the other.
    way = (ENDS[1] - ENDS[0]) / np.hypot(*(ENDS[1] - ENDS[0]))
    found = verdict(
        tile(snr=6), heat(0, np.array([ENDS[0] + 12 * way, ENDS[1] + 10 * way])), np.array([0.9, 0, 0, 0.1])
    )
    assert found.ends is not None and len(found.detections) == 1
    ends = sorted([(found.ends.x1, found.ends.y1), (found.ends.x2, found.ends.y2)])
    assert np.abs(np.array(ends) - ENDS).max() < 3
    assert found.detections[0].ends == found.ends


def test_the_ends_belong_to_the_likelier_kind() -> None:
    maps = heat(0, ENDS) + heat(1, np.array([(400.0, 20.0), (480.0, 500.0)]))
    asteroid = verdict(tile(), maps, np.array([0.9, 0.2, 0, 0.1]))
    satellite = verdict(tile(), maps, np.array([0.2, 0.9, 0, 0.1]))
    assert asteroid.ends is not None and satellite.ends is not None
    assert min(asteroid.ends.x1, asteroid.ends.x2) < 120 < 380 < min(satellite.ends.x1, satellite.ends.x2)
    assert [each.kind for each in satellite.detections] == ["asteroid"]
