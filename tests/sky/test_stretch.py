"""Robust sky, pictures that are the right way up, and 16 bits that come back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sky.stretch import asinh_8bit, display_xy, limits, pixel_xy, rg16_decode, rg16_encode, sky_statistics


def sky(seed: int = 0, shape: tuple[int, int] = (300, 400)) -> np.ndarray:
    return np.random.default_rng(seed).normal(50.0, 4.0, shape).astype(np.float32)


def test_stars_and_gaps_do_not_move_the_sky() -> None:
    pixels = sky()
    pixels[::9, ::7] = 5_000.0
    pixels[:40] = np.nan
    pixels[:, 300:] = 0.0
    level, sigma = sky_statistics(pixels)
    assert level == pytest.approx(50.0, abs=0.25)
    assert sigma == pytest.approx(4.0, rel=0.06)


@pytest.mark.parametrize("pixels", [np.full((9, 9), np.nan), np.zeros((9, 9)), np.full((9, 9), 7.0)])
def test_an_image_without_noise_still_has_a_positive_sigma(pixels: np.ndarray) -> None:
    _, sigma = sky_statistics(pixels)
    assert sigma > 0
    low, high = limits(pixels)
    assert high > low
    assert asinh_8bit(pixels, low, high).shape == (9, 9)


def test_the_picture_is_the_right_way_up() -> None:
    pixels = np.zeros((20, 30), dtype=np.float32)
    pixels[3, 5] = 100.0
    picture = asinh_8bit(pixels, 0.0, 100.0)
    x, y = display_xy(5, 3, 20)
    assert picture[int(y), int(x)] == 255
    assert int(y) == 16
    assert pixel_xy(x, y, 20) == (5, 3)


def test_the_stretch_is_asinh_within_one_level() -> None:
    values = np.linspace(-10, 130, 4_000, dtype=np.float32).reshape(1, -1)
    picture = asinh_8bit(values, 0.0, 100.0)[0]
    expected = 255 * np.arcsinh(10 * np.clip(values[0] / 100, 0, 1)) / np.arcsinh(10)
    assert np.abs(picture - expected).max() <= 0.6
    assert (np.diff(picture.astype(int)) >= 0).all()


def test_no_data_is_black_and_reversed_limits_are_refused() -> None:
    assert asinh_8bit(np.array([[np.nan, np.inf]]), 0.0, 1.0)[0, 0] == 0
    with pytest.raises(ValueError, match="white point"):
        asinh_8bit(np.zeros((2, 2)), 1.0, 1.0)


def test_the_sky_shows_as_dark_grey_and_a_faint_trail_stands_out() -> None:
    pixels = sky()
    low, high = limits(pixels)
    grey = [int(asinh_8bit(np.full((1, 1), 50.0 + 4.0 * snr), low, high)[0, 0]) for snr in (0, 3)]
    assert 25 <= grey[0] <= 120
    assert grey[1] - grey[0] >= 40


@settings(deadline=None, max_examples=60)
@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_sixteen_bits_come_back_within_half_a_step(level: float, sigma: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = (level + sigma * rng.uniform(-60, 10_000, (12, 7))).astype(np.float32)
    pixels[2, 3] = np.nan
    coded = rg16_encode(pixels, level, sigma)
    assert coded.scale == pytest.approx(sigma / 4)
    back = rg16_decode(coded.image, coded.zero, coded.scale)
    assert np.isnan(back[2, 3]) and np.isnan(back).sum() == 1
    valid = ~np.isnan(pixels)
    rounding = np.abs(pixels[valid]).max() * 2e-7
    assert np.abs(back[valid] - pixels[valid]).max() <= sigma / 8 * 1.001 + rounding


def test_sixteen_bits_stay_at_their_ends() -> None:
    coded = rg16_encode(np.array([[-1e9, 1e9]]), 0.0, 1.0)
    assert coded.image[0, :, 0].tolist() == [0, 255]
    assert coded.image[0, :, 1].tolist() == [1, 255]
