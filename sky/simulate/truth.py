"""What was really put into a simulated exposure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

CURVE_POINTS = 41


@dataclass(frozen=True, slots=True)
class TrailTruth:
    """One injected trail. Pixels are 0-based in the exposure; sky in degrees; ``x1 … y2`` are the ends
    inside the field, ``true_…`` those of the whole trail; the curve runs over the visible part in even
    steps of arc length. ``ridge_snr`` is the ridge's peak over the sky noise per pixel.
    """

    kind: str
    x1: float
    y1: float
    x2: float
    y2: float
    true_x1: float
    true_y1: float
    true_x2: float
    true_y2: float
    curve_x: tuple[float, ...]
    curve_y: tuple[float, ...]
    curve_ra_deg: tuple[float, ...]
    curve_dec_deg: tuple[float, ...]
    middle_x: float
    middle_y: float
    middle_ra_deg: float
    middle_dec_deg: float
    length_px: float
    length_arcsec: float
    sagitta_px: float
    fully_inside: bool
    ridge_snr: float
    mag: float | None = None
    distance_au: float | None = None
    motion_east_arcsec_h: float | None = None
    motion_north_arcsec_h: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def resample(
    xs: NDArray[np.float64], ys: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``count`` points of a polyline in even steps of arc length, ends included."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(xs), np.diff(ys)))])
    at = np.linspace(0.0, along[-1], count)
    return np.interp(at, along, xs), np.interp(at, along, ys)


def sagitta(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> float:
    """Largest distance of a curve from the chord between its ends."""
    dx, dy = xs[-1] - xs[0], ys[-1] - ys[0]
    chord = max(float(np.hypot(dx, dy)), 1e-9)
    return float(np.max(np.abs((xs - xs[0]) * dy - (ys - ys[0]) * dx)) / chord)


def turn_deg(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> float:
    """Angle through which the direction of a curve turns in all."""
    heading = np.unwrap(np.arctan2(np.diff(ys), np.diff(xs)))
    return float(np.degrees(np.abs(np.diff(heading)).sum()))


def trail_truth(
    kind: str,
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    shape: tuple[int, int],
    wcs: WCS,
    pixel_scale_arcsec: float,
    **more: Any,
) -> TrailTruth | None:
    """Truth of a curve given finely enough; None if less than 4 px of it lie in the field."""
    length = float(np.hypot(np.diff(xs), np.diff(ys)).sum())
    fine_x, fine_y = resample(xs, ys, max(200, int(6 * length)))
    inside = (fine_x >= -0.5) & (fine_x <= shape[1] - 0.5) & (fine_y >= -0.5) & (fine_y <= shape[0] - 0.5)
    marks = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]])))
    runs = marks.reshape(-1, 2)
    if not runs.size:
        return None
    first, last = max(runs.tolist(), key=lambda run: run[1] - run[0])
    seen_x, seen_y = fine_x[first:last], fine_y[first:last]
    seen_length = float(np.hypot(np.diff(seen_x), np.diff(seen_y)).sum())
    if seen_length < 4:
        return None
    curve_x, curve_y = resample(seen_x, seen_y, CURVE_POINTS)
    ra, dec = wcs.all_pix2world(curve_x, curve_y, 0)
    half = CURVE_POINTS // 2
    return TrailTruth(
        kind=kind,
        x1=float(curve_x[0]), y1=float(curve_y[0]), x2=float(curve_x[-1]), y2=float(curve_y[-1]),
        true_x1=float(xs[0]), true_y1=float(ys[0]), true_x2=float(xs[-1]), true_y2=float(ys[-1]),
        curve_x=tuple(curve_x.tolist()), curve_y=tuple(curve_y.tolist()),
        curve_ra_deg=tuple(ra.tolist()), curve_dec_deg=tuple(dec.tolist()),
        middle_x=float(curve_x[half]), middle_y=float(curve_y[half]),
        middle_ra_deg=float(ra[half]), middle_dec_deg=float(dec[half]),
        length_px=seen_length, length_arcsec=seen_length * pixel_scale_arcsec,
        sagitta_px=sagitta(curve_x, curve_y), fully_inside=bool(inside.all()),
        **more,
    )  # fmt: skip
