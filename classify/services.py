"""Writes of the classification task: submit an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Volunteer
from classify.annotations import annotations_of, answer_label
from classify.models import Classification, Consensus, KnownAnswer, Subject, Workflow
from classify.training import Feedback, feedback_metadata, feedback_of
from classify.votes import vote_write

HINT_EVERY_S = 1.0
MAX_METADATA_BYTES = 16_384
CLOCK_SLACK = timedelta(minutes=10)
LONGEST_AGE = timedelta(days=90)  # answers given offline arrive late

# Rooms further along the data's way say here whether a person has talked about an answer's subject since.
TALK: list[Callable[[Classification], bool]] = []


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
    fields: dict[str, Any] = {
        "key": key,
        "workflow": workflow,
        "workflow_version": workflow_version,
        "subject_id": subject_id,
        "volunteer": volunteer,
        "answer": answer,
        "annotations": annotations_of(workflow, answer, label, marks, _picture_size(subject_id) if marks else None),
        "metadata": dict(metadata),
        "started_at": started_at,
        "finished_at": finished_at,
    }
    for last in (False, True):
        try:
            made = _write(fields, supersedes)
        except (IntegrityError, NotUndoneError) as error:
            # The key came before: a replay. Else this person's answer came in the same moment: a repeat, next time.
            if (first := _first_with(key, volunteer, subject_id)) is not None:
                return _submitted(first, created=False)
            if last or isinstance(error, NotUndoneError):
                raise
        else:
            transaction.on_commit(_hint, robust=True)
            return _submitted(made, created=True)
    raise AssertionError("unreachable")


def _write(fields: dict[str, Any], supersedes: UUID | None) -> Classification:
    """Write the row; a usual one needs no transaction around its one statement."""
    alone = supersedes is None and not connection.in_atomic_block
    with nullcontext() if alone else transaction.atomic():
        if supersedes is not None:
            _take_back(fields, supersedes)
        made = vote_write(fields, anyway=supersedes is not None)
        return made if made is not None else _write_training(fields)


def _write_training(fields: dict[str, Any]) -> Classification:
    """The answer to a subject whose answer is known; it takes no place, and the database counts it once."""
    known = _known(fields["workflow"], fields["subject_id"])
    if known is None:
        raise ValidationError({"subject": _("This subject is not part of the workflow.")})
    metadata = fields["metadata"] | {"feedback": feedback_metadata(known, fields["answer"] == known.answer)}
    mine = Classification.objects.filter(
        workflow=fields["workflow"], subject=fields["subject_id"], volunteer=fields["volunteer"], counted=True
    )
    aside = Classification.SetAside.REPEAT if mine.exists() else ""
    fields = fields | {"metadata": metadata, "training": True, "counted": not aside, "set_aside": aside}
    return Classification.objects.create(**fields)


def _known(workflow: Workflow, subject_id: int) -> KnownAnswer | None:
    found = KnownAnswer.objects.filter(workflow=workflow, subject=subject_id)
    known = found.select_related("subject__cutout__exposure__observation").first()
    if known is not None:
        known.workflow = workflow
    return known


def _submitted(made: Classification, *, created: bool) -> Submitted:
    known = _known(made.workflow, made.subject_id) if made.training else None
    return Submitted(made, created, feedback_of(made, known) if known is not None else None)


def _picture_size(subject_id: int) -> tuple[int, int] | None:
    """Width and height of a subject's picture; None where it has none."""
    size = Subject.objects.filter(pk=subject_id).values_list("cutout__width", "cutout__height").first()
    return size if size and size[0] else None


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
    if any(talked_about(latest) for talked_about in TALK):
        raise NotUndoneError(_("You have written about this image since. Your answer stays as it was."))
    latest.counted, latest.set_aside, latest.aggregated = False, Classification.SetAside.UNDONE, False
    latest.save(update_fields=["counted", "set_aside", "aggregated"])
    Consensus.objects.filter(workflow=fields["workflow"], subject=latest.subject_id).update(
        votes_taken=Greatest(F("votes_taken") - 1, 0)
    )


def _first_with(key: UUID, volunteer: Volunteer, subject_id: int) -> Classification | None:
    found = Classification.objects.filter(key=key).select_related("workflow").first()
    if found is not None and (found.volunteer_id, found.subject_id) != (volunteer.pk, subject_id):
        raise KeyTakenError
    return found


def _check_times(started_at: datetime, finished_at: datetime) -> None:
    now = timezone.now()
    if finished_at < started_at:
        raise ValidationError({"finished_at": _("The answer ended before it began.")})
    if finished_at > now + CLOCK_SLACK or started_at < now - LONGEST_AGE:
        raise ValidationError({"started_at": _("The clock of your device is far from ours; please set it.")})


_hinted = [-HINT_EVERY_S]


def _hint() -> None:
    """Ask for counting soon; once a second is enough, and the scheduler asks anyway."""
    from classify.tasks import aggregate

    now = time.monotonic()
    if now - _hinted[0] < HINT_EVERY_S:  # this process has asked; the others are asked in Redis
        return
    _hinted[0] = now
    if cache.add("classify.hint", 1, timeout=1) and cache.get("classify.hint"):  # else Redis is away
        aggregate.apply_async(retry=False, expires=30)
