"""Reads of the classification task: above all what to show next."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import QuerySet

from accounts.models import Volunteer
from archive.selectors import cutout_viewer
from classify.leases import Asked, subjects_lease, subjects_left
from classify.models import Consensus, Subject, Workflow
from classify.training import FIRST, training_draw

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
    training: frozenset[int] = frozenset()
    simulated: bool = False  # whether the others are, where there are none among the subjects


def workflows_open() -> QuerySet[Workflow]:
    """The workflows that everybody may classify in, oldest first."""
    return Workflow.objects.filter(active=True, project__live=True).select_related("project").order_by("pk")


def workflow_main() -> Workflow | None:
    """The workflow the front page invites to."""
    return workflows_open().first()


def subjects_next_for(
    workflow: Workflow,
    volunteer: Volunteer | None,
    *,
    n: int,
    exclude: Collection[int] = (),
    holder: UUID | None = None,
    seen: int = 0,
    training_only: bool = False,
) -> NextSubjects:
    """Up to ``n`` active subjects this person has not classified, likely trails first, spread at random.

    They are leased to ``holder``, the volunteer's key. Training subjects are mixed in, by how many answers of this
    person there are (``seen``), and look like the others; ``training_only`` asks for nothing else.
    """
    asked = Asked(workflow.pk, workflow.max_votes, volunteer.pk if volunteer else None, holder, exclude, seen < FIRST)
    if training_only:
        found = subjects_lease(asked, bands=(), start=0.0, n=n, training=n)
        return NextSubjects(found.training, "normal" if found.training else "user_finished")
    drawn = training_draw(workflow, seen=seen, n=n)
    found = subjects_lease(asked, bands=_band_order(), start=random.random(), n=n, training=drawn)
    if found.subjects or found.training:
        trains = frozenset(subject.pk for subject in found.training)
        alone = not found.subjects and _is_simulated(workflow)
        return NextSubjects(_mixed(found.subjects, found.training), "normal", trains, alone)
    for_me, at_all = subjects_left(asked)
    return NextSubjects([], "normal" if for_me else "user_finished" if at_all else "finished")


def _is_simulated(workflow: Workflow) -> bool:
    """Whether the newest of the subjects that are voted on is simulated."""
    rows = Consensus.objects.filter(workflow=workflow).order_by("-subject")
    return bool(rows.values_list("subject__cutout__exposure__observation__simulated", flat=True).first())


def _mixed(subjects: list[Subject], training: list[Subject]) -> list[Subject]:
    """Both, with the training subjects at random places; the order of the others stays."""
    for subject in training:
        subjects.insert(random.randrange(len(subjects) + 1), subject)
    return subjects


def _band_order() -> list[int]:
    if random.random() < ANY_BAND_CHANCE:
        return random.sample(BANDS, len(BANDS))
    return list(BANDS)


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


def subjects_for_classifier(found: NextSubjects) -> list[dict[str, Any]]:
    """What the classifier needs to show these subjects; training subjects are marked as simulated only where the
    others are, or the mark would give them away.
    """
    views = [subject_for_viewer(subject) for subject in found.subjects]
    others = [view["simulated"] for view in views if view["id"] not in found.training]
    for view in views:
        if view["id"] in found.training:
            view["simulated"] = any(others) if others else found.simulated
    return views


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
