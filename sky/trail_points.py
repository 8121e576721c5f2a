"""From a traced centre line in pixels to the points on the sky that the parallax fit takes."""

from __future__ import annotations

import math

import numpy as np
from astropy.wcs import WCS

from sky.parallax_model import EDGE, END, LINE, START, Trace
from sky.tangent import plane_about
from sky.trail_centre import CentreLine

EDGE_SIGMA_ARCSEC = 0.1
NO_WEIGHT_ARCSEC = 100.0
"""Across the trail an end says nothing that the line's own points have not said."""


def sky_trace(line: CentreLine, wcs: WCS, *, exposure: str, start_mjd_utc: float, end_mjd_utc: float) -> Trace:
    """A centre line's points, ends and errors through the full WCS, each point by itself.

    The first end is called ``start``; which it really is only the fit may tell. An end at the image's edge or
    under a star carries no time and becomes an ``edge``.
    """
    pixels = np.vstack([line.points, line.ends])
    ra, dec = (np.asarray(value, dtype=np.float64) for value in wcs.all_pix2world(pixels[:, 0], pixels[:, 1], 0))
    plane = plane_about(ra, dec)
    nearby = (
        wcs.all_pix2world(pixels[:, 0] + 1.0, pixels[:, 1], 0),
        wcs.all_pix2world(pixels[:, 0], pixels[:, 1] + 1.0, 0),
    )
    here = plane.offsets_arcsec(ra, dec)
    steps = [plane.offsets_arcsec(*place) - here for place in nearby]
    scale = np.sqrt(np.abs(steps[0][:, 0] * steps[1][:, 1] - steps[0][:, 1] * steps[1][:, 0]))
    timed = [not cut and math.isfinite(sigma) for cut, sigma in zip(line.cut, line.end_sigma_px, strict=True)]
    end_sigma = [
        scale[k] * line.end_sigma_px[k] if ok else EDGE_SIGMA_ARCSEC for k, ok in zip((-2, -1), timed, strict=True)
    ]
    across = scale[:-2] * line.across_sigma_px
    names = [role if ok else EDGE for role, ok in zip((START, END), timed, strict=True)]
    return Trace(
        exposure=exposure,
        start_mjd_utc=start_mjd_utc,
        end_mjd_utc=end_mjd_utc,
        ra_deg=ra % 360,
        dec_deg=dec,
        sigma_arcsec=np.concatenate([across, end_sigma]),
        roles=(LINE,) * len(line.points) + tuple(names),
        across_arcsec=np.concatenate([across, [NO_WEIGHT_ARCSEC, NO_WEIGHT_ARCSEC]]),
    )
