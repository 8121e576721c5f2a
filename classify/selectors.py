"""Reads of the classification task: above all what to show next."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Volunteer
from archive.selectors import cutout_viewer
from classify.models import Classification, Consensus, Subject, Workflow

BANDS = (0, 1, 2)
ANY_BAND_CHANCE = 0.2  # some of what people see is not the model's choice, so that its misses are found
PEOPLE_KEPT_S = 60
# PostgreSQL keeps no order of keys in its JSON.
SHOWN_FIRST = (
    "Telescope", "Instrument", "Filter", "Exposure start", "Exposure time", "RA", "Dec",
    "Observation", "Target", "Proposal",
)  # fmt: skip


@dataclass(frozen=True)
class NextSubjects:
    """Subjects to classify, and whether there is more: "normal", "user_finished" or "finished"."""

    subjects: list[Subject]
    state: str


def workflow_main() -> Workflow | None:
    """The workflow the front page invites to."""
    return Workflow.objects.filter(active=True, project__live=True).select_related("project").order_by("pk").first()


def subjects_next_for(
    workflow: Workflow, volunteer: Volunteer | None, *, n: int, exclude: Collection[int] = ()
) -> NextSubjects:
    """Up to ``n`` active subjects this person has not classified, likely trails first, spread at random.

    Each band is entered at a random point of its index and read forwards, then from its start: a few rows
    are touched, however many subjects there are.
    """
    active = Consensus.objects.filter(workflow=workflow, state=Consensus.State.ACTIVE)
    unseen = active.exclude(subject_id__in=list(exclude)) if exclude else active
    if volunteer is not None:
        mine = Classification.objects.filter(
            workflow=workflow, volunteer=volunteer, subject_id=OuterRef("subject_id"), counted=True
        )
        unseen = unseen.filter(~Exists(mine))
    chosen: list[int] = []
    for band in _band_order():
        if len(chosen) < n:
            chosen += _pick(unseen.filter(band=band), n - len(chosen))
    found = Subject.objects.select_related("cutout__exposure__observation").in_bulk(chosen)
    subjects = [found[pk] for pk in chosen]
    if subjects or exclude:
        return NextSubjects(subjects, "normal" if subjects or active.exists() else "finished")
    return NextSubjects([], "user_finished" if active.exists() else "finished")


def _band_order() -> list[int]:
    if random.random() < ANY_BAND_CHANCE:
        return random.sample(BANDS, len(BANDS))
    return list(BANDS)


def _pick(rows: QuerySet[Consensus], n: int) -> list[int]:
    start = random.random()
    forwards = rows.filter(shuffle__gte=start).order_by("shuffle").values_list("subject_id", flat=True)
    chosen = list(forwards[:n])
    if len(chosen) < n:
        around = rows.filter(shuffle__lt=start).order_by("shuffle").values_list("subject_id", flat=True)
        chosen += list(around[: n - len(chosen)])
    return chosen


def shown_metadata(metadata: dict[str, Any], *, in_classifier: bool = True) -> dict[str, Any]:
    """The fields a volunteer may see: ``#`` and ``//`` hide a field everywhere, ``!`` in the classifier.

    Always in one order: the telescope and the exposure, then the place, then other fields by name.
    """
    hidden = ("#", "//", "!") if in_classifier else ("#", "//")
    shown = {key.lstrip("!"): value for key, value in metadata.items() if not key.startswith(hidden) and value != ""}
    first = {key: shown.pop(key) for key in SHOWN_FIRST if key in shown}
    return first | dict(sorted(shown.items()))


def subject_for_viewer(subject: Subject, *, in_classifier: bool = True) -> dict[str, Any]:
    """What a viewer needs to show a subject; nothing of votes or scores."""
    shown = {"id": subject.pk, "metadata": shown_metadata(subject.metadata, in_classifier=in_classifier)}
    return shown | (cutout_viewer(subject.cutout) if subject.cutout else {"simulated": False})


def people_counts(workflow: Workflow | None) -> dict[str, int]:
    """The counters of the front page: the workflow's are kept in its row; people are counted once a minute."""
    if workflow is None:
        return {"classifications": 0, "subjects": 0, "retired": 0, "volunteers": 0}
    return {
        "classifications": workflow.classifications_count,
        "subjects": workflow.subjects_count,
        "retired": workflow.retired_count,
        "volunteers": _volunteers_count(),
    }


def _volunteers_count() -> int:
    """How many people have answered, at most a minute old; counted anew where the cache is away."""
    kept: int | None = cache.get("classify.volunteers")
    if kept is None:
        kept = Volunteer.objects.filter(classifications_count__gt=0).count()
        cache.set("classify.volunteers", kept, timeout=PEOPLE_KEPT_S)
    return kept
