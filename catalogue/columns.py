"""The catalogue's columns: what stands in each, its unit, UCD and description.

UCDs are of the IVOA's controlled vocabulary (UCD1+ 1.5).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import F, Prefetch

from catalogue.from_talk import origins_first
from catalogue.models import (
    Candidate,
    CandidateSubject,
    DistanceFit,
    ObjectCheck,
    ObjectMatch,
    TrailMeasurement,
    Validation,
)
from catalogue.selectors import candidates
from classify.models import Consensus

Row = TypeVar("Row")
ISO = "%Y-%m-%dT%H:%M:%S.%f"


@dataclass(frozen=True)
class Entry:
    """A candidate with what is written beside it."""

    candidate: Candidate
    decision: Validation | None
    votes: Consensus | None
    subjects: list[int]
    measurement: TrailMeasurement | None = None
    match: ObjectMatch | None = None
    check: ObjectCheck | None = None
    distance: DistanceFit | None = None
    is_open: bool = False
    """Whether known objects were found near it that nobody has accepted or rejected."""


@dataclass(frozen=True)
class Column:
    name: str
    value: Callable[[Entry], Any]
    kind: str
    description: str
    ucd: str
    unit: str | None = None


def _of(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.candidate, name)


def _exposure(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.candidate.exposure, name)


def _observation(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.candidate.exposure.observation, name)


def _votes(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.votes, name, None)


def _measured(name: str, before: str = "") -> Callable[[Entry], Any]:
    """Of the newest measurement; of the candidate (under ``before`` or the same name), as it was found, without one."""
    return lambda entry: (
        getattr(entry.measurement, name) if entry.measurement else getattr(entry.candidate, before or name, None)
    )


def _middle_sigma(entry: Entry) -> float:
    """Of a measured trail the middle is the mean of two ends."""
    measured = entry.measurement
    return measured.sigma_arcsec / math.sqrt(2) if measured else entry.candidate.position_sigma_arcsec


def _position_from(entry: Entry) -> str:
    return Candidate.Position.FIT.value if entry.measurement else entry.candidate.position_from


def _match(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.match, name, None)


def _distance(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.distance, name, None)


def _known(entry: Entry) -> str:
    if entry.match:
        return "known"
    return "unidentified" if entry.check and not entry.is_open else "unchecked"


def _origin(name: str) -> Callable[[Entry], Any]:
    """Of the first tag that the candidate was taken over from."""
    return lambda entry: getattr(next(iter(entry.candidate.tag_origins.all()), None), name, None)


def _iso(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.candidate.exposure, name).strftime(ISO)[:-3] + "Z"


TEXT, REAL, COUNT, TRUTH, SHORT = "text", "real", "count", "truth", "short"

COLUMNS = (
    Column("candidate_id", lambda e: str(e.candidate.pk), TEXT, "Identifier of the candidate", "meta.id;meta.main"),
    Column("class", _of("trail_class"), TEXT, "What the team decided that it is", "src.class"),
    Column("grade", _of("grade"), TEXT, "How sure the team is: A sure, B probable, C possible; empty: no grade",
            "meta.code.qual"),
    Column("observation", _observation("name"), TEXT, "Dataset name in the archive", "meta.id;obs"),
    Column("instrument", _observation("instrument"), TEXT, "Instrument", "meta.id;instr"),
    Column("detector", _observation("detector"), TEXT, "Detector", "meta.id;instr.det"),
    Column("chip", _exposure("chip"), SHORT, "Chip of the detector", "meta.number;instr.det"),
    Column("filter", _exposure("filter_name"), TEXT, "Filter", "meta.id;instr.filter"),
    Column("exposure_start_mjd", _exposure("start_mjd_utc"), REAL, "Start of the exposure, MJD UTC",
            "time.start;obs.exposure", "d"),
    Column("exposure_end_mjd", _exposure("end_mjd_utc"), REAL, "End of the exposure, MJD UTC",
            "time.end;obs.exposure", "d"),
    Column("exposure_start", _iso("start"), TEXT, "Start of the exposure, ISO 8601 UTC", "time.start;obs.exposure"),
    Column("exposure_end", _iso("end"), TEXT, "End of the exposure, ISO 8601 UTC", "time.end;obs.exposure"),
    Column("exposure_s", _exposure("exposure_s"), REAL, "Exposure time", "time.duration;obs.exposure", "s"),
    Column("ra", _measured("mid_ra_deg", "ra_deg"), REAL, "Right ascension of the middle of the trail, ICRS",
            "pos.eq.ra;meta.main", "deg"),
    Column("dec", _measured("mid_dec_deg", "dec_deg"), REAL, "Declination of the middle of the trail, ICRS",
            "pos.eq.dec;meta.main", "deg"),
    Column("position_sigma", _middle_sigma, REAL,
            "Error of the middle, from the measurement alone (the image's WCS may be off by more)",
            "stat.error;pos.eq", "arcsec"),
    Column("position_from", _position_from, TEXT,
            "fit: measured on the trail; model: the model's estimate; cutout: centre of the tile", "meta.code;pos.eq"),
    Column("end1_ra", _measured("end1_ra_deg"), REAL, "Right ascension of one end of the trail", "pos.eq.ra", "deg"),
    Column("end1_dec", _measured("end1_dec_deg"), REAL, "Declination of the same end", "pos.eq.dec", "deg"),
    Column("end2_ra", _measured("end2_ra_deg"), REAL, "Right ascension of the other end (which was first is not known)",
            "pos.eq.ra", "deg"),
    Column("end2_dec", _measured("end2_dec_deg"), REAL, "Declination of the other end", "pos.eq.dec", "deg"),
    Column("length", _measured("length_arcsec"), REAL, "Length along the trail", "phys.angSize", "arcsec"),
    Column("position_angle", _measured("position_angle_deg"), REAL,
            "Direction of the chord, from north through east, 0 to 180", "pos.posAng", "deg"),
    Column("ridge_snr", _measured("ridge_snr"), REAL, "Height of the trail over the noise of one pixel", "stat.snr"),
    Column("x_middle", _of("mid_x"), REAL, "Column of the middle in the exposure, from 0, as it was found",
            "pos.cartesian.x;instr.det", "pix"),
    Column("y_middle", _of("mid_y"), REAL, "Row of the middle in the exposure, from 0, upwards, as it was found",
            "pos.cartesian.y;instr.det", "pix"),
    Column("p_yes", _votes("p_yes"), REAL, "Probability of a trail by the volunteers' votes, best tile",
            "stat.probability"),
    Column("votes_yes", _votes("votes_yes"), COUNT, "Volunteers who answered yes, best tile", "meta.number"),
    Column("votes_no", _votes("votes_no"), COUNT, "Volunteers who answered no, best tile", "meta.number"),
    Column("votes_unsure", _votes("votes_unsure"), COUNT, "Volunteers who could not tell, best tile", "meta.number"),
    Column("p_model", _of("p_model"), REAL, "Score of the model, best tile", "stat.probability"),
    Column("source", _of("source"), TEXT,
            "Who found it first or best: consensus (volunteers), model, or talk (hashtags)", "meta.code"),
    Column("tag", _origin("tag_name"), TEXT, "Hashtag in Talk that it was taken over from", "meta.id"),
    Column("taggers", _origin("people_count"), COUNT, "People who had given the subject that tag", "meta.number"),
    Column("subjects", lambda e: ";".join(map(str, e.subjects)), TEXT, "Subjects that show it", "meta.id"),
    Column("validated_by", lambda e: e.decision.by.public_name if e.decision else "", TEXT,
            "Who accepted it", "meta.curation"),
    Column("validated_at", lambda e: f"{e.decision.created_at:%Y-%m-%dT%H:%M:%SZ}" if e.decision else "", TEXT,
            "When it was accepted, UTC", "time.processing"),
    Column("note", lambda e: e.decision.note if e.decision else "", TEXT, "What they noted", "meta.note"),
    Column("width", _measured("width_fwhm_px"), REAL, "Full width of the trail at half its height",
            "phys.angSize", "pix"),
    Column("sagitta", _measured("sagitta_arcsec"), REAL, "How far the trail's middle lies off its chord",
            "phys.angSize", "arcsec"),
    Column("mag", _measured("magnitude_ab"), REAL, "AB magnitude in the filter; none where the image cuts the trail",
            "phot.mag", "mag"),
    Column("mag_error", _measured("magnitude_sigma"), REAL, "Error of the magnitude", "stat.error;phot.mag", "mag"),
    Column("surface_brightness", _measured("surface_brightness"), REAL, "AB magnitude of a square arcsecond",
            "phot.mag.sb", "mag / arcsec2"),
    Column("identification", _known, TEXT,
            "known: a known object; unidentified: none of the orbit catalogue; unchecked: nobody has looked or decided",
            "meta.code"),
    Column("designation", _match("designation"), TEXT, "The known object that a person accepted", "meta.id;src"),
    Column("v_predicted", _match("v_mag"), REAL, "Its V magnitude as predicted", "phot.mag;em.opt.V", "mag"),
    Column("orbit_catalogue", lambda e: e.check.catalogue if e.check else "", TEXT,
            "The catalogue of orbits that it was held against", "meta.bib"),
    Column("distance", _distance("distance_au"), REAL, "Distance from HST by the trail's parallax",
            "pos.distance", "AU"),
    Column("distance_low", _distance("distance_low_au"), REAL, "Lower end of its 68 % interval",
            "pos.distance;stat.min", "AU"),
    Column("distance_high", _distance("distance_high_au"), REAL, "Upper end of its 68 % interval",
            "pos.distance;stat.max", "AU"),
    Column("parallax", _distance("parallax_per_au"), REAL, "1/distance", "pos.parallax", "1 / AU"),
    Column("parallax_error", _distance("parallax_sigma"), REAL, "Its error", "stat.error;pos.parallax", "1 / AU"),
    Column("direction", _distance("direction"), TEXT, "as_given: end 1 was first; reversed; mixed; open",
            "meta.code"),
    Column("r_sun", _distance("r_au"), REAL, "Distance from the Sun", "pos.distance;pos.heliocentric", "AU"),
    Column("phase_angle", _distance("phase_deg"), REAL, "Angle Sun - object - observer", "pos.phaseAng", "deg"),
    Column("ecl_lat", _distance("ecliptic_latitude_deg"), REAL, "Heliocentric ecliptic latitude", "pos.ecliptic.lat",
            "deg"),
    Column("h_mag", _distance("h_mag"), REAL, "Absolute magnitude H (HG system, G = 0.15)", "phys.magAbs", "mag"),
    Column("h_mag_error", _distance("h_sigma"), REAL, "Its error", "stat.error;phys.magAbs", "mag"),
    Column("diameter_p05", _distance("diameter_05_km"), REAL, "Diameter for an albedo of 0.05", "phys.size.diameter",
            "km"),
    Column("diameter_p15", _distance("diameter_15_km"), REAL, "Diameter for an albedo of 0.15", "phys.size.diameter",
            "km"),
    Column("diameter_p25", _distance("diameter_25_km"), REAL, "Diameter for an albedo of 0.25", "phys.size.diameter",
            "km"),
    Column("min_a", _distance("least_a_au"), REAL, "Least semi-major axis that its motion allows",
            "phys.size.smajAxis;stat.min", "AU"),
    Column("min_e", _distance("least_e"), REAL, "Least eccentricity", "src.orbital.eccentricity;stat.min"),
    Column("min_i", _distance("least_i_deg"), REAL, "Least inclination", "src.orbital.inclination;stat.min", "deg"),
    Column("max_i", _distance("most_i_deg"), REAL, "Greatest inclination", "src.orbital.inclination;stat.max", "deg"),
    Column("simulated", _observation("simulated"), TRUTH, "Whether the exposure is simulated", "meta.code"),
)  # fmt: skip


def entries() -> Iterator[Entry]:
    """The accepted candidates, oldest first, with what is written beside them."""
    accepted = candidates().filter(state=Candidate.State.ACCEPTED).order_by("created_at", "id")
    consensus = Prefetch("subject__consensuses", Consensus.objects.order_by("-p_yes"))
    links = Prefetch("links", CandidateSubject.objects.select_related("subject").prefetch_related(consensus))
    decisions = Prefetch("validations", Validation.objects.select_related("by").order_by("-id"))
    for candidate in accepted.prefetch_related(links, decisions, origins_first(), *_science()).iterator(
        chunk_size=1000
    ):
        votes = [row for link in candidate.links.all() for row in link.subject.consensuses.all()]
        voted = [row for row in votes if row.p_yes is not None]
        yield Entry(
            candidate=candidate,
            decision=_newest(row for row in candidate.validations.all() if _says_so(row, candidate)),
            votes=max(voted, key=lambda row: (row.p_yes, row.votes), default=None),
            subjects=sorted(link.subject_id for link in candidate.links.all()),
            measurement=_newest(candidate.measurements.all()),
            match=_newest(row for row in candidate.matches.all() if row.state == ObjectMatch.State.ACCEPTED),
            is_open=any(row.state == ObjectMatch.State.PROPOSED for row in candidate.matches.all()),
            check=_newest(candidate.object_checks.all()),
            distance=_newest(candidate.distance_fits.all()),
        )


def _science() -> list[Prefetch[Any]]:
    """What was measured, the newest first, and the known objects that it is or may be."""
    measured = TrailMeasurement.objects.filter(exposure=F("candidate__exposure")).defer("centre_line", "covariance")
    return [
        Prefetch("measurements", measured.order_by("-id")),
        Prefetch("matches", ObjectMatch.objects.exclude(state=ObjectMatch.State.REJECTED)),
        Prefetch("object_checks", ObjectCheck.objects.order_by("-id")),
        Prefetch("distance_fits", DistanceFit.objects.defer("details").order_by("-id")),
    ]


def _says_so(row: Validation, candidate: Candidate) -> bool:
    """Whether a decision is what holds: of several opinions the newest need not be."""
    return row.verdict == Validation.Verdict.ACCEPT and row.trail_class == candidate.trail_class


def _newest(rows: Iterable[Row]) -> Row | None:
    return next(iter(rows), None)
