"""Measuring candidates: from rough ends to a centre line, magnitudes and places on the sky. Rows are only added."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from astropy.wcs import WCS
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from accounts.models import Role, User
from archive.models import Exposure
from archive.renderings import exposure_pixels, exposure_wcs
from catalogue.exports import software_version
from catalogue.locating import Ends, place_of_trail
from catalogue.models import Candidate, TrailMeasurement
from sky.parallax_model import EDGE, Trace
from sky.photometry import ab_zero_point, magnitude
from sky.trail import measure_trail
from sky.trail_centre import CentreLine, trace_centre
from sky.trail_points import sky_trace

HIDDEN = 0.3
BESIDE_PX = 50
BLUEST_FOR_V = 4_000.0
"""Pivot wavelength, Angstrom: below it sunlight falls off, by magnitudes in the ultraviolet."""
MAG_PER_SHARE = 2.5 / math.log(10)
START_OF = {"consensus": "marks", "model": "model", "talk": "hand"}


@dataclass(frozen=True, slots=True)
class _Light:
    """Flux and magnitudes of a trail; None where the image is not calibrated or is no single exposure."""

    flux: float
    flux_sigma: float
    magnitude_ab: float | None = None
    magnitude_sigma: float | None = None
    surface_brightness: float | None = None


def candidate_measure(*, candidate: Candidate, by: User | None = None, ends: Ends | None = None) -> TrailMeasurement:
    """Measure a candidate's trail anew, from ``ends`` set by hand (pixels of the exposure) or where it was found.

    The new measurement is added to the earlier ones and is the one that holds.

    Raises
    ------
    ValidationError
        ``by`` is no scientist, nobody ever marked ends, the file cannot be read, or no trail can be traced there.
        Nothing was written.
    """
    if by is not None and not by.has_role(Role.SCIENTIST):
        raise ValidationError(_("Only scientists can measure."))
    exposure = candidate.exposure
    if ends and not all(_is_near(exposure, *end) for end in ends):
        raise ValidationError(_("These ends do not lie in the image. Pixels are counted from 0."))
    newest = measurement_newest(candidate)
    start = ends or _ends_of(newest or candidate)
    if start is None:
        raise ValidationError(_("Nobody has marked where this trail begins and ends. Mark both ends first."))
    try:
        pixels, wcs = exposure_pixels(exposure), exposure_wcs(exposure)
        trail = measure_trail(pixels, *start)
        line = trace_centre(pixels, trail, electrons_per_unit=_electrons_per_unit(exposure))
        values = _values(exposure, line, wcs)
    except OSError as error:
        raise ValidationError(_("The exposure's file cannot be read: %(why)s") % {"why": error}) from error
    except ValueError as error:
        message = _("No trail can be measured between these ends: %(why)s Set them by hand and try again.")
        raise ValidationError(message % {"why": error}) from error
    return TrailMeasurement.objects.create(
        candidate=candidate,
        exposure=exposure,
        by=by,
        started_from="hand" if ends else newest.started_from if newest else START_OF[candidate.source],
        software=f"Asteroid Hunter {software_version()}",
        **values,
    )


def measurement_newest(candidate: Candidate) -> TrailMeasurement | None:
    """The measurement that holds."""
    return candidate.measurements.filter(exposure=candidate.exposure_id).order_by("-id").first()


def magnitude_as_v(measurement: TrailMeasurement) -> float | None:
    """The AB magnitude, where it may stand for V: not in ultraviolet filters."""
    pivot = measurement.exposure.photplam
    return measurement.magnitude_ab if pivot and pivot >= BLUEST_FOR_V else None


def trace_of(measurement: TrailMeasurement) -> Trace:
    """The points of a measurement as the fit of the distance takes them."""
    exposure = measurement.exposure
    points = measurement.centre_line
    ra, dec, sigma, across = (np.array([point[name] for point in points]) for name in POINT[2:6])
    return Trace(
        exposure=str(measurement.pk),
        start_mjd_utc=exposure.start_mjd_utc,
        end_mjd_utc=exposure.end_mjd_utc,
        ra_deg=ra,
        dec_deg=dec,
        sigma_arcsec=sigma,
        roles=tuple(str(point["role"]) for point in points),
        across_arcsec=across,
    )


POINT = ("x", "y", "ra_deg", "dec_deg", "sigma_arcsec", "across_arcsec", "role")
"""What is kept of a point of a centre line."""


def _is_near(exposure: Exposure, x: float, y: float) -> bool:
    """Whether a place is in the image, or so little beside it that a trail may go on there."""
    return -BESIDE_PX <= x <= exposure.width + BESIDE_PX and -BESIDE_PX <= y <= exposure.height + BESIDE_PX


def _ends_of(where: TrailMeasurement | Candidate) -> Ends | None:
    x1, y1, x2, y2 = where.end1_x, where.end1_y, where.end2_x, where.end2_y
    if x1 is None or y1 is None or x2 is None or y2 is None:
        return None
    return (x1, y1), (x2, y2)


def _values(exposure: Exposure, line: CentreLine, wcs: WCS) -> dict[str, Any]:
    trace = sky_trace(
        line,
        wcs,
        exposure=str(exposure.pk),
        start_mjd_utc=exposure.start_mjd_utc,
        end_mjd_utc=exposure.end_mjd_utc,
    )
    place = place_of_trail(_as_trail(line), wcs)
    scale = exposure.pixel_scale_arcsec
    light = _light(exposure, line)
    ends = line.end_sigma_px[np.isfinite(line.end_sigma_px)]
    return {
        **{name: getattr(place, name) for name in ("end1_ra_deg", "end1_dec_deg", "end2_ra_deg", "end2_dec_deg")},
        **{name: getattr(light, name) for name in _Light.__slots__},
        "end1_x": float(line.ends[0, 0]), "end1_y": float(line.ends[0, 1]),
        "end2_x": float(line.ends[1, 0]), "end2_y": float(line.ends[1, 1]),
        "mid_ra_deg": place.ra_deg, "mid_dec_deg": place.dec_deg,
        "sigma_arcsec": scale * float(ends.max() if ends.size else 10.0),
        "covariance": _covariance(line).tolist(),
        "centre_line": _points(line, trace),
        "length_px": line.length_px, "length_arcsec": place.length_arcsec,
        "position_angle_deg": place.position_angle_deg, "sagitta_arcsec": abs(line.sagitta_px) * scale,
        "width_fwhm_px": line.width_fwhm_px, "ridge_snr": line.snr,
        "flags": _flags(exposure, line, trace),
    }  # fmt: skip


def _as_trail(line: CentreLine) -> Any:
    """The line as ``place_of_trail`` takes it: both ends and the points between, the middle half way along."""
    xy = np.vstack([line.ends[:1], line.points, line.ends[1:]])
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    even = np.linspace(0, steps[-1], 41)
    xs, ys = np.interp(even, steps, xy[:, 0]), np.interp(even, steps, xy[:, 1])
    return _Curve(tuple(xs.tolist()), tuple(ys.tolist()), float(np.median(line.across_sigma_px)), line)


class _Curve:
    """A centre line with the names of `sky.trail.Trail` that a place needs."""

    def __init__(self, xs: tuple[float, ...], ys: tuple[float, ...], sigma_px: float, line: CentreLine) -> None:
        self.curve_x, self.curve_y = xs, ys
        self.middle_x, self.middle_y = xs[len(xs) // 2], ys[len(ys) // 2]
        self.middle_sigma_px = sigma_px
        self.ridge_snr, self.width_fwhm_px = line.snr, line.width_fwhm_px


def _points(line: CentreLine, trace: Trace) -> list[dict[str, Any]]:
    pixels = np.vstack([line.points, line.ends])
    across = trace.across_arcsec if trace.across_arcsec is not None else trace.sigma_arcsec
    numbers = np.column_stack([pixels, trace.ra_deg, trace.dec_deg, trace.sigma_arcsec, across])
    rows = zip(numbers.tolist(), trace.roles, strict=True)
    return [dict(zip(POINT, [*values, role], strict=True)) for values, role in rows]


def _covariance(line: CentreLine) -> NDArray[np.float64]:
    """Of both ends' pixels: along the chord their own error, across it the line's."""
    chord = line.ends[1] - line.ends[0]
    ahead = chord / max(float(np.hypot(*chord)), 1e-9)
    aside = np.array([-ahead[1], ahead[0]])
    across = float(np.median(line.across_sigma_px)) ** 2
    out = np.zeros((4, 4))
    for index, sigma in enumerate(np.where(np.isfinite(line.end_sigma_px), line.end_sigma_px, 10.0)):
        block = slice(2 * index, 2 * index + 2)
        out[block, block] = sigma**2 * np.outer(ahead, ahead) + across * np.outer(aside, aside)
    return out


def _flags(exposure: Exposure, line: CentreLine, trace: Trace) -> list[str]:
    flags = [f"end{number}_edge" for number, role in enumerate(trace.roles[-2:], start=1) if role == EDGE]
    if line.hidden_share > HIDDEN:
        flags.append("covered")
    if exposure.combined:
        flags.append("combined")
    return flags


def _is_rate(exposure: Exposure) -> bool:
    return exposure.unit.replace(" ", "").upper().endswith(("/S", "/SEC", "S-1"))


def _electrons_per_unit(exposure: Exposure) -> float:
    return exposure.exposure_s if _is_rate(exposure) else 1.0


def _light(exposure: Exposure, line: CentreLine) -> _Light:
    """The trail's light, and magnitudes where they mean something.

    On an image made of several exposures the trail is in one of them: none then. Of a trail that the image cuts only
    part of the light is there, of part of the exposure: it has a surface brightness, but no magnitude.
    """
    zero = _zero_point(exposure)
    if zero is None or exposure.combined or line.flux <= 0:
        return _Light(line.flux, line.flux_sigma)
    per_s = line.flux / (1.0 if _is_rate(exposure) else exposure.exposure_s)
    mag = magnitude(per_s, zero)
    area = line.length_px * line.width_fwhm_px * exposure.pixel_scale_arcsec**2
    light = _Light(line.flux, line.flux_sigma, surface_brightness=mag + 2.5 * math.log10(area))
    if any(line.cut):
        return light
    return replace(light, magnitude_ab=mag, magnitude_sigma=MAG_PER_SHARE * line.flux_sigma / line.flux)


def _zero_point(exposure: Exposure) -> float | None:
    if exposure.photflam and exposure.photplam and exposure.photflam > 0 and exposure.photplam > 0:
        return ab_zero_point(exposure.photflam, exposure.photplam)
    return None
