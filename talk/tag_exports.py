"""The images with a tag as a table with positions, in pieces: memory does not grow with their number.

UCDs are of the IVOA's controlled vocabulary (UCD1+ 1.5).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from django.urls import reverse
from django.utils import timezone

from jobs.cells import formula_safe
from talk.models import Tag, TaggedSubject
from talk.tag_filters import TagFilter

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file."""

    suffix: str
    content_type: str
    write: Callable[[Tag, str, Iterator[list[list[Any]]]], Iterator[str]]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    value: Callable[[TaggedSubject], Any]
    datatype: str
    ucd: str
    description: str
    unit: str = ""


def _cutout(name: str) -> Callable[[TaggedSubject], Any]:
    return lambda row: getattr(row.subject.cutout, name, None)


def _exposure(row: TaggedSubject) -> str:
    return str(row.subject.cutout.exposure) if row.subject.cutout else ""


def _observation(row: TaggedSubject) -> str:
    return row.subject.cutout.exposure.observation.name if row.subject.cutout else ""


COLUMNS = (
    _Column("subject", lambda row: row.subject_id, "long", "meta.id;meta.main", "Number of the subject"),
    _Column("ra", _cutout("ra_deg"), "double", "pos.eq.ra;meta.main", "Right ascension of its middle, ICRS", "deg"),
    _Column("dec", _cutout("dec_deg"), "double", "pos.eq.dec;meta.main", "Declination of its middle, ICRS", "deg"),
    _Column("observation", _observation, "char", "meta.id;obs", "Dataset name in the archive"),
    _Column("exposure", _exposure, "char", "meta.id;obs.exposure", "Observation and extension of the exposure"),
    _Column("x0", _cutout("x0"), "int", "pos.cartesian.x;instr.det", "First column of the cutout, from 0", "pix"),
    _Column("y0", _cutout("y0"), "int", "pos.cartesian.y;instr.det", "First row of the cutout, from 0", "pix"),
    _Column("taggers", lambda row: row.people_count, "int", "meta.number", "People who gave it the tag"),
    _Column("comments", lambda row: row.uses_count, "int", "meta.number", "Comments with the tag"),
    _Column("last_tagged", lambda row: f"{row.last_comment.created_at:%Y-%m-%dT%H:%M:%SZ}", "char", "time.processing",
            "When it was tagged last, ISO 8601 UTC"),
    _Column("talk", lambda row: reverse("talk:subject", args=[row.subject_id]), "char", "meta.ref.url",
            "Where it is talked of, on this site"),
)  # fmt: skip


def tag_subjects_file(tag: Tag, filters: TagFilter, *, fmt: str, address: str) -> Iterator[str]:
    """The file in pieces. ``address`` is the page it was taken from; the subjects are in order of their tagging."""
    return FORMATS[fmt].write(tag, address, _pages(tag, filters))


def _pages(tag: Tag, filters: TagFilter) -> Iterator[list[list[Any]]]:
    last = 0
    rows = filters.subjects(tag).select_related("subject__cutout__exposure__observation", "last_comment")
    rows = rows.defer("subject__cutout__exposure__wcs", "last_comment__body").order_by("subject_id")
    while True:
        found = list(rows.filter(subject_id__gt=last)[:PAGE])
        if not found:
            return
        yield [[column.value(row) for column in COLUMNS] for row in found]
        last = found[-1].subject_id


def _csv(tag: Tag, address: str, pages: Iterator[list[list[Any]]]) -> Iterator[str]:
    yield _lines([[column.name for column in COLUMNS]])
    for page in pages:
        yield _lines([[formula_safe(cell) if isinstance(cell, str) else cell for cell in row] for row in page])


def _lines(rows: list[list[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _votable(tag: Tag, address: str, pages: Iterator[list[list[Any]]]) -> Iterator[str]:
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE type="results">\n'
        '<COOSYS ID="icrs" system="ICRS"/>\n'
        f'<TABLE name="tagged"><DESCRIPTION>Subjects with the hashtag #{escape(tag.name)} in Talk</DESCRIPTION>\n'
        f'<PARAM name="source" datatype="char" arraysize="*" value={quoteattr(address)}/>\n'
        f'<PARAM name="made" datatype="char" arraysize="*" value="{timezone.now():%Y-%m-%dT%H:%M:%SZ}"/>\n'
    )
    yield "".join(_field(column) for column in COLUMNS)
    yield "<DATA><TABLEDATA>\n"
    for page in pages:
        yield "".join(f"<TR>{''.join(_cell(value) for value in row)}</TR>\n" for row in page)
    yield "</TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


def _field(column: _Column) -> str:
    more = ' arraysize="*"' if column.datatype == "char" else ""
    more += f' unit="{column.unit}"' if column.unit else ""
    more += ' ref="icrs"' if column.ucd.startswith("pos.eq") else ""
    head = f'<FIELD name="{column.name}" datatype="{column.datatype}" ucd="{column.ucd}"{more}>'
    return f"{head}<DESCRIPTION>{column.description}</DESCRIPTION></FIELD>\n"


def _cell(value: Any) -> str:
    return "<TD/>" if value is None else f"<TD>{escape(str(value))}</TD>"


FORMATS = {
    "csv": Format("csv", "text/csv; charset=utf-8", _csv),
    "votable": Format("vot", "application/x-votable+xml; charset=utf-8", _votable),
}
