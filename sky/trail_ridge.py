"""The ridge of a trail: a curve in a straightened strip of the image, sought and then traced.

It is first sought among all curves near a given line, on an image clipped so that no star or cosmic ray
outweighs the many faint pixels of a trail; then traced in bins by the median and the mean across them
(Gaussian matched filter).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, uniform_filter1d

from sky.trail_geometry import Floats, Frame

SEARCH_ENDS_PX = 11.0
LARGEST_SAGITTA = 0.36
SKEWS = (-0.9, -0.45, 0.0, 0.45, 0.9)
SIDE_PX = 9
WIDTHS_PX = np.geomspace(0.55, 9.0, 40)


@dataclass(slots=True)
class Ridge:
    """State of one measurement: the image in units of sky noise, the frame, the curve v(u), the ends."""

    image: NDArray[np.float32]
    frame: Frame
    curve: Floats
    start: float
    stop: float
    sigma_px: float
    height: float
    earliest: float
    latest: float
    hidden: tuple[int, int] = (0, 0)
    """How many pixels beyond each end a star or galaxy covers: the trail may end anywhere under it."""

    def v(self, u: Floats) -> Floats:
        """Across, from the polynomial; beyond the ends it goes on straight, as a cubic would run away."""
        inside = np.clip(u, self.start - 4, self.stop + 4)
        slope = np.polyval(np.polyder(self.curve), inside)
        return np.asarray(np.polyval(self.curve, inside) + slope * (u - inside))

    def strip(self, u: Floats, side: int) -> Floats:
        """Image along the curve: (2 side + 1, len(u)), NaN outside the image."""
        slope = np.polyval(np.polyder(self.curve), np.clip(u, self.start - 4, self.stop + 4))
        norm = np.sqrt(1 + slope**2)
        w = np.arange(-side, side + 1)[:, None]
        x, y = self.frame.xy(u - w * slope / norm, self.v(u) + w / norm)
        return np.asarray(map_coordinates(self.image, [y, x], order=1, mode="constant", cval=np.nan), dtype=np.float64)


def search_curve(image: NDArray[np.float32], frame: Frame, length: float) -> Floats:
    """Best curve among those that pass within 11 px of both given ends, by its mean clipped brightness.

    The curves are parabolas and, for hooks near a turning point of the parallax, cubics of one sign of
    curvature whose belly lies towards one end.
    """
    largest = max(4.0, LARGEST_SAGITTA * length)
    side = int(np.ceil(SEARCH_ENDS_PX + 1.25 * largest)) + 2
    u = np.arange(0.0, length + 0.5, 1.0)
    v = np.arange(-side, side + 1, dtype=np.float64)
    x, y = frame.xy(u[None, :], v[:, None])
    strip = np.nan_to_num(map_coordinates(image, [y, x], order=1, mode="constant", cval=np.nan))
    strip = np.clip(strip, -3.0, 4.0)
    strip = uniform_filter1d(strip, 3, axis=0)
    group = max(1, int(length / 48))
    strip = uniform_filter1d(strip, group, axis=1)[:, group // 2 :: group]
    at = u[group // 2 :: group] / length
    ends = np.arange(-SEARCH_ENDS_PX, SEARCH_ENDS_PX + 0.1, 1.5)
    bends = np.arange(-largest, largest + 0.1, max(1.5, largest / 40))
    grids = np.meshgrid(ends, ends, bends, np.array(SKEWS), indexing="ij")
    v0, v1, bend, skew = (grid.ravel().astype(np.float32) for grid in grids)
    total = np.zeros(v0.size, dtype=np.float32)
    for column, share in enumerate(at.astype(np.float32)):
        path = v0 + (v1 - v0) * share + bend * (4 * share * (1 - share)) * (1 + skew * (1 - 2 * share))
        index = np.clip(np.rint(path).astype(np.int32) + side, 0, 2 * side)
        total += strip[:, column].astype(np.float32)[index]
    # Between curves equally bright, the straighter one.
    best = int(np.argmax(total / len(at) - 0.001 * np.abs(bend) - 0.02 * np.abs(skew)))
    b, k = float(bend[best]), float(skew[best])
    in_share = np.array(
        [8 * b * k, -4 * b - 12 * b * k, float(v1[best] - v0[best]) + 4 * b + 4 * b * k, float(v0[best])]
    )
    return np.asarray(in_share / length ** np.arange(3, -1, -1))


def _tame(ridge: Ridge, strip: Floats, side: int) -> Floats:
    """Cut what rises more than 3 sigma above the ridge's own profile: stars and cosmic rays."""
    w = np.arange(-side, side + 1)[:, None]
    ceiling = 1.3 * ridge.height * np.exp(-0.5 * (w / ridge.sigma_px) ** 2) + 3.0
    return np.clip(strip, -4.0, ceiling)


def ridge_height(ridge: Ridge, u: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Height of the ridge at each u by matched filter across, over its local background (nan outside).

    The second array marks places that tell nothing about the trail, because a star or galaxy covers them.
    """
    side = int(np.ceil(max(SIDE_PX, 3 * ridge.sigma_px + 4)))
    raw = ridge.strip(u, side)
    strip = _tame(ridge, raw, side)
    w = np.abs(np.arange(-side, side + 1))
    far = np.nan_to_num(strip[w > 3 * ridge.sigma_px + 1])
    beside = np.median(far, axis=0)
    background = uniform_filter1d(beside, 25, mode="nearest")
    weight = np.exp(-0.5 * (w / ridge.sigma_px) ** 2)
    weight[w > 2.5 * ridge.sigma_px + 1] = 0
    # At an edge or a gap the rest of the profile must do, down to half of it.
    seen = weight**2 @ np.isfinite(strip)
    excess = weight @ np.nan_to_num(strip - background)
    heights = np.where(seen >= 0.5 * np.sum(weight**2), excess / np.maximum(seen, 1e-9), np.nan)
    untamed = weight @ np.nan_to_num(raw - background) / np.maximum(seen, 1e-9)
    covered = (beside > 2.5) | (untamed > 2.2 * ridge.height + 3)
    return heights, np.asarray(uniform_filter1d(covered.astype(float), 3) > 0.4)


def trace(ridge: Ridge, degree: int, wide: float = 3.3) -> bool:
    """Move the curve onto the ridge, bin by bin; False if too few bins show it."""
    length = ridge.stop - ridge.start
    bins = int(np.clip(length / 8, 5, 40))
    edges = np.linspace(ridge.start, ridge.stop, bins + 1)
    u = np.arange(np.ceil(ridge.start), ridge.stop + 0.01, 0.5)
    side = int(np.ceil(max(wide + 3, 3 * ridge.sigma_px)))
    strip = _tame(ridge, ridge.strip(u, side), side)
    shifts = np.arange(-wide, wide + 0.01, 0.1)
    w = np.arange(-side, side + 1)
    kernels = np.exp(-0.5 * ((w[None, :] - shifts[:, None]) / ridge.sigma_px) ** 2)
    kernels -= kernels.mean(axis=1, keepdims=True)
    kernels /= np.sqrt(np.sum(kernels**2, axis=1, keepdims=True))
    places, offsets, weights = [], [], []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        part = strip[:, (u >= low) & (u < high)]
        part = part[:, np.isfinite(part).all(axis=0)]
        if part.shape[1] < 4:
            continue
        profile = 0.5 * np.median(part, axis=1) + 0.5 * np.mean(np.clip(part, -3, ridge.height + 2), axis=1)
        response = kernels @ profile
        best = int(np.argmax(response))
        if 0 < best < shifts.size - 1:
            places.append(0.5 * (low + high))
            offsets.append(float(shifts[best]))
            weights.append(float(response[best]) * math.sqrt(part.shape[1] / 2))
    if len(places) < degree + 2:
        return False
    at, off, weight = np.array(places), np.array(offsets), np.array(weights)
    good = (weight > 2.0) & (weight < 3.5 * np.median(weight))
    correction = np.zeros(degree + 1)
    middle, half = 0.5 * (ridge.start + ridge.stop), max(0.5 * length, 1.0)
    for _ in range(6):
        if good.sum() < degree + 2:
            return False
        correction = np.polyfit((at[good] - middle) / half, off[good], degree, w=np.minimum(weight[good], 12))
        residual = np.abs(off - np.polyval(correction, (at - middle) / half))
        spread = max(0.25, 1.4826 * float(np.median(residual[good])))
        now = (weight > 2.0) & (residual < 3 * spread)
        if (now == good).all():
            break
        good = now
    shift = np.poly1d(correction)(np.poly1d([1 / half, -middle / half]))
    ridge.curve = np.polyadd(ridge.curve, shift.coeffs)
    return True


def fit_width(ridge: Ridge) -> None:
    """Fit the Gaussian sigma and the height of the straightened ridge, both kept in ``ridge``."""
    side = int(np.clip(6 * ridge.sigma_px, 10, 40))
    u = np.arange(ridge.start, ridge.stop, 0.5)
    strip = np.clip(ridge.strip(u, side), -4.0, None)
    strip = strip[:, np.isfinite(strip).all(axis=0)]
    if strip.shape[1] < 6:
        return
    low, high = np.percentile(strip, [20, 80], axis=1)
    profile = np.nanmean(np.clip(strip, low[:, None], high[:, None]), axis=1)
    w = np.arange(-side, side + 1)
    best = (math.inf, ridge.sigma_px, ridge.height)
    for sigma_px in WIDTHS_PX:
        if sigma_px > side / 2.5:
            break
        shape = np.exp(-0.5 * (w / sigma_px) ** 2)
        design = np.column_stack([shape, np.ones(w.size)])
        (height, level), *_ = np.linalg.lstsq(design, profile, rcond=None)
        misfit = float(np.sum((profile - design @ [height, level]) ** 2))
        if misfit < best[0]:
            best = (misfit, float(sigma_px), float(height))
    _, ridge.sigma_px, height = best
    ridge.height = max(height, 0.3)
