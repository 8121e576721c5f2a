"""The filters of the queue, as they stand in the address."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from catalogue.models import Candidate, Grade, TagOrigin, TrailClass
from talk.models import Tag

ALL = "all"
STATES = (*Candidate.State.values, ALL)
TEXT_MAX = 80
OPINIONS = ("two", "second", "third")
"""All that need two opinions; those that wait for a second; those where two people differ."""
WAITING = {"second": 1, "third": 2}


@dataclass(frozen=True)
class CandidateFilter:
    """What to show. Unknown values of an address are as if they were not there."""

    state: str = Candidate.State.PENDING
    source: str = ""
    trail_class: str = ""
    grade: str = ""
    tag: str = ""
    instrument: str = ""
    text: str = ""
    opinions: str = ""
    viewer: int | None = None
    """Whose queue it is, not part of the address: what they have given an opinion of waits for others."""

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> CandidateFilter:
        """Read the filters of an address."""

        def one(name: str, known: list[str] | tuple[str, ...], default: str = "") -> str:
            value = str(query.get(name) or "")
            return value if value in known else default

        return cls(
            state=one("state", STATES, Candidate.State.PENDING),
            source=one("source", Candidate.Source.values),
            trail_class=one("class", TrailClass.values),
            grade=one("grade", Grade.values),
            tag=str(query.get("tag") or "").replace("\x00", "").strip().removeprefix("#").lower()[:40],
            instrument=str(query.get("instrument") or "")[:20].replace("\x00", ""),
            text=str(query.get("q") or "").replace("\x00", "").strip()[:TEXT_MAX],
            opinions=one("opinions", OPINIONS),
        )

    def query(self, **more: object) -> str:
        """The address's query, without what is as usual; empty when there is nothing to say."""
        values = {
            "state": "" if self.state == Candidate.State.PENDING else self.state,
            "source": self.source,
            "class": self.trail_class,
            "grade": self.grade,
            "tag": self.tag,
            "instrument": self.instrument,
            "q": self.text,
            "opinions": self.opinions,
            **{name: str(value) for name, value in more.items()},
        }
        return urlencode({name: value for name, value in values.items() if value})

    def apply(self, rows: QuerySet[Candidate]) -> QuerySet[Candidate]:
        """Only the candidates that fit."""
        if self.state != ALL:
            rows = rows.filter(state=self.state)
        if self.source:
            rows = rows.filter(source=self.source)
        if self.trail_class:
            rows = rows.filter(trail_class=self.trail_class)
        if self.grade:
            rows = rows.filter(grade=self.grade)
        if self.tag:
            named = Tag.objects.filter(Q(name=self.tag) | Q(merged_into__name=self.tag) | Q(variants__name=self.tag))
            rows = rows.filter(pk__in=TagOrigin.objects.filter(tag__in=named.values("pk")).values("candidate"))
        if self.instrument:
            rows = rows.filter(exposure__observation__instrument=self.instrument)
        if self.opinions:
            rows = rows.filter(verdicts_needed=2)
        if self.opinions in WAITING:
            rows = rows.filter(state=Candidate.State.PENDING, opinions_by__len=WAITING[self.opinions])
        if self.viewer is not None and self.state == Candidate.State.PENDING:
            rows = rows.exclude(opinions_by__contains=[self.viewer])
        return rows.filter(_about(self.text)) if self.text else rows


def _about(text: str) -> Q:
    """A subject (S12), or: name of the observation or target; the first digits of a candidate's id."""
    if subject := re.fullmatch(r"[sS](\d{1,18})", text):
        # A subquery, so that a candidate with several subjects does not come several times.
        return Q(pk__in=Candidate.objects.filter(links__subject=int(subject[1])).values("pk"))
    found = Q(exposure__observation__name__icontains=text) | Q(exposure__observation__target__icontains=text)
    digits = text.lower().replace("-", "")
    if re.fullmatch(r"[0-9a-f]{6,32}", digits):
        found |= Q(pk__gte=uuid.UUID(digits.ljust(32, "0")), pk__lte=uuid.UUID(digits.ljust(32, "f")))
    return found
