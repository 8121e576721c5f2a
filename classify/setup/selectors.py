"""Reads of the set-up pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.urls import reverse

from accounts.models import User
from archive.models import Exposure, Observation
from classify.models import Consensus, Project, Subject, SubjectSet, Workflow
from classify.setup.filling import FILL
from jobs.cells import formula_safe
from jobs.models import Job
from jobs.paging import Page, keyset_page

EVENTS_SHOWN = 50
FINDS_A_PAGE = 48
SAMPLE = 12
JOBS_SHOWN = 5
SHOWN_CHARACTERS = 200
NOT_TOLD = {"version_major", "version_minor"}
CSV_COLUMNS = (
    "subject", "p_yes", "p_unsure", "votes_yes", "votes_no", "votes_unsure", "retired_at", "reason", "ra_deg",
    "dec_deg", "observation", "filter", "start", "image",
)  # fmt: skip


def projects() -> QuerySet[Project]:
    """All projects with their workflows, oldest first."""
    return Project.objects.order_by("pk").prefetch_related(Prefetch("workflows", Workflow.objects.order_by("pk")))


def subject_sets_of(workflow: Workflow) -> list[SubjectSet]:
    """The sets that the workflow shows, with how many subjects each holds."""
    return list(_sets().filter(workflows=workflow))


def subject_sets_other(workflow: Workflow) -> list[SubjectSet]:
    """The sets, of any project, that it could show besides."""
    return list(_sets().exclude(workflows=workflow))


def _sets() -> QuerySet[SubjectSet]:
    Membership = Subject.subject_sets.through
    held = Membership.objects.filter(subjectset=OuterRef("pk")).order_by().values("subjectset")
    counted = Subquery(held.values(n=Count("pk")))
    return SubjectSet.objects.select_related("project").annotate(held=counted).order_by("pk")


def fill_jobs(workflow: Workflow) -> list[Job]:
    """The last jobs that put images into this workflow, newest first."""
    return list(Job.objects.filter(kind=FILL, arguments__workflow=workflow.pk)[:JOBS_SHOWN])


def instruments() -> list[str]:
    """Instruments and their detectors, as in "ACS/WFC"."""
    rows = Observation.objects.order_by("instrument", "detector").values_list("instrument", "detector").distinct()
    return ["/".join(part for part in row if part) for row in rows if row[0]]


def filters() -> list[str]:
    """The filters of all exposures."""
    rows = Exposure.objects.exclude(filter_name="").order_by("filter_name")
    return list(rows.values_list("filter_name", flat=True).distinct())


def subject_sample(workflow: Workflow) -> Subject | None:
    """An image of the workflow, to see the question with."""
    row = (
        Consensus.objects.filter(workflow=workflow, subject__cutout__isnull=False)
        .select_related("subject__cutout__exposure__observation")
        .order_by("pk")
        .first()
    )
    return row.subject if row else None


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that was changed, as people read it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a workflow: when, by whom, why, and what."""

    at: datetime
    who: str
    why: str
    version: str
    changes: list[Changed]


def workflow_history(workflow: Workflow) -> list[Event]:
    """The last changes that people made, newest first. What the counting wrote meanwhile is left out."""
    rows: Any = Workflow.pgh_event_model.objects.filter(pgh_obj=workflow)  # type: ignore[attr-defined]
    earlier = rows.filter(pgh_id__lt=OuterRef("pgh_id")).order_by("-pgh_id").values("pgh_id")
    told = rows.filter(Q(pgh_context__isnull=False) | Q(pgh_label="insert"))
    told = list(
        told.select_related("pgh_context").annotate(earlier=Subquery(earlier[:1])).order_by("-pgh_id")[:EVENTS_SHOWN]
    )
    before = rows.in_bulk([row.earlier for row in told if row.earlier])
    people = User.objects.in_bulk({_said(row).get("user") for row in told} - {None})
    events = []
    for row in told:
        said = _said(row)
        who = people.get(said.get("user"))
        old = before.get(row.earlier)
        changes = _changes(old, row) if old else []
        version = f"{row.version_major}.{row.version_minor}"
        if old and not changes and version == f"{old.version_major}.{old.version_minor}":
            continue  # counters that grew
        events.append(
            Event(row.pgh_created_at, who.public_name if who else "", str(said.get("why", "")), version, changes)
        )
    return events


def _said(row: Any) -> dict[str, Any]:
    return row.pgh_context.metadata if row.pgh_context else {}


def _changes(before: Any, after: Any) -> list[Changed]:
    changed = []
    for field in Workflow._meta.concrete_fields:
        if field.name in NOT_TOLD or not hasattr(after, field.attname):
            continue
        old, new = getattr(before, field.attname), getattr(after, field.attname)
        if old != new:
            changed.append(Changed(str(field.verbose_name), _shown(old), _shown(new)))
    return changed


def _shown(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(str(item.get("label", item)) if isinstance(item, dict) else str(item) for item in value)
    if isinstance(value, dict):
        value = ", ".join(sorted(value)) or "–"
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def finds(workflow: Workflow) -> QuerySet[Consensus]:
    """Subjects that people finished with a “yes”."""
    rows = Consensus.objects.filter(workflow=workflow, state=Consensus.State.RETIRED, p_yes__gte=workflow.yes_threshold)
    return rows.select_related("subject__cutout__exposure__observation").defer("subject__cutout__exposure__wcs")


def find_page(workflow: Workflow, at: str = "") -> Page[Consensus]:
    """Finds, the likeliest first."""
    return keyset_page(finds(workflow), at=at, size=FINDS_A_PAGE, key="p_yes")


def find_rows(workflow: Workflow) -> Iterator[tuple[object, ...]]:
    """Finds as rows of `CSV_COLUMNS`, the likeliest first, a few at a time."""
    for row in finds(workflow).order_by("-p_yes", "-pk").iterator(chunk_size=500):
        cutout = row.subject.cutout
        place: tuple[object, ...] = ("", "", "", "", "", "")
        if cutout is not None:
            exposure = cutout.exposure
            place = (
                f"{cutout.ra_deg:.6f}", f"{cutout.dec_deg:.6f}", formula_safe(exposure.observation.name),
                formula_safe(exposure.filter_name), exposure.start.isoformat(),
                reverse("archive:image", args=[cutout.public_id]),
            )  # fmt: skip
        ended = row.retired_at.isoformat() if row.retired_at else ""
        votes = (row.votes_yes, row.votes_no, row.votes_unsure)
        yield row.subject_id, row.p_yes, row.p_unsure, *votes, ended, row.retirement_reason, *place
