"""Where a trail is: found in a cutout, measured on the whole exposure, placed on the sky. No database.

Pixels are those of the exposure, 0-based, in FITS orientation (see ``sky.wcs``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from archive.tiling import Box
from sky.trail import Trail, find_trails, measure_trail, same_trail
from sky.wcs import pixel_scale_arcsec, separation_arcsec

Ends = tuple[tuple[float, float], tuple[float, float]]

LEAST_SNR = 0.8
LEAST_COVERAGE = 0.55
LEAST_LENGTH_PX = 8.0
CLEAR_SNR = 3.0
CLEAR_COVERAGE = 0.75
CLEAR_LENGTH_PX = 40.0
ENOUGH_SNR = 5.0
LEAST_SHARE = 0.15
AROUND_PX = 160
MOST_PER_CUTOUT = 3
LONGEST_PX = 1500.0
MOST_STEPS = 12
GROWN_PX = 6.0
MODEL_SIGMA_PX = 8.0
"""How well the ends of a model's heat map are known: two cells of 4 px."""


@dataclass(frozen=True, slots=True)
class Place:
    """A trail's place, as the columns of a candidate hold it: pixels of the exposure, degrees, arcseconds."""

    position_from: str
    mid_x: float
    mid_y: float
    ra_deg: float
    dec_deg: float
    position_sigma_arcsec: float
    end1_x: float | None = None
    end1_y: float | None = None
    end2_x: float | None = None
    end2_y: float | None = None
    end1_ra_deg: float | None = None
    end1_dec_deg: float | None = None
    end2_ra_deg: float | None = None
    end2_dec_deg: float | None = None
    length_arcsec: float | None = None
    position_angle_deg: float | None = None
    ridge_snr: float | None = None
    width_fwhm_px: float | None = None
    curve: Sequence[Sequence[float]] = ()


def is_credible(trail: Trail) -> bool:
    """Whether light is really seen along a measured curve."""
    bright = trail.ridge_snr >= LEAST_SNR and trail.coverage >= LEAST_COVERAGE
    return bright and trail.length_px >= LEAST_LENGTH_PX


def trails_in(pixels: NDArray[np.float32], box: Box, hint: Ends | None = None) -> list[Trail]:
    """The trails that touch a box of an exposure, each measured whole, the most likely first.

    Parameters
    ----------
    pixels : the whole exposure
    box : the cutout in which people or a model saw a trail
    hint : the model's ends of it, in pixels of the exposure

    An empty list means that no trail could be measured. The box is searched first; where that shows nothing
    clear, its surroundings too, because a trail may lie in the box by its end only.
    """
    found: list[Trail] = []
    if hint is not None and (hinted := _measured(pixels, *hint)) is not None:
        found.append(hinted)
    _search(pixels, box, box, found)
    if not any(is_clear(trail) for trail in found):
        _search(pixels, _widened(box, pixels.shape), box, found)
    likely = found[:1] if hint is not None and found and is_clear(found[0]) else []
    likely += sorted((trail for trail in found if trail not in likely), key=_significance, reverse=True)
    return [trail for index, trail in enumerate(likely) if index == 0 or is_clear(trail)][:MOST_PER_CUTOUT]


def _search(pixels: NDArray[np.float32], region: Box, box: Box, found: list[Trail]) -> None:
    """Add to ``found`` the trails of a region that run through the box and are not in it yet."""
    for rough in find_trails(pixels[region.rows, region.columns]):
        trail = rough.shifted(region.x0, region.y0)
        if any(same_trail(trail, known) for known in found):
            continue
        # On the whole exposure: a tile's border, or the first guess of an end, must not cut a trail short.
        trail = _measured(pixels, (trail.x1, trail.y1), (trail.x2, trail.y2)) or trail
        new = is_credible(trail) and share_inside(np.column_stack([trail.curve_x, trail.curve_y]), box) >= LEAST_SHARE
        if new and not any(same_trail(trail, known) for known in found):
            found.append(trail)


def share_inside(points: NDArray[np.float64], box: Box) -> float:
    """The share of the points (n, 2) of a curve that lie in a box."""
    inside = (points[:, 0] >= box.x0) & (points[:, 0] < box.x0 + box.width)
    inside &= (points[:, 1] >= box.y0) & (points[:, 1] < box.y0 + box.height)
    return float(inside.mean())


def _widened(box: Box, shape: tuple[int, ...]) -> Box:
    x0, y0 = max(0, box.x0 - AROUND_PX), max(0, box.y0 - AROUND_PX)
    x1, y1 = min(shape[1], box.x0 + box.width + AROUND_PX), min(shape[0], box.y0 + box.height + AROUND_PX)
    return Box(x0, y0, x1 - x0, y1 - y0)


def _significance(trail: Trail) -> float:
    """How likely it is the trail that was meant: bright and long, but brightness alone may be a cosmic ray."""
    return min(trail.ridge_snr, ENOUGH_SNR) * math.sqrt(trail.length_px)


def is_clear(trail: Trail) -> bool:
    """Whether a trail stands on its own, without anybody having pointed at it."""
    bright = trail.ridge_snr >= CLEAR_SNR and trail.coverage >= CLEAR_COVERAGE
    return bright and trail.length_px >= CLEAR_LENGTH_PX


def _measured(pixels: NDArray[np.float32], end1: tuple[float, float], end2: tuple[float, float]) -> Trail | None:
    """Measure from rough ends and follow the trail beyond them as far as it goes; None if there is none."""
    try:
        trail = measure_trail(pixels, end1, end2)
        for _ in range(MOST_STEPS):
            if not is_credible(trail) or trail.length_px > LONGEST_PX:
                break
            longer = measure_trail(pixels, (trail.x1, trail.y1), (trail.x2, trail.y2))
            grown = longer.length_px - trail.length_px
            if grown <= 0 or not is_credible(longer):
                break
            trail = longer
            if grown < GROWN_PX:
                break
    except ValueError:
        return None
    return trail if is_credible(trail) else None


def place_of_trail(trail: Trail, wcs: WCS) -> Place:
    """A measured trail on the sky, through the full WCS of the exposure; its middle is half of the arc.

    The error is that of the measurement; how well the image's own WCS is tied to the sky is not in it.

    Raises
    ------
    ValueError
        The WCS gives no place there.
    """
    middle_ra, middle_dec = _sky(wcs, trail.middle_x, trail.middle_y)
    return Place(
        position_from="fit",
        mid_x=trail.middle_x,
        mid_y=trail.middle_y,
        ra_deg=middle_ra,
        dec_deg=middle_dec,
        position_sigma_arcsec=trail.middle_sigma_px * pixel_scale_arcsec(wcs),
        ridge_snr=trail.ridge_snr,
        width_fwhm_px=trail.width_fwhm_px,
        curve=[[round(x, 3), round(y, 3)] for x, y in zip(trail.curve_x, trail.curve_y, strict=True)],
        **_ends_on_sky(np.array(trail.curve_x), np.array(trail.curve_y), wcs),
    )


def place_of_ends(ends: Ends, wcs: WCS) -> Place:
    """Where a model says a trail is, when it could not be measured: a straight line between its ends."""
    xs, ys = np.linspace(ends[0][0], ends[1][0], 41), np.linspace(ends[0][1], ends[1][1], 41)
    ra, dec = _sky(wcs, float(xs[20]), float(ys[20]))
    # Each end is off by two cells, and the trail may well go on beyond: a quarter of its length is honest.
    sigma_px = math.hypot(MODEL_SIGMA_PX, math.hypot(xs[-1] - xs[0], ys[-1] - ys[0]) / 4)
    return Place(
        position_from="model",
        mid_x=float(xs[20]),
        mid_y=float(ys[20]),
        ra_deg=ra,
        dec_deg=dec,
        position_sigma_arcsec=sigma_px * pixel_scale_arcsec(wcs),
        **_ends_on_sky(xs, ys, wcs),
    )


def place_of_box(box: Box, ra_deg: float, dec_deg: float, scale_arcsec: float) -> Place:
    """The middle of the cutout, at (RA, Dec), when all that is known is that the trail is in it."""
    x, y = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
    sigma_px = max(box.width, box.height) / math.sqrt(12)  # of an even distribution, along one axis
    return Place("cutout", x, y, ra_deg, dec_deg, sigma_px * scale_arcsec)


def ra_within(ra_deg: float) -> float:
    """Right ascension in [0, 360): ``-1e-17 % 360`` is 360."""
    ra_deg %= 360.0
    return 0.0 if ra_deg >= 360.0 else ra_deg


def _sky(wcs: WCS, x: float, y: float) -> tuple[float, float]:
    ra, dec = (float(value) for value in wcs.all_pix2world(x, y, 0))
    if not (math.isfinite(ra) and math.isfinite(dec)):
        raise ValueError(f"Pixel ({x:.1f}, {y:.1f}) has no place on the sky.")
    return ra_within(ra), dec


def _ends_on_sky(xs: NDArray[np.float64], ys: NDArray[np.float64], wcs: WCS) -> dict[str, Any]:
    """Pixels and sky of both ends, the length along the curve, the chord's position angle.

    The position angle runs from north through east, 0-180 degrees: which end came first is not known.
    """
    ra, dec = (np.asarray(part) for part in wcs.all_pix2world(xs, ys, 0))
    if not np.isfinite([ra, dec]).all():
        raise ValueError("The trail leaves the part of the image that has a place on the sky.")
    steps = zip(ra[:-1], dec[:-1], ra[1:], dec[1:], strict=True)
    east = math.radians((ra[-1] - ra[0] + 180) % 360 - 180) * math.cos(math.radians(float(dec[0] + dec[-1]) / 2))
    north = math.radians(dec[-1] - dec[0])
    return {
        "end1_x": float(xs[0]),
        "end1_y": float(ys[0]),
        "end2_x": float(xs[-1]),
        "end2_y": float(ys[-1]),
        "end1_ra_deg": ra_within(float(ra[0])),
        "end1_dec_deg": float(dec[0]),
        "end2_ra_deg": ra_within(float(ra[-1])),
        "end2_dec_deg": float(dec[-1]),
        "length_arcsec": sum(separation_arcsec(*map(float, step)) for step in steps),
        "position_angle_deg": math.degrees(math.atan2(east, north)) % 180,
    }


def trail_of(curve: Sequence[Sequence[float]], width_fwhm_px: float) -> Trail:
    """A stored curve as ``same_trail`` compares it; what a comparison does not look at is left at 0."""
    xs, ys = [point[0] for point in curve], [point[1] for point in curve]
    length = float(np.hypot(np.diff(xs), np.diff(ys)).sum())
    half = len(xs) // 2
    return Trail(
        x1=xs[0], y1=ys[0], x2=xs[-1], y2=ys[-1], middle_x=xs[half], middle_y=ys[half], length_px=length,
        sagitta_px=0.0, angle_deg=0.0, width_fwhm_px=width_fwhm_px, ridge_snr=0.0, middle_sigma_px=0.0,
        coverage=0.0, curve_x=tuple(xs), curve_y=tuple(ys),
    )  # fmt: skip
