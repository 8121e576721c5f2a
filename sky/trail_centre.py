"""The centre line of a trail to a few hundredths of a pixel, its ends, width and light, with their errors.

The pixels themselves are fitted (nothing is interpolated, so their noise stays independent): in bins along
the trail the place and height of a trailed PSF, at the ends its step. What rises above the model by itself
is left out: cosmic rays, stars. Bins do not overlap, so the errors of the points are independent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sky.trail_geometry import Trail, signed_sagitta
from sky.trail_profile import across, across_slope, near_end
from sky.trail_strip import REACH_PX, Curve, Strip, curve_through, smooth_offsets, strip_about

Floats = NDArray[np.float64]
FWHM_GRID_PX = np.geomspace(1.2, 7.0, 36)
BIN_PX = 9.0
FEWEST_POINTS, MOST_POINTS = 24, 60
SLACK_PX = (1.5, 0.8, 0.3, 0.3)
"""How far off the curve may be in each pass."""
FARTHEST_SHIFT_PX = 1.5
END_WINDOW_PX = 10.0
EDGE_PX = 2.0
HIDDEN_PX = 4.0
MOSTLY_HIDDEN = 0.6
END_SIGMA_SCALE, END_FLOOR_PX = 1.2, 0.15
"""What ends scatter beyond their formal errors on simulations: the robust fit weighs less, light changes near them."""
BRIGHTNESS_SPREAD = 0.3
"""How much brighter or fainter a trail may be at an end than its light along the rest tells."""


@dataclass(frozen=True, slots=True, eq=False)
class CentreLine:
    """A trail traced to its noise. Pixels are 0-based; ``n`` points run from the first end to the second.

    ``points`` (n, 2) lie on the ridge, each with its error across the trail (n,) and covariance (n, 2, 2): along the
    trail a point of a line is nowhere in particular, so there the covariance has half a bin. ``ends`` (2, 2)
    have errors along the trail (2,); ``cut`` says which end is where the image stops, not the trail.
    ``per_px`` is the light per pixel of length, ``flux`` all of it, in the image's unit; ``snr`` the ridge's
    peak over the sky noise per pixel. ``position_angle`` of the chord is in degrees from +x towards +y.
    """

    points: Floats
    across_sigma_px: Floats
    covariance: Floats
    ends: Floats
    end_sigma_px: Floats
    cut: tuple[bool, bool]
    length_px: float
    length_sigma_px: float
    angle_deg: float
    angle_sigma_deg: float
    sagitta_px: float
    sagitta_sigma_px: float
    width_fwhm_px: float
    per_px: float
    per_px_sigma: float
    flux: float
    flux_sigma: float
    sky_sigma: float
    snr: float
    hidden_share: float


@dataclass(slots=True, eq=False)
class _State:
    strip: Strip
    curve: Curve
    gain: float
    fwhm_px: float = 2.0
    per_px: float = 0.0
    level: float = 0.0
    relative: Floats = field(default_factory=lambda: np.ones(1))

    def light(self, s: Floats) -> Floats:
        """Light per pixel of length: a trail is fainter where the object goes faster. Constant beyond the ends."""
        inside = np.clip(s / self.curve.length, 0, 1)
        return np.asarray(self.per_px * np.clip(np.polyval(self.relative, inside), 0.3, 3.0))

    def variance(self, model: Floats) -> Floats:
        """Sky and read noise as measured, and the trail's own photons."""
        return np.asarray(self.strip.variance + np.maximum(model, 0) / self.gain)

    def inside(self) -> NDArray[np.bool_]:
        return np.asarray((self.strip.s > 0) & (self.strip.s < self.curve.length))


def _fit_profile(state: _State) -> None:
    """Width, light per pixel and background of the whole trail; robust, as spikes are clipped beside it."""
    strip = state.strip
    use = strip.good & state.inside()
    w, value = strip.w[use], strip.value[use]
    best = math.inf
    for fwhm in FWHM_GRID_PX:
        design = np.column_stack([across(w, float(fwhm)), np.ones(w.size)])
        fitted, *_ = np.linalg.lstsq(design, value, rcond=None)
        misfit = float(np.sum((value - design @ fitted) ** 2))
        if misfit < best:
            best, state.fwhm_px, state.per_px, state.level = misfit, float(fwhm), float(fitted[0]), float(fitted[1])


def _start_profile(state: _State) -> None:
    """First guess that cosmic rays cannot pull: medians across the trail."""
    strip = state.strip
    use = strip.good & state.inside()
    edges = np.arange(-6.5, 7.0, 1.0)
    which = np.digitize(strip.w[use], edges)
    medians = np.array([np.median(part) if (part := strip.value[use][which == k]).size else 0.0 for k in range(1, 14)])
    state.level = float(np.median(medians[[0, 1, 2, 10, 11, 12]]))
    ridge = across(np.arange(-6.0, 7.0), state.fwhm_px)
    state.per_px = max(float(ridge @ (medians - state.level)) / float(ridge @ ridge), 1e-6)


def _bins(state: _State) -> list[tuple[float, NDArray[np.intp]]]:
    """Middle and pixels of each bin; whole bins, from end to end less the blur of the ends."""
    length = state.curve.length
    count = int(np.clip(round(length / BIN_PX), FEWEST_POINTS, MOST_POINTS))
    rim = min(state.fwhm_px, 0.1 * length)
    edges = np.linspace(rim, length - rim, count + 1)
    which = np.digitize(state.strip.s, edges)
    near = state.strip.good & (np.abs(state.strip.w) < REACH_PX - 2)
    return [(0.5 * float(edges[k] + edges[k + 1]), np.flatnonzero(near & (which == k + 1))) for k in range(count)]


def _offset(state: _State, pixels: NDArray[np.intp]) -> tuple[float, float, float]:
    """Place across (px), its error, and the light per pixel in one bin; (nan, inf, nan) where too little is seen."""
    strip = state.strip
    w, value, s = strip.w[pixels], strip.value[pixels] - state.level, strip.s[pixels]
    core = np.abs(w) < 1.2 * state.fwhm_px
    if core.sum() < max(3.0, 0.5 * 2.4 * state.fwhm_px * (float(np.ptp(s)) if s.size else 1.0)):
        return math.nan, math.inf, math.nan
    typical = float(np.mean(state.light(s)))
    place = height = 0.0
    covariance = np.eye(3)
    for _ in range(8):
        ridge = across(w - place, state.fwhm_px)
        weight = 1 / np.sqrt(strip.variance[pixels] + typical * ridge / state.gain)
        design = np.column_stack([ridge, -typical * across_slope(w - place, state.fwhm_px), np.ones(w.size)])
        design *= weight[:, None]
        covariance = np.linalg.pinv(design.T @ design)
        height, step, _ = covariance @ (design.T @ (value * weight))
        step *= typical / float(np.clip(height, 0.6 * typical, 1.6 * typical))
        place += float(np.clip(step, -0.5, 0.5))
        if abs(place) > FARTHEST_SHIFT_PX:
            return math.nan, math.inf, math.nan
        if abs(step) < 1e-3:
            break
    return place, math.sqrt(covariance[1, 1]), float(height)


def _fit_light(state: _State, s: Floats, height: Floats) -> None:
    """How the light per pixel changes along the trail: a parabola through the bins, then one without outliers."""
    share, relative = s / state.curve.length, height / state.per_px
    good = np.ones(s.size, dtype=bool)
    for _ in range(2):
        state.relative = np.polyfit(share[good], relative[good], 2)
        off = np.abs(relative - np.polyval(state.relative, share))
        good = off <= 3 * 1.4826 * float(np.median(off))


def _model(state: _State) -> Floats:
    """What the trail and the sky give in each pixel of the strip."""
    light = np.zeros(state.strip.s.size)
    inner = (state.strip.s > -END_WINDOW_PX) & (state.strip.s < state.curve.length + END_WINDOW_PX)
    s, w = state.strip.s[inner], state.strip.w[inner]
    rising, _ = near_end(s, w, state.fwhm_px)
    falling, _ = near_end(state.curve.length - s, w, state.fwhm_px)
    light[inner] = np.maximum(rising + falling - across(w, state.fwhm_px), 0)
    return state.light(state.strip.s) * light + state.level


def _bounds(state: _State, slack_px: float) -> tuple[Floats, Floats]:
    """The most and the least the trail may give in each pixel: off by ``slack_px``, its ends known to 10 px."""
    strip, length = state.strip, state.curve.length
    light = state.light(strip.s)
    highest = 1.3 * light * across(np.maximum(np.abs(strip.w) - slack_px, 0), state.fwhm_px)
    lowest = 0.7 * light * across(np.abs(strip.w) + slack_px, state.fwhm_px)
    ceiling = np.where((strip.s > -END_WINDOW_PX) & (strip.s < length + END_WINDOW_PX), highest, 0.0)
    floor = np.where((strip.s > END_WINDOW_PX) & (strip.s < length - END_WINDOW_PX), lowest, 0.0)
    return ceiling + state.level, floor + state.level


def _fit_end(state: _State, last: bool) -> tuple[float, float]:
    """Where the trail ends along the curve (s), and the error; the error is infinite where nothing shows it."""
    strip, at = state.strip, state.curve.length if last else 0.0
    sign = -1.0 if last else 1.0
    near = strip.good & (np.abs(strip.s - at) < END_WINDOW_PX) & (np.abs(strip.w) < 1.5 * state.fwhm_px + 1.5)
    if near.sum() < 12:
        return at, math.inf
    inward, w = sign * (strip.s[near] - at), strip.w[near]
    value, bright = strip.value[near] - state.level, state.light(strip.s[near])
    root = 1 / np.sqrt(state.variance(_model(state))[near])

    def residuals(p: Floats) -> Floats:
        light, _ = near_end(inward - p[0], w, state.fwhm_px)
        return np.append((value - bright * p[1] * light - p[2]) * root, (p[1] - 1) / BRIGHTNESS_SPREAD)

    def jacobian(p: Floats) -> Floats:
        light, slope = near_end(inward - p[0], w, state.fwhm_px)
        rows = np.column_stack([bright * p[1] * slope, -bright * light, -np.ones(w.size)]) * root[:, None]
        return np.vstack([rows, [0, 1 / BRIGHTNESS_SPREAD, 0]])

    tried = np.arange(-7.0, 7.1, 0.5)
    first = tried[int(np.argmin([np.sum(np.minimum(residuals(np.array([t, 1, 0])) ** 2, 9)) for t in tried]))]
    found = least_squares(residuals, [first, 1.0, 0.0], jac=jacobian, loss="soft_l1", f_scale=2.5, max_nfev=30)
    rows = jacobian(found.x)
    normal = rows.T @ rows
    if abs(found.x[0]) > END_WINDOW_PX - 1 or normal[0, 0] < 1.0:
        return at, math.inf
    at += sign * float(found.x[0])
    hidden = max(
        strip.hidden_share(state.fwhm_px, at - HIDDEN_PX, at + HIDDEN_PX),
        strip.hidden_share(state.fwhm_px, at, at + sign * 2 * HIDDEN_PX),
    )
    if hidden > MOSTLY_HIDDEN:
        return at, math.inf
    formal = math.sqrt(float(np.linalg.pinv(normal)[0, 0]))
    return at, math.hypot(END_SIGMA_SCALE * formal, END_FLOOR_PX, HIDDEN_PX * hidden)


def _is_cut(state: _State, s: float, last: bool, shape: tuple[int, int]) -> bool:
    """Whether the image stops where the trail seems to."""
    x, y = state.curve.at(np.array([s]))[0]
    if min(x, y) < EDGE_PX or x > shape[1] - 1 - EDGE_PX or y > shape[0] - 1 - EDGE_PX:
        return True
    outward = (state.strip.s - s) * (1 if last else -1)
    beyond = (outward > 1) & (outward < 6) & (np.abs(state.strip.w) < 2)
    return bool(beyond.sum() < 8 or np.mean(state.strip.seen[beyond]) < 0.4)


def _moved(curve: Curve, polynomial: Floats, start: float, stop: float) -> Curve:
    """The curve moved aside by a polynomial of s/length, from ``start`` to ``stop`` of its arc length."""
    s = np.linspace(start, stop, max(16, int(stop - start)) + 1)
    inside = np.clip(s, 0, curve.length) / curve.length
    return curve_through(curve.at(s) + curve.aside(s) * np.polyval(polynomial, inside)[:, None])


def _first_curve(trail: Trail) -> Curve:
    return curve_through(np.column_stack([trail.curve_x, trail.curve_y]))


def trace_centre(
    pixels: NDArray[np.floating],
    trail: Trail,
    *,
    electrons_per_unit: float = 1.0,
    bad: NDArray[np.bool_] | None = None,
) -> CentreLine:
    """Trace a measured trail (``measure_trail``: from a person's two marks or a model's) to its noise.

    Parameters
    ----------
    pixels : (height, width) single exposure in a linear unit, NaN where there is no data
    trail : the measurement to begin with; right to about 1 px across and 7 px at its ends
    electrons_per_unit : detected electrons in one unit of ``pixels`` (the exposure in s where they are e-/s)
    bad : pixels (height, width) to leave out, as the data-quality array tells

    Raises
    ------
    ValueError
        No image is there, or fewer than eight bins show the trail.
    """
    curve = _first_curve(trail)
    state = _State(
        strip_about(pixels, curve, bad), curve, electrons_per_unit, float(np.clip(trail.width_fwhm_px, 1.4, 6))
    )
    _start_profile(state)
    ends = ((0.0, math.inf), (curve.length, math.inf))
    for step in range(len(SLACK_PX)):
        ceiling, floor = _bounds(state, SLACK_PX[step])
        state.strip.hide_spikes(ceiling, floor, state.variance(ceiling))
        _fit_profile(state)
        middles, bins = zip(*_bins(state), strict=True)
        s = np.array(middles)
        off, sigma, height = np.array([_offset(state, pixels_of) for pixels_of in bins]).T
        polynomial, good = smooth_offsets(s, off, sigma, state.curve.length)
        if good.sum() < 8:
            raise ValueError("The trail is too faint or too hidden to be traced.")
        _fit_light(state, s[good], height[good])
        ends = (_fit_end(state, False), _fit_end(state, True))
        if step < len(SLACK_PX) - 1 and ends[1][0] - ends[0][0] > 8:
            state.curve = _moved(state.curve, polynomial, ends[0][0], ends[1][0])
            state.strip.place(state.curve)
    return _report(state, (s[good], off[good], sigma[good], height[good]), ends, (pixels.shape[0], pixels.shape[1]))


def _report(
    state: _State,
    line: tuple[Floats, Floats, Floats, Floats],
    ends: tuple[tuple[float, float], tuple[float, float]],
    shape: tuple[int, int],
) -> CentreLine:
    s, off, sigma, height = line
    curve = state.curve
    aside = curve.aside(s)
    points = curve.at(s) + aside * off[:, None]
    half_bin = float(np.median(np.diff(s))) / 2
    ahead = np.column_stack([aside[:, 1], -aside[:, 0]])
    covariance = (
        sigma[:, None, None] ** 2 * aside[:, :, None] * aside[:, None, :]
        + half_bin**2 * ahead[:, :, None] * ahead[:, None, :]
    )
    where = np.array([ends[0][0], ends[1][0]])
    end_sigma = np.array([ends[0][1], ends[1][1]])
    cut = (_is_cut(state, where[0], False, shape), _is_cut(state, where[1], True, shape))
    polynomial, _ = smooth_offsets(s, off, sigma, curve.length)
    both = curve.at(where) + curve.aside(where) * np.polyval(polynomial, np.clip(where / curve.length, 0, 1))[:, None]
    chord = both[1] - both[0]
    length = float(where[1] - where[0])
    length_sigma = float(np.hypot(*np.where(np.isfinite(end_sigma), end_sigma, END_WINDOW_PX)))
    typical_sigma = float(np.median(sigma))
    per_px, per_px_sigma = float(np.mean(height)), float(np.std(height, ddof=1) / math.sqrt(height.size))
    sky_sigma = math.sqrt(float(np.median(state.strip.variance)))
    inner = state.inside() & (np.abs(state.strip.w) < 2)
    return CentreLine(
        points=points, across_sigma_px=sigma, covariance=covariance,
        ends=both, end_sigma_px=end_sigma, cut=cut, length_px=length, length_sigma_px=length_sigma,
        angle_deg=math.degrees(math.atan2(chord[1], chord[0])) % 360,
        angle_sigma_deg=math.degrees(typical_sigma * math.sqrt(12 / s.size) / max(length, 1.0)),
        sagitta_px=signed_sagitta(*np.vstack([both[:1], points, both[1:]]).T),
        sagitta_sigma_px=typical_sigma * 1.7 / math.sqrt(s.size / 3),
        width_fwhm_px=state.fwhm_px, per_px=per_px, per_px_sigma=per_px_sigma,
        flux=per_px * length, flux_sigma=math.hypot(per_px_sigma * length, per_px * length_sigma),
        sky_sigma=sky_sigma, snr=per_px * float(across(np.zeros(1), state.fwhm_px)[0]) / sky_sigma,
        hidden_share=float(1 - np.mean(state.strip.good[inner])) if inner.any() else 1.0,
    )  # fmt: skip
