"""Distances of candidates by the parallax of their trails, and what follows: H, size, bounds on the orbit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from accounts.models import Role, User
from archive.hubble import hubble_orbit
from catalogue.exports import software_version
from catalogue.measuring import magnitude_as_v, measurement_newest, trace_of
from catalogue.models import Candidate, DistanceFit, TrailMeasurement
from sky import parallax, phase
from sky.motion_distance import distance_if_main_belt
from sky.observer import HubbleOrbit, Unknown

VISIT_DAYS = 0.5
"""Exposures further apart are no visit: an object does not move straight for longer."""


def candidate_fit_distance(
    *, candidate: Candidate, by: User | None = None, together: Sequence[Candidate] = ()
) -> DistanceFit:
    """Fit the distance of a candidate, jointly with the same object's trails in other exposures of its visit.

    Each candidate's newest measurement is taken. The fit is added to the earlier ones and is the one that holds.

    Raises
    ------
    ValidationError
        ``by`` is no scientist, a trail is not measured or is in an image of several exposures, HST's position at the
        time is not known, the exposures are no visit, or the points say nothing of a distance. Nothing was written.
    """
    if by is not None and not by.has_role(Role.SCIENTIST):
        raise ValidationError(_("Only scientists can fit a distance."))
    measured = [_measured(one) for one in (candidate, *together)]
    orbit = _orbit(measured)

    def observer(mjd_utc: NDArray[np.float64]) -> NDArray[np.float64]:
        return orbit.position_km(mjd_utc)

    try:
        fit = parallax.fit_distance([trace_of(one) for one in measured], observer)
    except ValueError as error:
        raise ValidationError(_("No distance can be fitted: %(why)s.") % {"why": error}) from error
    with transaction.atomic():
        made = DistanceFit.objects.create(
            candidate=candidate,
            by=by,
            software=f"Asteroid Hunter {software_version()}",
            observer=f"{orbit.source} (± {float(orbit.error_km(fit.epoch_mjd_utc)[0]):.1f} km)"[:60],
            **_values(fit),
            **_what_follows(fit, measured[0]),
        )
        made.measurements.set(measured)
    return made


def distance_newest(candidate: Candidate) -> DistanceFit | None:
    """The fit that holds."""
    return candidate.distance_fits.order_by("-id").first()


def _measured(candidate: Candidate) -> TrailMeasurement:
    found = measurement_newest(candidate)
    if found is None:
        raise ValidationError(_("Measure the trail first."))
    if found.exposure.combined:
        raise ValidationError(_("This image is made of several exposures, so nobody knows when the trail was drawn."))
    return found


def _orbit(measured: Sequence[TrailMeasurement]) -> HubbleOrbit:
    starts = [one.exposure.start_mjd_utc for one in measured]
    if max(starts) - min(starts) > VISIT_DAYS:
        raise ValidationError(_("These exposures are more than half a day apart: they are not of one visit."))
    orbit = hubble_orbit([*starts, *(one.exposure.end_mjd_utc for one in measured)])
    if isinstance(orbit, Unknown):
        raise ValidationError(
            _(
                "Nobody knows where Hubble was at this time, so the trail's shape tells no distance. "
                "Put two-line elements or state vectors for this day into the data folder's “hubble”."
            )
        )
    return orbit


def _values(fit: parallax.DistanceFit) -> dict[str, Any]:
    low, high = fit.interval_au or (None, None)
    belt = distance_if_main_belt(fit)
    kept = fit.as_dict()
    return {
        "parallax_per_au": fit.parallax,
        "parallax_sigma": fit.parallax_sigma,
        "distance_au": fit.distance_au,
        "distance_low_au": low,
        "distance_high_au": high,
        "at_least_au": fit.at_least_au,
        "main_belt_au": belt.distance_au if belt else None,
        "direction": fit.direction,
        "delta_chi2": min(fit.delta_chi2, 1e9),
        "chi2": fit.chi2,
        "degrees_of_freedom": fit.degrees_of_freedom,
        "motion_east_arcsec_h": fit.motion_arcsec_h[0],
        "motion_north_arcsec_h": fit.motion_arcsec_h[1],
        "details": _finite({name: kept[name] for name in ("parameters", "covariance", "rejected", "reversed")}),
        "flags": list(fit.flags),
    }


def _what_follows(fit: parallax.DistanceFit, measured: TrailMeasurement) -> dict[str, Any]:
    """Geometry, H, sizes and bounds; nothing where no distance was found."""
    if fit.distance_au is None:
        return {}
    ra, dec = fit.place_deg
    place = phase.geometry(
        mjd_utc=fit.epoch_mjd_utc,
        ra_deg=ra,
        dec_deg=dec,
        distance_au=fit.distance_au,
        motion_arcsec_h=fit.motion_arcsec_h,
    )
    bounds = phase.orbit_bounds(place)
    found: dict[str, Any] = {
        "r_au": place.sun_au,
        "phase_deg": place.phase_deg,
        "ecliptic_latitude_deg": place.ecliptic_latitude_deg,
    }
    if bounds is not None:
        found |= {"least_a_au": bounds.min_a_au, "least_e": bounds.min_e}
        found |= {"least_i_deg": bounds.min_i_deg, "most_i_deg": bounds.max_i_deg}
    return found | _size(fit, place, measured)


def _size(fit: parallax.DistanceFit, place: phase.Geometry, measured: TrailMeasurement) -> dict[str, Any]:
    """H and sizes, with the AB magnitude of the filter taken for V: the colour is part of H's error."""
    v_mag = magnitude_as_v(measured)
    if v_mag is None or measured.magnitude_sigma is None or fit.distance_au is None:
        return {}
    h = phase.absolute_magnitude(v_mag, sun_au=place.sun_au, earth_au=place.earth_au, phase_deg=place.phase_deg)
    sigma = phase.h_sigma(
        measured.magnitude_sigma,
        distance_au=fit.distance_au,
        distance_sigma_au=fit.parallax_sigma * fit.distance_au**2,
        sun_au=place.sun_au,
    )
    sizes = {f"diameter_{round(100 * albedo):02d}_km": size for albedo, size in phase.diameters_km(h).items()}
    return {"h_mag": h, "h_sigma": sigma} | sizes


def _finite(value: Any) -> Any:
    """JSON knows no infinity."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
