"""What a network sees of pixels."""

from __future__ import annotations

import numpy as np
import pytest

from ml.preprocess import LINEAR_TO_SIGMA, network_input, normalise


def noise(level: float = 100.0, sigma: float = 5.0, shape: tuple[int, int] = (512, 512)) -> np.ndarray:
    return np.random.default_rng(1).normal(level, sigma, shape).astype(np.float32)


def test_sky_is_zero_and_noise_has_the_stated_width() -> None:
    found = normalise(noise())
    assert abs(float(np.median(found))) < 0.01
    # asinh(z/3) of unit Gaussian noise has standard deviation 0.3196 (integrated numerically).
    assert float(found.std()) == pytest.approx(0.3196, abs=0.006)


def test_a_pixel_of_known_height_gets_the_known_value() -> None:
    pixels = noise()
    pixels[10, 20] = 100 + 30 * 5
    assert normalise(pixels)[10, 20] == pytest.approx(np.arcsinh(30 / LINEAR_TO_SIGMA), rel=0.02)


@pytest.mark.parametrize(("factor", "offset"), [(1e-3, 0.0), (250.0, -1e4), (1.0, 7e3)])
def test_unit_and_sky_level_do_not_matter(factor: float, offset: float) -> None:
    pixels = noise().astype(np.float64)
    np.testing.assert_allclose(normalise(pixels * factor + offset), normalise(pixels), atol=2e-3)


def test_what_is_no_number_becomes_sky() -> None:
    pixels = noise()
    pixels[:100] = np.nan
    pixels[200, 5], pixels[201, 5] = np.inf, -np.inf
    pixels[202, 5], pixels[203, 5] = 3.4e38, -3.4e38
    found = normalise(pixels)
    assert np.isfinite(found).all()
    assert (found[:100] == 0).all() and found[200, 5] == 0 and found[201, 5] == 0
    assert found[203, 5] >= -np.arcsinh(10 / LINEAR_TO_SIGMA) - 1e-6


def test_a_tile_without_data_is_empty_sky() -> None:
    assert (normalise(np.full((32, 32), np.nan, np.float32)) == 0).all()


def test_a_small_tile_is_padded_and_remembered() -> None:
    tile = network_input(noise(shape=(300, 200)))
    assert tile.array.shape == (1, 512, 512) and tile.array.dtype == np.float32
    assert (tile.width, tile.height) == (200, 300)
    assert (tile.array[0, 300:] == 0).all() and (tile.array[0, :, 200:] == 0).all()
    assert tile.array[0, :300, :200].std() > 0.2


@pytest.mark.parametrize("shape", [(600, 100), (100, 513), (0, 5), (4, 4, 4)])
def test_what_does_not_fit_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="tile"):
        network_input(np.ones(shape, np.float32))
