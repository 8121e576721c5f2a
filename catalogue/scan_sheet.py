"""The contact sheet of a scan: cutouts by what the model says of them. Every page is found by key, none by number."""

from __future__ import annotations

import contextlib
import heapq
import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from archive.models import Cutout, Exposure
from catalogue.models import Candidate, CandidateSubject
from catalogue.scan import FIELDS
from classify.models import Subject
from classify.teaching import training_cutouts
from jobs.paging import beyond, keyset_page
from ml.labels import labels_that_count
from ml.models import Model, Score, TrainingLabel
from ml.scores import UNLIKELY

SHEET_SIZE = 48
MIDDLE = 0.5
"""What stands for a threshold where a model has none: for satellites and arcs."""
FEW_EXPOSURES = 1000
"""Up to so many are named to the database one by one: it must not walk through all scores for the few that fit."""
BEST, NEAR, LOW = "best", "near", "low"
ORDERS: dict[str, Promise] = {
    BEST: _("highest first"),
    NEAR: _("nearest to the threshold"),
    LOW: _("random low scores"),
}
CLASSES: dict[str, Promise] = {"asteroid": _("asteroid"), "satellite": _("satellite"), "arc": _("lens or arc")}


@dataclass(frozen=True, slots=True)
class ScanFilter:
    """What the sheet shows, as it stands in the address. Unknown values are as if they were not there.

    ``low`` is inside the range of scores, ``high`` outside, unless it is 1.
    """

    kind: str = "asteroid"
    order: str = BEST
    instrument: str = ""
    filter_name: str = ""
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> ScanFilter:
        """Read the filters of an address."""

        def one(name: str, known: Iterable[str], default: str) -> str:
            value = str(query.get(name) or "")
            return value if value in known else default

        def text(name: str) -> str:
            return str(query.get(name) or "")[:20].replace("\x00", "")

        return cls(
            kind=one("class", CLASSES, "asteroid"),
            order=one("order", ORDERS, BEST),
            instrument=text("instrument"),
            filter_name=text("filter"),
            low=_probability(query.get("min"), 0.0),
            high=_probability(query.get("max"), 1.0),
        )

    @property
    def narrow(self) -> bool:
        """Whether more than class and order is chosen."""
        return bool(self.instrument or self.filter_name or self.low > 0 or self.high < 1)

    def query(self, **more: object) -> str:
        """The address's query, without what is as usual; empty when there is nothing to say."""
        values = {
            "class": "" if self.kind == "asteroid" else self.kind,
            "order": "" if self.order == BEST else self.order,
            "instrument": self.instrument,
            "filter": self.filter_name,
            "min": f"{self.low:g}" if self.low > 0 else "",
            "max": f"{self.high:g}" if self.high < 1 else "",
            **{name: str(value) for name, value in more.items()},
        }
        return urlencode({name: value for name, value in values.items() if value})

    def apply(self, model: Model) -> QuerySet[Score]:
        """The scores of a model that fit, in no order; without training images, which would come first."""
        field = FIELDS[self.kind]
        rows = Score.objects.filter(model=model)
        if training := training_cutouts():  # named, not joined: the planner keeps to the index of the order
            rows = rows.exclude(cutout__in=training)
        if self.kind == "arc":
            rows = rows.filter(p_arc__isnull=False)
        if self.low > 0:
            rows = rows.filter(**{f"{field}__gte": self.low})
        high = min(self.high, UNLIKELY) if self.order == LOW else self.high
        if high < 1:
            rows = rows.filter(**{f"{field}__lt": high})
        if not (self.instrument or self.filter_name):
            return rows
        exposures = self._exposures()
        few = list(exposures.values_list("pk", flat=True)[: FEW_EXPOSURES + 1])
        if len(few) <= FEW_EXPOSURES:
            return rows.filter(cutout__exposure__in=few)
        return rows.filter(cutout__exposure__in=exposures)

    def _exposures(self) -> QuerySet[Exposure]:
        exposures = Exposure.objects.order_by()
        if self.instrument:
            exposures = exposures.filter(observation__instrument=self.instrument)
        return exposures.filter(filter_name=self.filter_name) if self.filter_name else exposures


def _probability(value: Any, otherwise: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return otherwise
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else otherwise


@dataclass(frozen=True, slots=True)
class Tile:
    """A cutout of the sheet: its probability, the page where it is looked at closer, what people decided of it."""

    cutout: Cutout
    p: float
    url: str
    leads_to: str
    decided: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the sheet, and the words that lead to its neighbours (empty: there is none)."""

    tiles: list[Tile]
    newer: str = ""
    older: str = ""


def sheet_page(model: Model, filters: ScanFilter, at: str = "", *, size: int = SHEET_SIZE) -> Sheet:
    """One page of the sheet; ``at`` is a word of a page's, anything else gives the first page.

    The random order is the same for everybody, so that a team can work through it.
    """
    field = FIELDS[filters.kind]
    rows = filters.apply(model)
    if filters.order == BEST:
        page = keyset_page(rows, at=at, size=size, key=field)
        return Sheet(_tiles(page.rows, field), page.newer, page.older)
    if filters.order == NEAR:
        threshold = model.threshold if filters.kind == "asteroid" else MIDDLE
        found, older = _nearest(rows, field, threshold, at, size)
    else:
        found, older = _random(rows, at, size)
    return Sheet(_tiles(found, field), older=older)


def _nearest(rows: QuerySet[Score], field: str, threshold: float, at: str, size: int) -> tuple[list[Score], str]:
    """The scores next to the threshold, from both sides: two short walks along the index, merged."""
    edges = _edges(at)
    above, below = rows.filter(**{f"{field}__gte": threshold}), rows.filter(**{f"{field}__lt": threshold})
    if edges[0]:
        above = above.filter(beyond(field, edges[0], "gt"))
    if edges[1]:
        below = below.filter(beyond(field, edges[1], "lt"))
    nearer = above.order_by(field, "pk")[: size + 1], below.order_by(f"-{field}", "-pk")[: size + 1]
    merged = heapq.merge(*nearer, key=lambda row: abs(getattr(row, field) - threshold))
    found = list(islice(merged, size + 1))
    more, found = len(found) > size, found[:size]
    for row in found:
        edges[getattr(row, field) < threshold] = (getattr(row, field), row.pk)
    return found, "~".join(f"{edge[0]!r}~{edge[1]}" if edge else "~" for edge in edges) if more else ""


def _edges(at: str) -> list[tuple[float, int] | None]:
    """The last score shown above and below the threshold, of a page's word."""
    words = at.split("~")
    if len(words) != 4:
        return [None, None]
    try:
        return [(float(p), int(pk)) if pk else None for p, pk in (words[:2], words[2:])]
    except ValueError:
        return [None, None]


def _random(rows: QuerySet[Score], at: str, size: int) -> tuple[list[Score], str]:
    """In the order of the cutouts' public ids, which are random."""
    with contextlib.suppress(ValueError):
        rows = rows.filter(cutout__public_id__gt=uuid.UUID(at))
    found = list(rows.select_related("cutout").order_by("cutout__public_id")[: size + 1])
    return found[:size], str(found[size - 1].cutout.public_id) if len(found) > size else ""


def _tiles(rows: list[Score], field: str) -> list[Tile]:
    """Rows of a page with where they lead: to the candidate, else to the subject, else to the observation."""
    # The cutouts come by a query of their own, so that sorting moves only scores.
    cutouts = Cutout.objects.select_related("exposure__observation")
    cutouts = cutouts.defer("footprint", "exposure__wcs", "exposure__footprint")
    found = cutouts.in_bulk([row.cutout_id for row in rows])
    subjects = dict(Subject.objects.filter(cutout__in=found).values_list("cutout", "pk"))
    candidates = _candidates_in(found)
    labels = dict(labels_that_count().filter(cutout__in=found).values_list("cutout", "label"))
    tiles = []
    for row in rows:
        if (cutout := found.get(row.cutout_id)) is None:  # taken away meanwhile
            continue
        url, leads_to = _leads_to(cutout, candidates.get(cutout.pk), subjects.get(cutout.pk))
        label = labels.get(cutout.pk)
        decided = str(TrainingLabel.Label(label).label) if label else ""
        tiles.append(Tile(cutout, getattr(row, field), url, leads_to, decided))
    return tiles


def _leads_to(cutout: Cutout, candidate: uuid.UUID | None, subject: int | None) -> tuple[str, str]:
    """Address and name of the page where the cutout is looked at closer."""
    if candidate is not None:
        return reverse("catalogue:candidate", args=[candidate]), gettext("candidate")
    if subject is not None:
        return reverse("talk:subject", args=[subject]), f"S{subject}"
    return reverse("archive:observation", args=[cutout.exposure.observation.name]), gettext("observation")


def _candidates_in(cutouts: dict[int, Cutout]) -> dict[int, uuid.UUID]:
    """By cutout a candidate that it shows: linked with its subject, or with the middle of its trail inside."""
    linked = CandidateSubject.objects.filter(subject__cutout__in=cutouts).order_by("-candidate__created_at")
    found = dict(linked.values_list("subject__cutout", "candidate"))
    exposures = {cutout.exposure_id for cutout in cutouts.values()}
    places = Candidate.objects.filter(exposure__in=exposures).values_list("pk", "exposure", "mid_x", "mid_y")
    for pk, exposure, x, y in places:
        for cutout in cutouts.values():
            inside = 0 <= x - cutout.x0 < cutout.width and 0 <= y - cutout.y0 < cutout.height
            if cutout.exposure_id == exposure and inside:
                found.setdefault(cutout.pk, pk)
    return found


def filter_names() -> list[str]:
    """The filters of the telescope that there are exposures through."""
    names = Exposure.objects.exclude(filter_name="").order_by("filter_name")
    return list(names.values_list("filter_name", flat=True).distinct())
