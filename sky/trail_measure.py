"""Measure a trail from two rough ends: straighten, trace the ridge, find the ends.

The trailed-PSF model of Veres et al. 2012 (PASP 124, 1197) taken apart into one dimension across, where
the ridge is a Gaussian (``trail_ridge``), and one along, where the ends are steps blurred by the PSF.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter, uniform_filter1d
from scipy.special import ndtr

from sky.stretch import sky_statistics
from sky.trail_geometry import Floats, Trail, even_curve, frame_between, signed_sagitta
from sky.trail_ridge import Ridge, fit_width, ridge_height, search_curve, trace

FWHM_PER_SIGMA = 2.3548200450309493
START_SIGMA_PX = 0.95
REACH_PX = 18.0
LONGEST_HIDDEN_PX = 24


def _noise_units(
    pixels: NDArray[np.floating], end1: tuple[float, float], end2: tuple[float, float]
) -> tuple[NDArray[np.float32], int, int]:
    """The part of the image around the trail as (value - sky)/noise, and the place of its first pixel."""
    length = math.hypot(end2[0] - end1[0], end2[1] - end1[1])
    margin = int(60 + 0.3 * length)
    height, width = pixels.shape
    x0 = max(0, int(min(end1[0], end2[0])) - margin)
    y0 = max(0, int(min(end1[1], end2[1])) - margin)
    part = pixels[y0 : int(max(end1[1], end2[1])) + margin + 1, x0 : int(max(end1[0], end2[0])) + margin + 1]
    if not part.size or not np.isfinite(part).any():
        raise ValueError("There is no image where the trail should be.")
    level, sigma = sky_statistics(part)
    noise_units = ((part - level) / sigma).astype(np.float32)
    empty = ~np.isfinite(noise_units)
    # Single bad pixels become sky, so that they do not blank the columns of the strip; large gaps stay gaps.
    noise_units[empty & (uniform_filter(empty.astype(np.float32), 7) < 0.4)] = 0
    return noise_units, x0, y0


def _edge(heights: Floats, u: Floats, guess: float, rising: bool, blur_px: float) -> float:
    """Place of a blurred step near a guess: least squares over a window of 16 px to each side."""
    near = (np.abs(u - guess) <= 16) & np.isfinite(heights)
    if near.sum() < 8:
        return guess
    at, value = u[near], heights[near]
    best = (math.inf, guess)
    for place in guess + np.arange(-6.0, 6.01, 0.1):
        step = ndtr((at - place) / blur_px) if rising else ndtr((place - at) / blur_px)
        height = float(step @ value) / max(float(step @ step), 1e-9)
        misfit = float(np.sum((value - max(height, 0.0) * step) ** 2))
        if misfit < best[0]:
            best = (misfit, float(place))
    return best[1]


def _run_of(covered: NDArray[np.bool_]) -> int:
    """How many places in a row are covered, beginning at most 2 from the first."""
    where = np.flatnonzero(covered)
    if not where.size or where[0] > 2:
        return 0
    free = np.flatnonzero(~covered[where[0] :])
    return int(free[0] if free.size else covered.size - where[0])


def _ends(ridge: Ridge) -> float:
    """Find both ends between ``ridge.earliest`` and ``ridge.latest``; returns the height's noise per pixel.

    The whole trail is the run whose sum of (height - half the ridge's height) is largest (Kadane's
    maximum sub-array): the maximum-likelihood step up and down for a known height.
    """
    u = np.arange(math.floor(ridge.earliest), math.ceil(ridge.latest) + 1, 1.0)
    heights, covered = ridge_height(ridge, u)
    inside = (u >= ridge.start + 4) & (u <= ridge.stop - 4) & np.isfinite(heights) & ~covered
    typical = float(np.median(heights[inside])) if inside.sum() >= 5 else ridge.height
    typical = max(typical, 0.5)
    capped = np.clip(heights, -0.7 * typical, 1.5 * typical)
    gain = np.where(covered, -0.1 * typical, np.nan_to_num(capped - 0.5 * typical, nan=0.0))
    capped[covered] = np.nan
    best, run, first, span = 0.0, 0.0, 0, (0, 0)
    for index, value in enumerate(gain):
        if run <= 0:
            run, first = 0.0, index
        run += float(value)
        if run > best:
            best, span = run, (first, index)
    low, high = float(u[span[0]]) - 0.5, float(u[span[1]]) + 0.5
    ridge.hidden = (_run_of(covered[: span[0]][::-1]), _run_of(covered[span[1] + 1 :]))
    blur = ridge.sigma_px
    seen = np.flatnonzero(np.isfinite(heights))
    if high - low >= 6:
        # An end at the edge of the image is the edge, one under a star is hidden: there is no step to fit.
        if not ridge.hidden[0] and (not seen.size or span[0] > seen[0] + 2):
            low = _edge(capped, u, low, True, blur)
        if not ridge.hidden[1] and (not seen.size or span[1] < seen[-1] - 2):
            high = _edge(capped, u, high, False, blur)
        ridge.start, ridge.stop = low, max(high, low + 2)
    beyond = heights[(u < ridge.start - 4) | (u > ridge.stop + 4)]
    beyond = beyond[np.isfinite(beyond)]
    return float(1.4826 * np.median(np.abs(beyond - np.median(beyond)))) if beyond.size >= 10 else 1.0


def _report(ridge: Ridge, noise: float, x0: int, y0: int) -> Trail:
    # A hidden end is anywhere under what hides it: half way is right in the mean, and off by run / sqrt(12).
    ridge.start -= min(ridge.hidden[0], LONGEST_HIDDEN_PX) / 2
    ridge.stop += min(ridge.hidden[1], LONGEST_HIDDEN_PX) / 2
    hidden = math.hypot(*ridge.hidden) / math.sqrt(12) / 2  # the middle moves by half of what an end does
    fine = np.linspace(ridge.start, ridge.stop, 400)
    xs, ys = ridge.frame.xy(fine, ridge.v(fine))
    curve_x, curve_y, length = even_curve(xs + x0, ys + y0)
    u = np.arange(ridge.start + 1, ridge.stop - 0.9, 1.0)
    heights, covered = ridge_height(ridge, u)
    heights = heights[np.isfinite(heights) & ~covered]
    snr = float(np.median(heights)) if heights.size else 0.0
    smooth = uniform_filter1d(heights, 7) if heights.size else np.zeros(1)
    end_sigma = noise / max(snr, 0.1) * math.sqrt(2 * math.sqrt(math.pi) * ridge.sigma_px)
    across = ridge.sigma_px * noise / max(snr, 0.1) / math.sqrt(max(length, 1.0)) * 3
    half = len(curve_x) // 2
    return Trail(
        x1=float(curve_x[0]), y1=float(curve_y[0]), x2=float(curve_x[-1]), y2=float(curve_y[-1]),
        middle_x=float(curve_x[half]), middle_y=float(curve_y[half]),
        length_px=length, sagitta_px=signed_sagitta(curve_x, curve_y),
        angle_deg=math.degrees(math.atan2(curve_y[-1] - curve_y[0], curve_x[-1] - curve_x[0])) % 360,
        width_fwhm_px=ridge.sigma_px * FWHM_PER_SIGMA, ridge_snr=snr,
        middle_sigma_px=float(np.clip(math.hypot(0.1, end_sigma / math.sqrt(2), across, hidden), 0.1, length / 4)),
        coverage=float(np.mean(smooth > 0.4 * snr)) if snr > 0 else 0.0,
        curve_x=tuple(curve_x.tolist()), curve_y=tuple(curve_y.tolist()),
    )  # fmt: skip


def measure_trail(pixels: NDArray[np.floating], end1: tuple[float, float], end2: tuple[float, float]) -> Trail:
    """Measure the trail that runs roughly between two places (each right to about 8 px).

    Parameters
    ----------
    pixels : (height, width) image in any linear unit, NaN where there is no data
    end1, end2 : rough ends (x, y) in pixels; they may lie a little outside the image

    Returns the best curve there is; a caller decides on ``ridge_snr`` and ``coverage`` whether it is one.

    Raises
    ------
    ValueError
        The ends are less than 2 pixels apart, or no image is there.
    """
    frame_between(end1, end2)
    image, x0, y0 = _noise_units(pixels, end1, end2)
    frame, length = frame_between((end1[0] - x0, end1[1] - y0), (end2[0] - x0, end2[1] - y0))
    ridge = Ridge(
        image, frame, search_curve(image, frame, length), 0.0, length, START_SIGMA_PX, 4.0, -REACH_PX, length + REACH_PX
    )
    first, _ = ridge_height(ridge, np.arange(3.0, max(length - 3, 4.0)))
    ridge.height = max(1.0, float(np.median(first[np.isfinite(first)]))) if np.isfinite(first).any() else 1.0
    for wide in (5.0, 4.0, 3.3, 3.3):
        span = ridge.stop - ridge.start
        trace(ridge, 2 if span < 40 else 3 if span < 90 else 4, wide)
        fit_width(ridge)
        noise = _ends(ridge)
    return _report(ridge, noise, x0, y0)
