"""The catalogue's columns: what stands in each, its unit, UCD and description.

UCDs are of the IVOA's controlled vocabulary (UCD1+ 1.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from catalogue.models import Candidate, CandidateSubject, Validation
from catalogue.selectors import candidates
from classify.models import Consensus

ISO = "%Y-%m-%dT%H:%M:%S.%f"


@dataclass(frozen=True)
class Entry:
    """A candidate with what is written beside it."""

    candidate: Candidate
    decision: Validation | None
    votes: Consensus | None
    subjects: list[int]


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


def _iso(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.candidate.exposure, name).strftime(ISO)[:-3] + "Z"


TEXT, REAL, COUNT, TRUTH, SHORT = "text", "real", "count", "truth", "short"

COLUMNS = (
    Column("candidate_id", lambda e: str(e.candidate.pk), TEXT, "Identifier of the candidate", "meta.id;meta.main"),
    Column("class", _of("trail_class"), TEXT, "What the team decided that it is", "src.class"),
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
    Column("ra", _of("ra_deg"), REAL, "Right ascension of the middle of the trail, ICRS",
            "pos.eq.ra;meta.main", "deg"),
    Column("dec", _of("dec_deg"), REAL, "Declination of the middle of the trail, ICRS",
            "pos.eq.dec;meta.main", "deg"),
    Column("position_sigma", _of("position_sigma_arcsec"), REAL,
            "Error of the middle, from the measurement alone (the image's WCS may be off by more)",
            "stat.error;pos.eq", "arcsec"),
    Column("position_from", _of("position_from"), TEXT,
            "fit: measured on the trail; model: the model's estimate; cutout: centre of the tile", "meta.code;pos.eq"),
    Column("end1_ra", _of("end1_ra_deg"), REAL, "Right ascension of one end of the trail", "pos.eq.ra", "deg"),
    Column("end1_dec", _of("end1_dec_deg"), REAL, "Declination of the same end", "pos.eq.dec", "deg"),
    Column("end2_ra", _of("end2_ra_deg"), REAL, "Right ascension of the other end (which came first is not known)",
            "pos.eq.ra", "deg"),
    Column("end2_dec", _of("end2_dec_deg"), REAL, "Declination of the other end", "pos.eq.dec", "deg"),
    Column("length", _of("length_arcsec"), REAL, "Length along the trail", "phys.angSize", "arcsec"),
    Column("position_angle", _of("position_angle_deg"), REAL,
            "Direction of the chord, from north through east, 0 to 180", "pos.posAng", "deg"),
    Column("ridge_snr", _of("ridge_snr"), REAL, "Height of the trail over the noise of one pixel", "stat.snr"),
    Column("x_middle", _of("mid_x"), REAL, "Column of the middle in the exposure, from 0",
            "pos.cartesian.x;instr.det", "pix"),
    Column("y_middle", _of("mid_y"), REAL, "Row of the middle in the exposure, from 0, upwards",
            "pos.cartesian.y;instr.det", "pix"),
    Column("p_yes", _votes("p_yes"), REAL, "Probability of a trail by the volunteers' votes, best tile",
            "stat.probability"),
    Column("votes_yes", _votes("votes_yes"), COUNT, "Volunteers who answered yes, best tile", "meta.number"),
    Column("votes_no", _votes("votes_no"), COUNT, "Volunteers who answered no, best tile", "meta.number"),
    Column("votes_unsure", _votes("votes_unsure"), COUNT, "Volunteers who could not tell, best tile", "meta.number"),
    Column("p_model", _of("p_model"), REAL, "Score of the model, best tile", "stat.probability"),
    Column("source", _of("source"), TEXT, "Who found it first or best: consensus (volunteers) or model", "meta.code"),
    Column("subjects", lambda e: ";".join(map(str, e.subjects)), TEXT, "Subjects that show it", "meta.id"),
    Column("validated_by", lambda e: e.decision.by.public_name if e.decision else "", TEXT,
            "Who accepted it", "meta.curation"),
    Column("validated_at", lambda e: f"{e.decision.created_at:%Y-%m-%dT%H:%M:%SZ}" if e.decision else "", TEXT,
            "When it was accepted, UTC", "time.processing"),
    Column("note", lambda e: e.decision.note if e.decision else "", TEXT, "What they noted", "meta.note"),
    Column("simulated", _observation("simulated"), TRUTH, "Whether the exposure is simulated", "meta.code"),
)  # fmt: skip


def entries() -> Iterator[Entry]:
    """The accepted candidates, oldest first, with what is written beside them."""
    accepted = candidates().filter(state=Candidate.State.ACCEPTED).order_by("created_at", "id")
    consensus = Prefetch("subject__consensuses", Consensus.objects.order_by("-p_yes"))
    links = Prefetch("links", CandidateSubject.objects.select_related("subject").prefetch_related(consensus))
    decisions = Prefetch("validations", Validation.objects.select_related("by").order_by("-id"))
    for candidate in accepted.prefetch_related(links, decisions).iterator(chunk_size=1000):
        votes = [row for link in candidate.links.all() for row in link.subject.consensuses.all()]
        voted = [row for row in votes if row.p_yes is not None]
        yield Entry(
            candidate=candidate,
            decision=next(iter(candidate.validations.all()), None),
            votes=max(voted, key=lambda row: (row.p_yes, row.votes), default=None),
            subjects=sorted(link.subject_id for link in candidate.links.all()),
        )
