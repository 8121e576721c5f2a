"""What there is to look at: tiles that people, or the model, said show a trail, and that nobody has looked at yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from archive.models import Cutout
from catalogue.models import Candidate, FindingTry, ScoreCheck
from classify.models import Consensus, Subject, Workflow
from classify.teaching import shows_training
from ml.models import Score

PASSED_OVER_PER_RUN = 5000
TRIED_AGAIN_AFTER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=12))
"""When a finding that failed comes again; after as many tries and one it is given up."""
ERROR_MAX = 500


@dataclass(frozen=True)
class Finding:
    """A tile said to show a trail, and by whom."""

    cutout: Cutout
    source: Candidate.Source
    key: int
    subject_id: int | None = None
    score: Score | None = None


@transaction.atomic
def pass_over() -> None:
    """Mark what ended below the threshold: nothing to find there."""
    unlikely = Q(p_yes=None) | Q(p_yes__lt=F("workflow__yes_threshold")) | Q(subject__cutout=None)
    unlikely |= ~Q(workflow__purpose=Workflow.Purpose.ASTEROIDS)  # its finds are listed with the workflow
    waiting = Consensus.objects.filter(unlikely, state=Consensus.State.RETIRED, candidates_checked_at=None)
    rows = waiting.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    Consensus.objects.filter(pk__in=list(rows[:PASSED_OVER_PER_RUN])).update(candidates_checked_at=timezone.now())


def findings_by_consensus(limit: int) -> list[Finding]:
    """Tiles that retired with a "yes" and were not looked at yet, oldest first."""
    rows = (
        Consensus.objects.filter(
            state=Consensus.State.RETIRED,
            candidates_checked_at=None,
            p_yes__gte=F("workflow__yes_threshold"),
            workflow__purpose=Workflow.Purpose.ASTEROIDS,
        )
        .exclude(subject__cutout=None)
        .filter(~_put_off("consensus"))
        .select_related("subject__cutout__exposure")
        .order_by("retired_at")[:limit]
    )
    found = list(rows)
    scores = _scores_of([row.subject.cutout_id for row in found])
    return [
        Finding(
            cutout=row.subject.cutout,  # type: ignore[arg-type]
            source=Candidate.Source.CONSENSUS,
            key=row.pk,
            subject_id=row.subject_id,
            score=scores.get(row.subject.cutout_id or 0),
        )
        for row in found
    ]


def _scores_of(cutout_ids: Iterable[int | None]) -> dict[int, Score]:
    rows = Score.objects.filter(cutout_id__in=[pk for pk in cutout_ids if pk], model__active=True)
    return {row.cutout_id: row for row in rows}


def findings_by_model(limit: int) -> list[Finding]:
    """Tiles that the active model scores above its threshold, with or without a vote on them; no training images."""
    rows = (
        Score.objects.filter(model__active=True, p_asteroid__gte=F("model__threshold"))
        .filter(~Exists(ScoreCheck.objects.filter(score=OuterRef("pk"))), ~_put_off("score"), ~shows_training("cutout"))
        .select_related("cutout__exposure")[:limit]
    )
    found = list(rows)
    subjects = dict(Subject.objects.filter(cutout__in=[row.cutout_id for row in found]).values_list("cutout_id", "pk"))
    return [
        Finding(
            cutout=row.cutout,
            source=Candidate.Source.MODEL,
            key=row.pk,
            subject_id=subjects.get(row.cutout_id),
            score=row,
        )
        for row in found
    ]


def _put_off(what: str) -> Exists:
    """Whether the finding failed, and its next try is not due or will never be."""
    later = Q(again_at=None) | Q(again_at__gt=timezone.now())
    return Exists(FindingTry.objects.filter(later, **{what: OuterRef("pk")}))


def _of(finding: Finding) -> dict[str, Any]:
    return {"score_id" if finding.source == Candidate.Source.MODEL else "consensus_id": finding.key}


def try_begin(finding: Finding) -> FindingTry:
    """Count a try before it is made: one that takes the worker down with it is put off like any other."""
    attempt, _ = FindingTry.objects.get_or_create(**_of(finding))
    wait = TRIED_AGAIN_AFTER[attempt.attempts] if attempt.attempts < len(TRIED_AGAIN_AFTER) else None
    attempt.again_at = timezone.now() + wait if wait else None
    attempt.attempts += 1
    attempt.error = ""
    attempt.save()
    return attempt


def try_failed(attempt: FindingTry, error: Exception) -> None:
    """Write down why a try failed."""
    attempt.error = f"{type(error).__name__}: {error}".replace("\x00", "")[:ERROR_MAX]
    attempt.save(update_fields=["error"])


def mark_done(finding: Finding) -> None:
    """Write down that the finding was looked at."""
    FindingTry.objects.filter(**_of(finding)).delete()
    if finding.source == Candidate.Source.MODEL:
        ScoreCheck.objects.create(score_id=finding.key)
    else:
        Consensus.objects.filter(pk=finding.key).update(candidates_checked_at=timezone.now())
