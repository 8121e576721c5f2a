"""Writes of a workflow's tutorial and a project's field guide: add, change, put in order, remove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from classify.models import GuideEntry, GuideExample, Picture, Project, TutorialStep, Workflow
from classify.pictures import picture_create
from classify.setup.services import workflow_texts_changed

Placed = TypeVar("Placed", TutorialStep, GuideEntry, GuideExample)


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture as it came from a browser, and its texts."""

    data: bytes
    alt: str
    credit: str = ""


@transaction.atomic
def step_save(
    *, workflow: Workflow, step: TutorialStep, by: User, upload: Upload | None = None, remove_picture: bool = False
) -> TutorialStep:
    """Keep a step of the tutorial; a new one comes last in its language. A new picture takes the old one's place.

    Raises
    ------
    ValidationError
        The picture cannot be taken; nothing was changed.
    """
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    if upload is not None:
        step.picture = _picture(workflow.project, upload)
    elif remove_picture:
        step.picture = None
    before = TutorialStep.objects.filter(pk=step.pk).first() if step.pk else None
    if before is None or before.language != step.language:
        step.position = _after(TutorialStep.objects.filter(workflow=workflow, language=step.language))
    step.workflow = workflow
    step.save()
    said = _("tutorial: “%s” changed") if before else _("tutorial: “%s” added")
    workflow_texts_changed(workflow=workflow, by=by, why=said % step.title)
    return step


@transaction.atomic
def step_move(*, step: TutorialStep, up: bool, by: User) -> None:
    """Let a step change places with its neighbour; the first cannot go up, nor the last down."""
    Workflow.objects.select_for_update(no_key=True).get(pk=step.workflow_id)
    if _move(list(TutorialStep.objects.filter(workflow=step.workflow, language=step.language)), step, up):
        workflow_texts_changed(workflow=step.workflow, by=by, why=_("tutorial: “%s” moved") % step.title)


@transaction.atomic
def step_delete(*, step: TutorialStep, by: User) -> None:
    """Take a step out of the tutorial."""
    title, workflow = step.title, step.workflow
    step.delete()
    workflow_texts_changed(workflow=workflow, by=by, why=_("tutorial: “%s” removed") % title)


@transaction.atomic
def entry_save(*, project: Project, entry: GuideEntry) -> GuideEntry:
    """Keep a class of the field guide; a new one comes last in its language."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    before = GuideEntry.objects.filter(pk=entry.pk).first() if entry.pk else None
    if before is None or before.language != entry.language:
        entry.position = _after(GuideEntry.objects.filter(project=project, language=entry.language))
    entry.project = project
    entry.save()
    return entry


@transaction.atomic
def entry_move(*, entry: GuideEntry, up: bool) -> None:
    """Let a class change places with its neighbour."""
    Project.objects.select_for_update(no_key=True).get(pk=entry.project_id)
    _move(list(GuideEntry.objects.filter(project=entry.project, language=entry.language)), entry, up)


@transaction.atomic
def example_add(*, entry: GuideEntry, upload: Upload, caption: str) -> GuideExample:
    """Show one more picture with a class; it comes last.

    Raises
    ------
    ValidationError
        The picture cannot be taken; nothing was changed.
    """
    Project.objects.select_for_update(no_key=True).get(pk=entry.project_id)
    picture = _picture(entry.project, upload)
    position = _after(GuideExample.objects.filter(entry=entry))
    return GuideExample.objects.create(entry=entry, picture=picture, caption=caption, position=position)


@transaction.atomic
def example_move(*, example: GuideExample, up: bool) -> None:
    """Let an example change places with its neighbour."""
    Project.objects.select_for_update(no_key=True).get(pk=example.entry.project_id)
    _move(list(GuideExample.objects.filter(entry=example.entry)), example, up)


def _picture(project: Project, upload: Upload) -> Picture:
    return picture_create(project=project, data=upload.data, alt=upload.alt, credit=upload.credit)


def _after(rows: Any) -> int:
    last: int | None = rows.order_by("-position").values_list("position", flat=True).first()
    return 1 if last is None else last + 1


def _move(rows: Sequence[Placed], row: Placed, up: bool) -> bool:
    """Swap a row with its neighbour among these, in their order; False at the end. The caller holds the parent."""
    places = [other.pk for other in rows]
    at = places.index(row.pk)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(rows):
        return False
    here, there = rows[at], rows[to]
    here.position, there.position = there.position, here.position
    here.save(update_fields=["position"])
    there.save(update_fields=["position"])
    return True
