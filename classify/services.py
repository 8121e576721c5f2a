"""Writes of the classification task: submit an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Volunteer
from classify.annotations import annotations_of, answer_label
from classify.leases import vote_take
from classify.models import Classification, Consensus, KnownAnswer, Workflow
from classify.training import Feedback, feedback_metadata, feedback_of

MAX_METADATA_BYTES = 16_384
CLOCK_SLACK = timedelta(minutes=10)
LONGEST_AGE = timedelta(days=90)  # answers given offline arrive late


class KeyTakenError(Exception):
    """The key belongs to another person's classification, or to one of another subject."""


class NotUndoneError(Exception):
    """The earlier answer can no longer be taken back; the message says why. Nothing was changed."""


@dataclass(frozen=True)
class Submitted:
    """What became of an answer, and what is to be learnt from it (training subjects only)."""

    classification: Classification
    created: bool
    feedback: Feedback | None = None


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
    marks: Sequence[Mapping[str, float]] = (),
    supersedes: UUID | None = None,
) -> Submitted:
    """Record one classification. Safe to repeat: the same key returns the first result.

    The vote counts once per volunteer, subject and workflow, and only while the subject takes votes; what comes twice
    or late is kept and flagged, never counted. ``supersedes`` is the key of the answer that this one replaces.

    Raises
    ------
    ValidationError
        The answer, the marks, the subject or the times do not fit the workflow; nothing was written.
    KeyTakenError
        The key was used by someone else.
    NotUndoneError
        The answer to replace is not this person's latest, or is of a training subject; nothing was written.
    """
    label = answer_label(workflow, answer)
    _check_times(started_at, finished_at)
    known = (
        KnownAnswer.objects.filter(workflow=workflow, subject=subject_id)
        .select_related("subject__cutout__exposure__observation", "workflow")
        .first()
    )
    fields: dict[str, Any] = {
        "key": key,
        "workflow": workflow,
        "workflow_version": workflow_version,
        "subject_id": subject_id,
        "volunteer": volunteer,
        "answer": answer,
        "annotations": annotations_of(workflow, answer, label, marks),
        "metadata": dict(metadata),
        "started_at": started_at,
        "finished_at": finished_at,
    }
    if known is not None:
        fields["metadata"] |= {"feedback": feedback_metadata(known, answer == known.answer)}
    if supersedes is not None and (first := _first_with(key, volunteer, subject_id)) is not None:
        return _submitted(first, created=False, known=known)
    for repeat in (False, True):
        try:
            with transaction.atomic():
                made = _record(fields, known=known, repeat=repeat, supersedes=supersedes)
                transaction.on_commit(_hint, robust=True)
            return _submitted(made, created=True, known=known)
        except IntegrityError:
            # The key came before (then this is a replay), or this person's answer on this subject did.
            if (first := _first_with(key, volunteer, subject_id)) is not None:
                return _submitted(first, created=False, known=known)
            if repeat:
                raise
    raise AssertionError("unreachable")


def _submitted(made: Classification, *, created: bool, known: KnownAnswer | None) -> Submitted:
    return Submitted(made, created, feedback_of(made, known) if known is not None and made.training else None)


def _record(
    fields: dict[str, Any], *, known: KnownAnswer | None, repeat: bool, supersedes: UUID | None
) -> Classification:
    """Write the row; the database refuses a second counted one of this person."""
    aside = Classification.SetAside.REPEAT if repeat else ""
    if supersedes is not None:
        _take_back(fields, supersedes)
    if known is None and not repeat:
        taken = vote_take(
            workflow_id=fields["workflow"].pk,
            subject_id=fields["subject_id"],
            holder=fields["volunteer"].key,
            anyway=supersedes is not None,
        )
        if taken is None:
            raise ValidationError({"subject": _("This subject is not part of the workflow.")})
        aside = "" if taken else Classification.SetAside.LATE
    return Classification.objects.create(**fields, counted=not aside, set_aside=aside, training=known is not None)


def _take_back(fields: Mapping[str, Any], key: UUID) -> None:
    """Set the person's latest answer aside, so that another one takes its place; the row stays."""
    mine = Classification.objects.filter(workflow=fields["workflow"], volunteer=fields["volunteer"])
    latest = mine.select_for_update().order_by("-pk").first()
    if latest is None or latest.key != key or latest.subject_id != fields["subject_id"]:
        raise NotUndoneError(_("Only your last answer can be taken back. It stays as it was."))
    if latest.training:
        raise NotUndoneError(_("The answer to a training image cannot be taken back."))
    if not latest.counted:
        raise NotUndoneError(_("That answer does not count anyway. It stays as it was."))
    latest.counted, latest.set_aside, latest.aggregated = False, Classification.SetAside.UNDONE, False
    latest.save(update_fields=["counted", "set_aside", "aggregated"])
    Consensus.objects.filter(workflow=fields["workflow"], subject=latest.subject_id).update(
        votes_taken=Greatest(F("votes_taken") - 1, 0)
    )


def _first_with(key: UUID, volunteer: Volunteer, subject_id: int) -> Classification | None:
    found = Classification.objects.filter(key=key).first()
    if found is not None and (found.volunteer_id, found.subject_id) != (volunteer.pk, subject_id):
        raise KeyTakenError
    return found


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
