"""Writes of the set-up pages: projects, workflows, and their versions. Each change is kept, with who and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, TypeVar

import pghistory
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import resolve, reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from classify.frames import FIND
from classify.models import Classification, Project, Workflow
from jobs.services import job_enqueue

MAJOR = frozenset({"question", "answers", "marking", "marking_question", "frames"})
"""What people are asked, see and may answer: answers before and after such a change are not to the same question."""
MINOR = frozenset({"help_text", "translations"})
RESERVED = frozenset({"new", "team"})
LONGEST_SLUG = 40  # room for a number behind it
Made = TypeVar("Made", Project, Workflow)


@transaction.atomic
def project_create(*, name: str, description: str, live: bool) -> Project:
    """A new project; its address is made of its name and then stays."""
    return _create(Project(name=name, description=description, live=live), fallback="project")


@transaction.atomic
def project_change(*, project: Project, name: str, description: str, live: bool) -> Project:
    """Another name, story or state. Its address stays, so that links go on working."""
    row = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    row.name, row.description, row.live = name, description, live
    row.full_clean()
    row.save(update_fields=["name", "description", "live"])
    return row


@transaction.atomic
def workflow_create(*, project: Project, values: Mapping[str, Any], by: User, why: str = "") -> Workflow:
    """A new workflow, at rest: nobody sees it before it has images and is switched on.

    Raises
    ------
    ValidationError
        Of the fields that do not fit; nothing was made.
    """
    workflow = Workflow(project=project, active=False, **values)
    with pghistory.context(user=by.pk, why=why or "created"):
        return _create(workflow, fallback="workflow")


def _create(row: Made, *, fallback: str) -> Made:
    """Save a new row under the first free address."""
    for slug in _slugs(slugify(row.name)[:LONGEST_SLUG].strip("-") or fallback):
        if type(row).objects.filter(slug=slug).exists() or not _is_free(row, slug):
            continue
        row.slug = slug
        row.full_clean()
        try:
            with transaction.atomic():
                row.save(force_insert=True)
            return row
        except IntegrityError:  # another one took the address at this moment
            if not type(row).objects.filter(slug=slug).exists():
                raise
    raise AssertionError("unreachable")


def _slugs(first: str) -> Iterator[str]:
    yield first
    yield from (f"{first}-{number}" for number in count(2))


def _is_free(row: Project | Workflow, slug: str) -> bool:
    """Whether no page of another kind has this address."""
    if isinstance(row, Project):
        return slug not in RESERVED
    return slug not in RESERVED and resolve(reverse("classify:workflow", args=[slug])).url_name == "workflow"


@transaction.atomic
def workflow_change(*, workflow: Workflow, changes: Mapping[str, Any], by: User, why: str = "") -> Workflow:
    """Change a workflow's fields; only what differs is written, as counters and other people's fields live on.

    The version grows as on Zooniverse: by a whole number when people are asked something else, by its second part
    when texts around it change. Other fields (the rule of retirement, say) leave it.

    Raises
    ------
    ValidationError
        Of the fields that do not fit; nothing was changed.
    """
    row = Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    changed = {name for name, value in changes.items() if getattr(row, name) != value}
    if not changed:
        return row
    if "purpose" in changed and Classification.objects.filter(workflow=row).exists():
        raise ValidationError({"purpose": _("People have answered already, so what it is for cannot change any more.")})
    for name in changed:
        setattr(row, name, changes[name])
    _version_grow(row, changed)
    row.full_clean()
    with pghistory.context(user=by.pk, why=why or "changed"):
        row.save(update_fields=[*changed, "version_major", "version_minor"])
    if "frames" in changed and row.frames == Workflow.Frames.EXPOSURES:
        job_enqueue(kind=FIND, arguments={"workflow": row.pk}, requested_by=by)
    return row


def _version_grow(row: Workflow, changed: set[str]) -> None:
    if changed & MAJOR:
        row.version_major, row.version_minor = row.version_major + 1, 1
    elif changed & MINOR:
        row.version_minor += 1


@transaction.atomic
def workflow_texts_changed(*, workflow: Workflow, by: User, why: str) -> None:
    """Texts beside the workflow's own row (its tutorial) changed: a small step of the version, kept in the history."""
    row = Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    row.version_minor += 1
    with pghistory.context(user=by.pk, why=why):
        row.save(update_fields=["version_minor"])


def workflow_activate(*, workflow: Workflow, active: bool, by: User, why: str = "") -> Workflow:
    """Show the workflow to volunteers, or stop showing it. Votes that are on their way when it stops are refused.

    Raises
    ------
    ValidationError
        It has no images yet; nothing was changed.
    """
    if active and not Workflow.objects.filter(pk=workflow.pk, subjects_count__gt=0).exists():
        raise ValidationError(_("There is no image in this workflow yet. Choose images first, then switch it on."))
    said = why or ("switched on" if active else "switched off")
    return workflow_change(workflow=workflow, changes={"active": active}, by=by, why=said)
