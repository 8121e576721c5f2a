"""Centre lines are right to their own errors, through cosmic rays; ends, light and distances follow."""

import time

import numpy as np
import pytest

from sky.parallax import fit_distance
from sky.photometry import magnitude
from sky.simulate import ACS_WFC, SimulatedExposure, render_trail, simulate_exposure
from sky.simulate.truth import TrailTruth
from sky.trail import measure_trail
from sky.trail_centre import CentreLine, trace_centre
from sky.trail_points import sky_trace

EXPOSURES_S = (500.0, 1_000.0, 1_800.0)


def traced(seed: int, exposure_s: float) -> tuple[SimulatedExposure, TrailTruth, CentreLine]:
    made = simulate_exposure(
        seed=seed, shape=(600, 600), exposure_s=exposure_s, asteroid_snr=(4.0, 15.0), asteroid_length_px=(60.0, 400.0),
        largest_turn_deg=60.0,
    )  # fmt: skip
    truth = made.truth[0]
    off = np.random.default_rng(seed).normal(0, 3, 4)
    trail = measure_trail(made.pixels, (truth.x1 + off[0], truth.y1 + off[1]), (truth.x2 + off[2], truth.y2 + off[3]))
    return made, truth, trace_centre(made.pixels, trail)


def off_curve(points: np.ndarray, truth: TrailTruth) -> np.ndarray:
    """Signed distances (n,) of points from the true curve."""
    share = np.linspace(0, 1, len(truth.curve_x))
    curve = np.column_stack(
        [np.polyval(np.polyfit(share, axis, 8), np.linspace(0, 1, 4_001)) for axis in (truth.curve_x, truth.curve_y)]
    )
    nearest = np.argmin(np.hypot(*np.moveaxis(points[:, None] - curve[None], 2, 0)), axis=1)
    ahead = np.gradient(curve, axis=0)[nearest]
    ahead /= np.hypot(*ahead.T)[:, None]
    off = points - curve[nearest]
    return np.asarray(off[:, 1] * ahead[:, 0] - off[:, 0] * ahead[:, 1])


def test_centre_lines_ends_and_light_are_right_to_their_errors() -> None:
    pulls, ends, end_pulls, mags, lengths, distances = [], [], [], [], [], []
    for seed in range(8_100, 8_114):
        exposure_s = EXPOSURES_S[seed % 3]
        made, truth, line = traced(seed, exposure_s)
        pulls += list(off_curve(line.points, truth) / line.across_sigma_px)
        true_ends = np.array([[truth.x1, truth.y1], [truth.x2, truth.y2]])
        away = np.hypot(*(line.ends - true_ends).T)
        ends += list(away)
        end_pulls += list((away / line.end_sigma_px)[np.isfinite(line.end_sigma_px)])
        rate = line.flux / exposure_s
        mags.append(magnitude(rate, ACS_WFC.bands["F814W"].zero_point) - (truth.mag or 0.0))
        lengths.append(line.length_px - truth.length_px)
        trace = sky_trace(
            line, made.wcs, exposure="e", start_mjd_utc=made.header.start_mjd_utc, end_mjd_utc=made.header.end_mjd_utc
        )
        fit = fit_distance([trace], made.orbit.position_km)
        distances.append(abs(fit.parallax - 1 / (truth.distance_au or 1.0)) / fit.parallax_sigma)
    assert 0.8 < 1.4826 * np.median(np.abs(pulls)) < 1.2
    assert np.mean(np.abs(pulls) < 3) > 0.97
    assert np.median(ends) < 0.7 and np.median(end_pulls) < 1.5
    assert np.median(np.abs(mags)) < 0.06 and np.percentile(np.abs(mags), 80) < 0.15
    assert np.median(np.abs(lengths)) < 1.0
    assert np.median(distances) < 1.5  # 0.67 were the errors perfect


def clean(bend: float, *, snr: float = 8.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    u = np.linspace(0, 1, 801)
    xs, ys = 60 + 160 * u, 90 + 60 * u + bend * 4 * u * (1 - u)
    noise = np.random.default_rng(seed).normal(0, 1, (240, 280)).astype(np.float32)
    length = float(np.hypot(np.diff(xs), np.diff(ys)).sum())
    return render_trail((240, 280), xs, ys, snr * length / 0.42, 2.0) + noise, xs, ys


def line_of(image: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> CentreLine:
    trail = measure_trail(image, (xs[0] + 2, ys[0] - 2), (xs[-1] - 3, ys[-1] + 1))
    return trace_centre(image, trail, electrons_per_unit=1e9)


def test_shape_and_light_of_a_known_trail() -> None:
    image, xs, ys = clean(8.0)
    line = line_of(image, xs, ys)
    length = float(np.hypot(np.diff(xs), np.diff(ys)).sum())
    assert len(line.points) >= 20
    assert line.length_px == pytest.approx(length, abs=3 * line.length_sigma_px)
    assert line.angle_deg == pytest.approx(np.degrees(np.arctan2(60, 160)), abs=0.5)
    assert abs(line.sagitta_px) == pytest.approx(8.0 * 160 / np.hypot(160, 60), abs=0.25)
    assert line.width_fwhm_px == pytest.approx(2.0, abs=0.25)
    assert line.flux == pytest.approx(8.0 * length / 0.42, rel=0.05)
    assert line.flux_sigma < 0.05 * line.flux
    assert line.snr == pytest.approx(8.0, rel=0.1)
    assert line.cut == (False, False)
    assert line.covariance.shape == (len(line.points), 2, 2)


def test_cosmic_rays_and_a_star_on_the_trail_move_nothing() -> None:
    image, xs, ys = clean(6.0)
    before = line_of(image, xs, ys)
    marred = image.copy()
    rng = np.random.default_rng(2)
    for k in rng.integers(80, 720, 12):
        row, column = round(float(ys[k])), round(float(xs[k]))
        marred[row - 1 : row + 2, column] += rng.uniform(50, 400)
    after = line_of(marred, xs, ys)
    assert after.hidden_share > before.hidden_share
    assert after.length_px == pytest.approx(before.length_px, abs=0.5)
    assert after.sagitta_px == pytest.approx(before.sagitta_px, abs=0.3)
    assert after.flux == pytest.approx(before.flux, rel=0.05)


def test_a_trail_cut_by_the_images_edge_gives_an_edge_and_no_time() -> None:
    image, xs, ys = clean(4.0)
    half = image[:, :150].copy()
    trail = measure_trail(half, (xs[0], ys[0]), (148.0, float(np.interp(148, xs, ys))))
    line = trace_centre(half, trail)
    assert line.cut == (False, True)


def test_a_trace_takes_less_than_a_second_of_the_processor() -> None:
    image, xs, ys = clean(6.0)
    trail = measure_trail(image, (xs[0], ys[0]), (xs[-1], ys[-1]))
    begin = time.process_time()
    trace_centre(image, trail)
    assert time.process_time() - begin < 1.0


def test_where_there_is_nothing_nothing_is_traced() -> None:
    image, xs, ys = clean(6.0)
    trail = measure_trail(image, (xs[0], ys[0]), (xs[-1], ys[-1]))
    with pytest.raises(ValueError, match="too few pixels|no image"):
        trace_centre(np.full_like(image, np.nan), trail)
