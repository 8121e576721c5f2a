"""Injected trails are found and measured within the stated errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sky.simulate import render_trail, simulate_exposure
from sky.simulate.truth import TrailTruth
from sky.trail import Trail, find_trails, measure_trail, same_trail


def tile(seed: int, **options: object) -> tuple[np.ndarray, list[TrailTruth]]:
    settings_of = {
        "shape": (512, 512),
        "filter_name": "F606W" if seed % 3 else "F814W",
        "exposure_s": (350.0, 500.0, 800.0, 1200.0, 1800.0)[seed % 5],
        "asteroid_snr": (4.0, 20.0),
        "asteroid_length_px": (60.0, 330.0),
        "cosmic_ray_scale": (1.0, 0.3)[seed % 2],
        "sip": False,
        "instrument": "ACS" if seed % 2 else "WFC3",
        "detector": "WFC" if seed % 2 else "UVIS",
        "largest_turn_deg": 75.0,
    } | options
    exposure = simulate_exposure(seed=seed, **settings_of)  # type: ignore[arg-type]
    return exposure.pixels, exposure.truth


def perturbed(rng: np.random.Generator, x: float, y: float) -> tuple[float, float]:
    radius, angle = rng.uniform(0, 8), rng.uniform(0, 2 * np.pi)
    return x + radius * np.cos(angle), y + radius * np.sin(angle)


def clean(
    xs: np.ndarray, ys: np.ndarray, *, snr: float = 8.0, shape: tuple[int, int] = (300, 300), seed: int = 0
) -> np.ndarray:
    """A trail on noise alone: flux for about ``snr`` at the ridge, noise 1."""
    length = float(np.hypot(np.diff(xs), np.diff(ys)).sum())
    noise = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    return render_trail(shape, xs, ys, snr * length / 0.42, 2.0) + noise


def distance_to_curve(trail: Trail, x: float, y: float) -> float:
    return float(np.min(np.hypot(np.array(trail.curve_x) - x, np.array(trail.curve_y) - y)))


def test_middles_come_out_within_a_pixel_from_rough_ends() -> None:
    """The bar of the exported positions: 0.1 arcsec is 2 ACS pixels."""
    rng = np.random.default_rng(77)
    errors, ends, ratio = [], [], []
    for seed in range(3_000, 3_044):
        pixels, truth = tile(seed)
        if not truth:
            continue
        t = truth[0]
        m = measure_trail(pixels, perturbed(rng, t.x1, t.y1), perturbed(rng, t.x2, t.y2))
        errors.append(np.hypot(m.middle_x - t.middle_x, m.middle_y - t.middle_y))
        ends += [np.hypot(m.x1 - t.x1, m.y1 - t.y1), np.hypot(m.x2 - t.x2, m.y2 - t.y2)]
        ratio.append(m.length_px / t.length_px)
    assert len(errors) >= 38
    assert np.median(errors) < 0.4
    assert np.mean(np.array(errors) < 2.0) >= 0.9
    assert np.median(ends) < 0.6
    assert np.median(ratio) == pytest.approx(1.0, abs=0.02)


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 2 * np.pi), st.floats(60, 180), st.floats(-0.12, 0.12), st.integers(0, 2**31))
def test_any_direction_length_and_bend_is_measured(angle: float, length: float, bend: float, seed: int) -> None:
    s = np.linspace(-0.5, 0.5, 81)
    u, v = s * length, bend * length * (1 - 4 * s**2)
    xs, ys = 150 + u * np.cos(angle) - v * np.sin(angle), 150 + u * np.sin(angle) + v * np.cos(angle)
    rng = np.random.default_rng(seed)
    pixels = clean(xs, ys, snr=10.0, seed=seed)
    m = measure_trail(pixels, perturbed(rng, xs[0], ys[0]), perturbed(rng, xs[-1], ys[-1]))
    assert np.hypot(m.middle_x - xs[40], m.middle_y - ys[40]) < 1.2
    assert m.sagitta_px == pytest.approx(bend * length, abs=1.2)
    assert m.width_fwhm_px == pytest.approx(2.2, abs=0.5)
    assert m.coverage > 0.9


def test_the_answer_does_not_depend_on_the_order_of_the_ends_or_the_unit() -> None:
    pixels, (t, *_) = tile(3_001)
    there = measure_trail(pixels, (t.x1 + 4, t.y1 - 3), (t.x2 - 2, t.y2 + 5))
    back = measure_trail(pixels, (t.x2 - 2, t.y2 + 5), (t.x1 + 4, t.y1 - 3))
    scaled = measure_trail(pixels / 500.0 + 3.0, (t.x1 + 4, t.y1 - 3), (t.x2 - 2, t.y2 + 5))
    assert np.hypot(there.middle_x - back.middle_x, there.middle_y - back.middle_y) < 0.3
    assert there.sagitta_px == pytest.approx(-back.sagitta_px, abs=0.5)
    assert (scaled.middle_x, scaled.middle_y) == pytest.approx((there.middle_x, there.middle_y), abs=0.01)


def test_a_trail_cut_by_the_edge_ends_there() -> None:
    xs, ys = np.linspace(120, 340, 60), np.linspace(80, 160, 60)
    m = measure_trail(clean(xs, ys), (118.0, 84.0), (299.0, 140.0))
    assert (m.x1, m.y1) == pytest.approx((120, 80), abs=1.0)
    assert m.x2 == pytest.approx(299.0, abs=2.0)
    assert m.y2 == pytest.approx(145.1, abs=1.0)


def test_gaps_without_data_do_not_stop_it() -> None:
    xs, ys = np.linspace(60, 240, 60), np.linspace(100, 190, 60)
    pixels = clean(xs, ys)
    pixels[:, 140:146] = np.nan
    pixels[np.random.default_rng(3).random(pixels.shape) < 0.01] = np.nan
    m = measure_trail(pixels, (64.0, 97.0), (237.0, 194.0))
    assert (m.middle_x, m.middle_y) == pytest.approx((150, 145), abs=0.8)


@pytest.mark.parametrize(
    "ends", [((5.0, 5.0), (6.0, 5.0)), ((float("nan"), 1.0), (50.0, 50.0)), ((-900.0, 5.0), (-800.0, 5.0))]
)
def test_impossible_ends_are_refused(ends: tuple[tuple[float, float], tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match=r"ends|no image"):
        measure_trail(np.zeros((100, 100), dtype=np.float32), *ends)


def test_trails_are_found_and_empty_tiles_are_mostly_left_alone() -> None:
    found, present, false = 0, 0, 0
    for seed in range(4_000, 4_006):
        pixels, truth = tile(seed, n_asteroids=seed % 2)
        trails = find_trails(pixels)
        present += len(truth)
        found += sum(
            any(distance_to_curve(m, t.middle_x, t.middle_y) < 4 and m.length_px > 0.6 * t.length_px for m in trails)
            for t in truth
        )
        false += sum(all(distance_to_curve(m, t.middle_x, t.middle_y) > 10 for t in truth) for m in trails)
    assert present >= 3
    assert found >= present - 1
    assert false <= 5


@pytest.mark.parametrize("seed", [4_103, 4_106])
def test_a_satellite_is_found_across_the_tile(seed: int) -> None:
    exposure = simulate_exposure(seed=seed, shape=(512, 512), n_asteroids=0, n_satellites=1, sip=False)
    (truth,) = exposure.truth
    strongest = find_trails(exposure.pixels)[0]
    assert strongest.length_px > 0.9 * truth.length_px
    assert distance_to_curve(strongest, truth.middle_x, truth.middle_y) < 4


def test_nothing_is_found_in_noise_or_nothing() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (400, 400)).astype(np.float32)
    assert find_trails(noise) == []
    assert find_trails(np.full((100, 100), np.nan, dtype=np.float32)) == []
    assert find_trails(noise[:10]) == []


def drawn(xs: np.ndarray, ys: np.ndarray) -> Trail:
    """A Trail along given points, without an image."""
    middle = len(xs) // 2
    length = float(np.hypot(np.diff(xs), np.diff(ys)).sum())
    return Trail(
        xs[0], ys[0], xs[-1], ys[-1], xs[middle], ys[middle], length, 0.0, 0.0, 2.2, 5.0, 0.3, 1.0, tuple(xs), tuple(ys)
    )


def arc(first: float, last: float, *, aside: float = 0.0) -> Trail:
    """A piece of one gently curved path, ``aside`` pixels away from it."""
    x = np.linspace(first, last, 41)
    return drawn(x, 100 + aside + 0.0006 * (x - 250) ** 2)


def test_pieces_of_one_path_are_one_trail() -> None:
    assert same_trail(arc(100, 300), arc(100, 300))
    assert same_trail(arc(100, 300), arc(250, 420))
    assert same_trail(arc(250, 420), arc(100, 300))
    assert same_trail(arc(100, 300), arc(315, 420))
    reverse = drawn(np.array(arc(250, 420).curve_x)[::-1], np.array(arc(250, 420).curve_y)[::-1])
    assert same_trail(arc(100, 300), reverse)
    assert same_trail(arc(100, 300).shifted(7, -3), arc(120, 310).shifted(7, -3))


def test_other_paths_are_other_trails() -> None:
    assert not same_trail(arc(100, 300), arc(100, 300, aside=9))
    assert not same_trail(arc(100, 200), arc(260, 380))
    x = np.linspace(150, 250, 41)
    crossing = drawn(x, 100 + (x - 200) * 1.2)
    assert not same_trail(arc(100, 300), crossing)
    corner = drawn(np.linspace(302, 400, 41), np.linspace(102, 220, 41))
    assert not same_trail(arc(100, 300), corner)


def test_one_trail_measured_in_two_tiles_is_one() -> None:
    xs, ys = np.linspace(60, 420, 90), 150 + 25 * np.sin(np.linspace(0, np.pi, 90))
    pixels = clean(xs, ys, shape=(300, 480), snr=9.0)
    left = measure_trail(pixels[:, :280], (62.0, 146.0), (277.0, 174.0))
    right = measure_trail(pixels[:, 200:], (2.0, 175.0), (219.0, 153.0)).shifted(200, 0)
    assert same_trail(left, right)
