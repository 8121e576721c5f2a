"""The validated catalogue as a table that says what it holds: units, UCDs, descriptions; written by astropy.

UCDs are of the IVOA's controlled vocabulary (UCD1+ 1.5); in FITS they stand in TUCDn, descriptions in TCOMMn.
"""

from __future__ import annotations

import io
import os
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import CooSys, Info, TimeSys
from astropy.table import MaskedColumn, Table
from django.conf import settings
from django.db.models import Prefetch
from django.utils import timezone

from catalogue.models import Candidate, CandidateSubject, Validation
from catalogue.selectors import candidates
from classify.models import Consensus
from jobs.cells import formula_safe

MJD_ZERO_JD = 2_400_000.5
ISO = "%Y-%m-%dT%H:%M:%S.%f"


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file."""

    name: str
    label: str
    suffix: str
    content_type: str


FORMATS = {
    kind.name: kind
    for kind in (
        Format("csv", "CSV", "csv", "text/csv; charset=utf-8"),
        Format("ecsv", "ECSV", "ecsv", "application/x-ecsv; charset=utf-8"),
        Format("votable", "VOTable", "vot", "application/x-votable+xml"),
        Format("fits", "FITS", "fits", "application/fits"),
    )
}


@dataclass(frozen=True)
class _Entry:
    """A candidate with what is written beside it."""

    candidate: Candidate
    decision: Validation | None
    votes: Consensus | None
    subjects: list[int]


@dataclass(frozen=True)
class _Column:
    name: str
    value: Callable[[_Entry], Any]
    kind: str
    description: str
    ucd: str
    unit: str | None = None


def _of(name: str) -> Callable[[_Entry], Any]:
    return lambda entry: getattr(entry.candidate, name)


def _exposure(name: str) -> Callable[[_Entry], Any]:
    return lambda entry: getattr(entry.candidate.exposure, name)


def _observation(name: str) -> Callable[[_Entry], Any]:
    return lambda entry: getattr(entry.candidate.exposure.observation, name)


def _votes(name: str) -> Callable[[_Entry], Any]:
    return lambda entry: getattr(entry.votes, name, None)


def _iso(name: str) -> Callable[[_Entry], Any]:
    return lambda entry: getattr(entry.candidate.exposure, name).strftime(ISO)[:-3] + "Z"


TEXT, REAL, COUNT, TRUTH, SHORT = "text", "real", "count", "truth", "short"

COLUMNS = (
    _Column("candidate_id", lambda e: str(e.candidate.pk), TEXT, "Identifier of the candidate", "meta.id;meta.main"),
    _Column("class", _of("trail_class"), TEXT, "What the team decided that it is", "src.class"),
    _Column("observation", _observation("name"), TEXT, "Dataset name in the archive", "meta.id;obs"),
    _Column("instrument", _observation("instrument"), TEXT, "Instrument", "meta.id;instr"),
    _Column("detector", _observation("detector"), TEXT, "Detector", "meta.id;instr.det"),
    _Column("chip", _exposure("chip"), SHORT, "Chip of the detector", "meta.number;instr.det"),
    _Column("filter", _exposure("filter_name"), TEXT, "Filter", "meta.id;instr.filter"),
    _Column("exposure_start_mjd", _exposure("start_mjd_utc"), REAL, "Start of the exposure, MJD UTC",
            "time.start;obs.exposure", "d"),
    _Column("exposure_end_mjd", _exposure("end_mjd_utc"), REAL, "End of the exposure, MJD UTC",
            "time.end;obs.exposure", "d"),
    _Column("exposure_start", _iso("start"), TEXT, "Start of the exposure, ISO 8601 UTC", "time.start;obs.exposure"),
    _Column("exposure_end", _iso("end"), TEXT, "End of the exposure, ISO 8601 UTC", "time.end;obs.exposure"),
    _Column("exposure_s", _exposure("exposure_s"), REAL, "Exposure time", "time.duration;obs.exposure", "s"),
    _Column("ra", _of("ra_deg"), REAL, "Right ascension of the middle of the trail, ICRS",
            "pos.eq.ra;meta.main", "deg"),
    _Column("dec", _of("dec_deg"), REAL, "Declination of the middle of the trail, ICRS",
            "pos.eq.dec;meta.main", "deg"),
    _Column("position_sigma", _of("position_sigma_arcsec"), REAL,
            "Error of the middle, from the measurement alone (the image's WCS may be off by more)",
            "stat.error;pos.eq", "arcsec"),
    _Column("position_from", _of("position_from"), TEXT,
            "fit: measured on the trail; model: the model's estimate; cutout: centre of the tile", "meta.code;pos.eq"),
    _Column("end1_ra", _of("end1_ra_deg"), REAL, "Right ascension of one end of the trail", "pos.eq.ra", "deg"),
    _Column("end1_dec", _of("end1_dec_deg"), REAL, "Declination of the same end", "pos.eq.dec", "deg"),
    _Column("end2_ra", _of("end2_ra_deg"), REAL, "Right ascension of the other end (which came first is not known)",
            "pos.eq.ra", "deg"),
    _Column("end2_dec", _of("end2_dec_deg"), REAL, "Declination of the other end", "pos.eq.dec", "deg"),
    _Column("length", _of("length_arcsec"), REAL, "Length along the trail", "phys.angSize", "arcsec"),
    _Column("position_angle", _of("position_angle_deg"), REAL,
            "Direction of the chord, from north through east, 0 to 180", "pos.posAng", "deg"),
    _Column("ridge_snr", _of("ridge_snr"), REAL, "Height of the trail over the noise of one pixel", "stat.snr"),
    _Column("x_middle", _of("mid_x"), REAL, "Column of the middle in the exposure, from 0",
            "pos.cartesian.x;instr.det", "pix"),
    _Column("y_middle", _of("mid_y"), REAL, "Row of the middle in the exposure, from 0, upwards",
            "pos.cartesian.y;instr.det", "pix"),
    _Column("p_yes", _votes("p_yes"), REAL, "Probability of a trail by the volunteers' votes, best tile",
            "stat.probability"),
    _Column("votes_yes", _votes("votes_yes"), COUNT, "Volunteers who answered yes, best tile", "meta.number"),
    _Column("votes_no", _votes("votes_no"), COUNT, "Volunteers who answered no, best tile", "meta.number"),
    _Column("votes_unsure", _votes("votes_unsure"), COUNT, "Volunteers who could not tell, best tile", "meta.number"),
    _Column("p_model", _of("p_model"), REAL, "Score of the model, best tile", "stat.probability"),
    _Column("source", _of("source"), TEXT, "Who found it first or best: consensus (volunteers) or model", "meta.code"),
    _Column("subjects", lambda e: ";".join(map(str, e.subjects)), TEXT, "Subjects that show it", "meta.id"),
    _Column("validated_by", lambda e: e.decision.by.public_name if e.decision else "", TEXT,
            "Who accepted it", "meta.curation"),
    _Column("validated_at", lambda e: f"{e.decision.created_at:%Y-%m-%dT%H:%M:%SZ}" if e.decision else "", TEXT,
            "When it was accepted, UTC", "time.processing"),
    _Column("note", lambda e: e.decision.note if e.decision else "", TEXT, "What they noted", "meta.note"),
    _Column("simulated", _observation("simulated"), TRUTH, "Whether the exposure is simulated", "meta.code"),
)  # fmt: skip


@lru_cache(maxsize=1)
def software_version() -> str:
    """The version of this software, as its project file says."""
    text = (Path(settings.BASE_DIR) / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def _entries() -> Iterator[_Entry]:
    accepted = candidates().filter(state=Candidate.State.ACCEPTED).order_by("created_at", "id")
    consensus = Prefetch("subject__consensuses", Consensus.objects.order_by("-p_yes"))
    links = Prefetch("links", CandidateSubject.objects.select_related("subject").prefetch_related(consensus))
    decisions = Prefetch("validations", Validation.objects.select_related("by").order_by("-id"))
    for candidate in accepted.prefetch_related(links, decisions).iterator(chunk_size=1000):
        votes = [row for link in candidate.links.all() for row in link.subject.consensuses.all()]
        voted = [row for row in votes if row.p_yes is not None]
        yield _Entry(
            candidate=candidate,
            decision=next(iter(candidate.validations.all()), None),
            votes=max(voted, key=lambda row: (row.p_yes, row.votes), default=None),
            subjects=sorted(link.subject_id for link in candidate.links.all()),
        )


DTYPES = {REAL: np.float64, COUNT: np.int32, SHORT: np.int16, TRUTH: np.bool_}
EMPTY = {REAL: np.nan, COUNT: -1, SHORT: -1, TRUTH: False}


def catalogue_table(*, made_by: str) -> Table:
    """The accepted candidates, oldest first, each column with unit, UCD and description; unknowns are masked."""
    rows = [[column.value(entry) for column in COLUMNS] for entry in _entries()]
    table = Table(masked=True)
    for index, column in enumerate(COLUMNS):
        values = [row[index] for row in rows]
        table.add_column(_column(column, values))
    table.meta = {
        "NAME": "Asteroid Hunter: validated trails",
        "CREATOR": made_by,
        "DATE": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SOFTWARE": f"Asteroid Hunter {software_version()}",
        "ROWS": len(table),
        "FRAME": "ICRS",
        "TIMESCAL": "UTC",
    }
    return table


def _column(column: _Column, values: list[Any]) -> MaskedColumn:
    mask = [value is None for value in values]
    if column.kind == TEXT:
        # One line each: not every reader of these formats takes a line break inside a value.
        data = np.array([" ".join((value or "").split()) for value in values], dtype=np.str_)
    else:
        filled = [EMPTY[column.kind] if value is None else value for value in values]
        data = np.array(filled, dtype=DTYPES[column.kind])
    made = MaskedColumn(data, mask=mask, name=column.name, unit=column.unit, description=column.description)
    made.meta["ucd"] = column.ucd
    return made


def catalogue_bytes(fmt: str, *, made_by: str) -> bytes:
    """The validated catalogue as the content of a file of one of ``FORMATS``."""
    table = catalogue_table(made_by=made_by)
    return {"csv": _csv, "ecsv": _ecsv, "votable": _votable, "fits": _fits}[fmt](table)


def _csv(table: Table) -> bytes:
    _change_text(table, formula_safe)
    text = io.StringIO()
    table.write(text, format="ascii.csv")
    return text.getvalue().encode()


def _change_text(table: Table, change: Callable[[str], str]) -> None:
    for name in [column.name for column in table.itercols() if column.dtype.kind == "U"]:
        table[name] = np.array([change(str(value)) for value in table[name]], dtype=np.str_).astype("U")


def _ecsv(table: Table) -> bytes:
    text = io.StringIO()
    table.write(text, format="ascii.ecsv", delimiter=",")
    return text.getvalue().encode()


def _votable(table: Table) -> bytes:
    votable = from_table(table)
    votable.description = "Trails of moving objects in images of the Hubble Space Telescope, validated by the team."
    resource = votable.resources[0]
    resource.coordinate_systems.append(CooSys(ID="icrs", system="ICRS"))
    resource.time_systems.append(
        TimeSys(
            ID="utc",
            timeorigin=MJD_ZERO_JD,
            timescale="UTC",
            refposition="UNKNOWN",
            config={"version": "1.4", "version_1_4_or_later": True},
        )
    )
    for name, value in table.meta.items():
        resource.infos.append(Info(name=name, value=str(value)))
    for described in resource.tables[0].fields:
        if described.ucd and described.ucd.startswith("pos.eq"):
            described.ref = "icrs"
        if described.name.endswith("_mjd"):
            described.ref = "utc"
    content = io.BytesIO()
    votable.to_xml(content)
    return content.getvalue()


def _fits(table: Table) -> bytes:
    # A FITS table holds ASCII only.
    _change_text(table, lambda value: value.encode("ascii", "backslashreplace").decode())
    hdu = fits.table_to_hdu(table)
    hdu.name = "CATALOGUE"
    for number, column in enumerate(COLUMNS, start=1):
        hdu.header[f"TUCD{number}"] = column.ucd
        hdu.header[f"TCOMM{number}"] = column.description
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(content, checksum=True)
    return content.getvalue()


@contextmanager
def file_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that appears under its name only when it is complete; what lay there stays until then."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
