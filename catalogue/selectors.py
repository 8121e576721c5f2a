"""Reads of the catalogue. Lists are paged by key: a page costs the same however far down it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from archive.models import Cutout, Observation
from archive.selectors import cutout_viewer, esasky_url
from catalogue.filters import CandidateFilter
from catalogue.from_talk import Evidence, evidence_of
from catalogue.marks import Marks, marks_of
from catalogue.models import Candidate, TrailClass, Validation
from catalogue.opinions import Agreement, Opinion, agreement
from classify.models import Consensus, Subject
from jobs import paging
from ml.models import Score

SHEET_SIZE = 24
RESULTS_SIZE = 50
ESASKY_WIDTH_DEG = 0.05


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the rows from which the pages before and after it go on (None at an end)."""

    rows: list[Candidate]
    before: uuid.UUID | None
    after: uuid.UUID | None


@dataclass(frozen=True)
class SubjectVote:
    """Where the vote on one tile of a candidate stands."""

    consensus: Consensus
    p_model: float | None


@dataclass(frozen=True)
class CandidateDetail:
    """All that is known of a candidate, for the page where the team decides."""

    candidate: Candidate
    viewer: dict[str, Any]
    votes: list[SubjectVote]
    subjects: list[Subject]
    decisions: list[Validation]
    cutout: Cutout | None
    next_pk: uuid.UUID | None = None
    previous_pk: uuid.UUID | None = None
    next_image: str = ""
    score: Score | None = None
    marks: Marks | None = None
    esasky_url: str = ""
    evidence: list[Evidence] = field(default_factory=list)

    @property
    def last_decision(self) -> int:
        """The id of the newest decision, 0 when there is none: what a decision made on this page has seen."""
        return self.decisions[0].pk if self.decisions else 0


def _shown_cutout() -> QuerySet[Cutout]:
    """For each candidate the cutout in which the middle of its trail lies most central."""
    off_x = F("x0") + F("width") / 2.0 - OuterRef("mid_x")
    off_y = F("y0") + F("height") / 2.0 - OuterRef("mid_y")
    # Annotated, as Django does not resolve outer references in an ordering.
    return (
        Cutout.objects.annotate(off=off_x * off_x + off_y * off_y)
        .filter(
            exposure=OuterRef("exposure"),
            recipe=F("exposure__cut_recipe"),
            x0__lte=OuterRef("mid_x"),
            y0__lte=OuterRef("mid_y"),
            x0__gt=OuterRef("mid_x") - F("width"),
            y0__gt=OuterRef("mid_y") - F("height"),
        )
        .order_by("off", "pk")
    )


def _p_yes() -> Subquery:
    """The consensus on the candidate's best tile: read, not kept, as votes still come after the voting ended."""
    votes = Consensus.objects.filter(subject__candidate_links__candidate=OuterRef("pk"), p_yes__isnull=False)
    return Subquery(votes.order_by("-p_yes").values("p_yes")[:1])


def cutout_shown(candidate: Candidate) -> int | None:
    """The id of the cutout in which the middle of the candidate's trail lies most central."""
    rows = Candidate.objects.filter(pk=candidate.pk)
    return rows.values_list(Subquery(_shown_cutout().values("pk")[:1]), flat=True).first()


def candidates(filters: CandidateFilter | None = None) -> QuerySet[Candidate]:
    """Candidates with their exposure and ``p_yes``, the probability by the votes as they stand; in no order."""
    rows = Candidate.objects.select_related("exposure__observation").defer("exposure__wcs").annotate(p_yes=_p_yes())
    return filters.apply(rows) if filters else rows


def candidate_queue(filters: CandidateFilter) -> QuerySet[Candidate]:
    """The queue, oldest first, each with the id of the cutout that shows it best."""
    rows = candidates(filters).annotate(cutout_pk=Subquery(_shown_cutout().values("pk")[:1]))
    return rows.order_by("created_at", "id")


def candidate_page(
    rows: QuerySet[Candidate], *, size: int, after: Candidate | None = None, before: Candidate | None = None
) -> Page:
    """One page of the queue: what follows ``after``, or what comes right before ``before``."""
    backwards = before is not None and after is None
    at = before if backwards else after
    if at is not None:
        rows = rows.filter(_beyond(at, rising=not backwards))
    found = list((rows.reverse() if backwards else rows)[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    _attach_cutouts(found)
    has_before, has_after = (more, True) if backwards else (at is not None, more)
    return Page(
        rows=found,
        before=found[0].pk if found and has_before else None,
        after=found[-1].pk if found and has_after else None,
    )


def sheet_around(rows: QuerySet[Candidate], opened: Candidate) -> Page:
    """The page of the queue that begins with ``opened``, which leads it even where a filter leaves it out."""
    page = candidate_page(rows, size=SHEET_SIZE - 1, after=opened)
    back = candidate_page(rows, size=1, before=opened)
    leader = list(candidate_queue(CandidateFilter(state="all")).filter(pk=opened.pk))
    _attach_cutouts(leader)
    return Page(rows=leader + page.rows, before=opened.pk if back.rows else None, after=page.after)


def _beyond(at: Candidate, *, rising: bool) -> Q:
    return paging.beyond("created_at", (at.created_at, at.pk), "gt" if rising else "lt")


def _attach_cutouts(rows: list[Candidate]) -> None:
    cutouts = Cutout.objects.in_bulk([pk for row in rows if (pk := getattr(row, "cutout_pk", None))])
    for row in rows:
        row.cutout = cutouts.get(row.cutout_pk)  # type: ignore[attr-defined]


def candidate_detail(candidate: Candidate, filters: CandidateFilter) -> CandidateDetail:
    """Everything about one candidate, and its neighbours in the queue."""
    links = candidate.links.select_related("subject").order_by("subject_id")
    subjects = [link.subject for link in links]
    shown = cutout_shown(candidate)
    cutout = Cutout.objects.select_related("exposure__observation").filter(pk=shown).first() if shown else None
    following = candidate_after(candidate, filters)
    scores = Score.objects.filter(cutout=cutout, model__active=True).select_related("model")
    return CandidateDetail(
        candidate=candidate,
        viewer=cutout_viewer(cutout) if cutout else {},
        votes=_votes_on(subjects),
        subjects=subjects,
        decisions=decisions_shown(candidate, filters.viewer),
        cutout=cutout,
        next_pk=following.pk if following else None,
        previous_pk=_neighbour(candidate, filters, rising=False),
        next_image=_image_of(following),
        marks=marks_of(candidate, cutout) if cutout and not _is_whole_image(candidate) else None,
        esasky_url=esasky_url(candidate.ra_deg, candidate.dec_deg, ESASKY_WIDTH_DEG),
        score=scores.first() if cutout else None,
        evidence=evidence_of(candidate),
    )


def decisions_shown(candidate: Candidate, viewer: int | None) -> list[Validation]:
    """The decisions on a candidate, the newest first, as far as a person may know of them.

    Where independent opinions are asked for, those of others are hidden until one has given one's own.
    """
    found = list(candidate.validations.select_related("by").order_by("-id"))
    if not candidate.is_blind or viewer in candidate.opinions_by:
        return found
    reopened = next((row.pk for row in found if row.verdict == Validation.Verdict.REOPEN), 0)
    return [row for row in found if row.pk <= reopened or row.by_id == viewer]


def people_agree() -> Agreement:
    """How far the first two of independent opinions agree, over all rounds of all candidates that had two."""
    said = Validation.objects.filter(candidate__verdicts_needed=2).order_by("candidate", "id")
    pairs: list[tuple[str, str]] = []
    key, first, paired = None, None, False
    for row in said.values_list("candidate", "by_id", "verdict", "trail_class").iterator(chunk_size=2000):
        if row[0] != key or row[2] == Validation.Verdict.REOPEN:
            key, first, paired = row[0], None, False
        if row[2] == Validation.Verdict.REOPEN or paired:
            continue
        opinion = Opinion(row[1], row[2], row[3])
        if first is None or first.person == opinion.person:
            first = opinion
        else:
            pairs.append((f"{first.verdict} {first.trail_class}", f"{opinion.verdict} {opinion.trail_class}"))
            paired = True
    return agreement(pairs)


def _is_whole_image(candidate: Candidate) -> bool:
    """Whether the candidate is what a cutout shows, not a trail somewhere in it."""
    at_cutout = candidate.position_from == Candidate.Position.CUTOUT
    return candidate.source == Candidate.Source.TALK and at_cutout


def candidate_after(candidate: Candidate, filters: CandidateFilter) -> Candidate | None:
    """The next candidate of the queue, whether or not this one is (still) in it."""
    page = candidate_page(candidate_queue(filters), size=1, after=candidate)
    return page.rows[0] if page.rows else None


def _neighbour(candidate: Candidate, filters: CandidateFilter, *, rising: bool) -> uuid.UUID | None:
    order = ("created_at", "id") if rising else ("-created_at", "-id")
    rows = filters.apply(Candidate.objects.all()).filter(_beyond(candidate, rising=rising)).order_by(*order)
    return rows.values_list("pk", flat=True).first()


def _image_of(candidate: Candidate | None) -> str:
    cutout = getattr(candidate, "cutout", None)
    return reverse("archive:image", args=[cutout.public_id]) if cutout else ""


def _votes_on(subjects: list[Subject]) -> list[SubjectVote]:
    rows = Consensus.objects.filter(subject__in=subjects).select_related("workflow", "subject").order_by("subject_id")
    found = list(rows)
    scores = Score.objects.filter(cutout__in=[row.subject.cutout_id for row in found], model__active=True)
    by_cutout = {score.cutout_id: score.p_asteroid for score in scores}
    return [SubjectVote(row, by_cutout.get(row.subject.cutout_id or 0)) for row in found]


def instruments() -> list[str]:
    """The instruments there are observations of."""
    return list(Observation.objects.order_by("instrument").values_list("instrument", flat=True).distinct())


def results_page(at: str = "") -> paging.Page[Candidate]:
    """The validated catalogue, newest candidate first."""
    rows = candidates().filter(state=Candidate.State.ACCEPTED)
    shown: QuerySet[Candidate] = rows.annotate(cutout_pk=Subquery(_shown_cutout().values("pk")[:1]))
    page = paging.keyset_page(shown, at=at, size=RESULTS_SIZE, key="created_at")
    _attach_cutouts(page.rows)
    return page


def results_counts() -> list[tuple[str, int]]:
    """How many validated candidates there are of each class that occurs, the largest first."""
    rows = Candidate.objects.filter(state=Candidate.State.ACCEPTED).values_list("trail_class")
    counted = rows.annotate(n=Count("pk")).order_by("-n")
    return [(str(TrailClass(name).label), number) for name, number in counted]
