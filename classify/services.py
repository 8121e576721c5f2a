"""Writes of the classification task: submit an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Volunteer
from classify.models import Classification, Consensus, Workflow

MAX_METADATA_BYTES = 16_384
CLOCK_SLACK = timedelta(minutes=10)
LONGEST_AGE = timedelta(days=90)  # answers given offline arrive late


class KeyTakenError(Exception):
    """The key belongs to another person's classification, or to one of another subject."""


@dataclass(frozen=True)
class Submitted:
    """What became of an answer."""

    classification: Classification
    created: bool


def classification_submit(
    *,
    workflow: Workflow,
    subject_id: int,
    volunteer: Volunteer,
    answer: str,
    key: UUID,
    workflow_version: str,
    started_at: datetime,
    finished_at: datetime,
    metadata: Mapping[str, Any],
) -> Submitted:
    """Record one classification. Safe to repeat: the same key returns the first result.

    The vote counts once per volunteer, subject and workflow; a repeat is kept and flagged, never counted.

    Raises
    ------
    ValidationError
        The answer, the subject or the times do not fit the workflow; nothing was written.
    KeyTakenError
        The key was used by someone else.
    """
    label = _label_of(workflow, answer)
    _check_times(started_at, finished_at)
    if not Consensus.objects.filter(workflow=workflow, subject_id=subject_id).exists():
        raise ValidationError({"subject": _("This subject is not part of the workflow.")})
    fields = {
        "key": key,
        "workflow": workflow,
        "workflow_version": workflow_version,
        "subject_id": subject_id,
        "volunteer": volunteer,
        "answer": answer,
        "annotations": [{"task": "T0", "task_label": workflow.question, "value": label}],
        "metadata": dict(metadata),
        "started_at": started_at,
        "finished_at": finished_at,
    }
    for counted, aside in ((True, ""), (False, Classification.SetAside.REPEAT)):
        try:
            with transaction.atomic():
                made = Classification.objects.create(**fields, counted=counted, set_aside=aside)
                transaction.on_commit(_hint, robust=True)
            return Submitted(made, created=True)
        except IntegrityError:
            # The key came before (then this is a replay), or this person's answer on this subject did.
            if (first := _first_with(key, volunteer, subject_id)) is not None:
                return Submitted(first, created=False)
            if not counted:
                raise
    raise AssertionError("unreachable")


def _first_with(key: UUID, volunteer: Volunteer, subject_id: int) -> Classification | None:
    found = Classification.objects.filter(key=key).first()
    if found is not None and (found.volunteer_id, found.subject_id) != (volunteer.pk, subject_id):
        raise KeyTakenError
    return found


def _label_of(workflow: Workflow, answer: str) -> str:
    for choice in workflow.answers:
        if choice["value"] == answer:
            return str(choice["label"])
    known = ", ".join(choice["value"] for choice in workflow.answers)
    raise ValidationError({"answer": _("“%(answer)s” is not one of: %(known)s.") % {"answer": answer, "known": known}})


def _check_times(started_at: datetime, finished_at: datetime) -> None:
    now = timezone.now()
    if finished_at < started_at:
        raise ValidationError({"finished_at": _("The answer ended before it began.")})
    if finished_at > now + CLOCK_SLACK or started_at < now - LONGEST_AGE:
        raise ValidationError({"started_at": _("The clock of your device is far from ours; please set it.")})


def _hint() -> None:
    """Ask for counting soon; once a second is enough, and the scheduler asks anyway."""
    from classify.tasks import aggregate

    if cache.add("classify.hint", 1, timeout=1) and cache.get("classify.hint"):  # else Redis is away
        aggregate.apply_async(retry=False, expires=30)
