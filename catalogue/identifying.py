"""Which known object a candidate may be, by the orbit catalogue of this installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Role, User
from archive.hubble import hubble_orbits
from archive.orbits import ExposureSpan, catalogue_current, crossings_of
from catalogue.measuring import magnitude_as_v, measurement_newest
from catalogue.models import Candidate, ObjectCheck, ObjectMatch, TrailMeasurement
from sky.known import CONE_ARCSEC, Crossings
from sky.known_store import Catalogue, CatalogueFault
from sky.match import FORWARD, Match, Thresholds, Trail, matches
from sky.tangent import plane_about
from sky.wcs import separation_arcsec

MOST_KEPT = 20
STALE_DAYS = 400
"""An orbit catalogue older than this lacks thousands of objects that were found since."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found near a trail, and with what."""

    found: list[Match]
    near: Crossings
    observer: str
    catalogue: Catalogue


def candidate_identify(*, candidate: Candidate, by: User | None = None) -> ObjectCheck:
    """Hold a candidate against the known objects. What people decided of an object stays; proposals are made anew.

    Raises
    ------
    ValidationError
        ``by`` is no scientist, the trail's ends are not known, or there is no orbit catalogue for the time of the
        exposure. Nothing was written.
    """
    if by is not None and not by.has_role(Role.SCIENTIST):
        raise ValidationError(_("Only scientists can identify objects."))
    trail = _trail(candidate)
    try:
        looked = _looked(candidate, trail)
    except CatalogueFault as error:
        raise ValidationError(_("The known objects cannot be looked at: %(why)s") % {"why": error}) from error
    name = f"{looked.catalogue.manifest.source} {looked.catalogue.manifest.as_of}"[:120]
    with transaction.atomic():
        Candidate.objects.select_for_update(no_key=True).get(pk=candidate.pk)
        check = ObjectCheck.objects.create(
            candidate=candidate,
            catalogue=name,
            orbits_count=looked.catalogue.manifest.objects,
            observer=looked.observer[:60],
            radius_arcsec=Thresholds().possible,
            found_count=len(looked.found),
        )
        candidate.matches.filter(state=ObjectMatch.State.PROPOSED).delete()
        decided = set(candidate.matches.values_list("designation", flat=True))
        ObjectMatch.objects.bulk_create(
            _row(candidate, name, rank, match, looked.near)
            for rank, match in enumerate(looked.found[:MOST_KEPT], start=1)
            if match.designation not in decided
        )
    return check


def catalogue_is_stale(check: ObjectCheck) -> bool:
    """Whether the catalogue of a check is so old that an unidentified object may well be known by now."""
    try:
        as_of = date.fromisoformat(check.catalogue.rsplit(" ", 1)[-1])
    except ValueError:
        return False
    return (check.created_at.date() - as_of).days > STALE_DAYS


def _trail(candidate: Candidate) -> Trail:
    measurement = measurement_newest(candidate)
    where: TrailMeasurement | Candidate = measurement or candidate
    ends = (where.end1_ra_deg, where.end1_dec_deg, where.end2_ra_deg, where.end2_dec_deg)
    if any(value is None for value in ends):
        raise ValidationError(_("Nobody has marked where this trail begins and ends. Measure it first."))
    ra1, dec1, ra2, dec2 = (float(value) for value in ends if value is not None)
    flags = measurement.flags if measurement else []
    brightness = magnitude_as_v(measurement) if measurement else None
    # In one of the exposures that an image is made of the object was somewhere on its way, as if both ends were cut.
    cut = [candidate.exposure.combined or f"end{number}_edge" in flags for number in (1, 2)]
    return Trail(ra1, dec1, ra2, dec2, brightness, *cut)


def _looked(candidate: Candidate, trail: Trail) -> _Looked:
    exposure, catalogue = candidate.exposure, catalogue_current()
    plane = plane_about([trail.ra1_deg, trail.ra2_deg], [trail.dec1_deg, trail.dec2_deg])
    half = separation_arcsec(plane.ra_deg, plane.dec_deg, trail.ra1_deg, trail.dec1_deg)
    span = ExposureSpan(str(exposure), exposure.start_mjd_utc, exposure.end_mjd_utc, plane.ra_deg, plane.dec_deg, half)
    near, orbit = crossings_of(catalogue, span, hubble_orbits(), cone_arcsec=CONE_ARCSEC)
    error_km = float(max(orbit.error_km([span.start_mjd_utc, span.end_mjd_utc])))
    found = matches(trail, near, exposure_s=span.exposure_s, observer_error_km=error_km)
    return _Looked(found, near, f"{orbit.source} (± {error_km:.1f} km)", catalogue)


def _row(candidate: Candidate, catalogue: str, rank: int, match: Match, near: Crossings) -> ObjectMatch:
    start, index = near.start, match.index
    return ObjectMatch(
        candidate=candidate,
        designation=match.designation[:40],
        catalogue=catalogue,
        rank=rank,
        reversed=match.direction != FORWARD,
        separation_arcsec=match.separation_arcsec,
        along_arcsec=0.5 * (match.along_start + match.along_end),
        cross_arcsec=0.5 * (match.across_start + match.across_end),
        angle_deg=match.angle_deg,
        length_ratio=match.length_ratio,
        v_mag=match.v_mag,
        magnitude_difference=match.v_residual,
        rate_arcsec_h=match.rate_arcsec_h,
        uncertainty_arcsec=match.spread_arcsec,
        delta_au=float(start.delta_au[index]),
        r_au=float(start.r_au[index]),
        phase_deg=float(start.phase_deg[index]),
        within_limits=match.accepted,
    )
