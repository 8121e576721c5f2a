"""What there is to look at: tiles that people, or the model, said show a trail, and that nobody has looked at yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from archive.models import Cutout
from catalogue.models import Candidate, ScoreCheck
from classify.models import Consensus, Subject
from ml.models import Score

PASSED_OVER_PER_RUN = 5000


@dataclass(frozen=True)
class Finding:
    """A tile said to show a trail, by whom, and how surely."""

    cutout: Cutout
    source: Candidate.Source
    key: int
    subject_id: int | None = None
    p_yes: float | None = None
    score: Score | None = None


@transaction.atomic
def pass_over() -> None:
    """Mark what ended below the threshold: nothing to find there."""
    unlikely = Q(p_yes=None) | Q(p_yes__lt=F("workflow__yes_threshold")) | Q(subject__cutout=None)
    waiting = Consensus.objects.filter(unlikely, state=Consensus.State.RETIRED, candidates_checked_at=None)
    rows = waiting.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    Consensus.objects.filter(pk__in=list(rows[:PASSED_OVER_PER_RUN])).update(candidates_checked_at=timezone.now())


def findings_by_consensus(limit: int) -> list[Finding]:
    """Tiles that retired with a "yes" and were not looked at yet, oldest first."""
    rows = (
        Consensus.objects.filter(
            state=Consensus.State.RETIRED, candidates_checked_at=None, p_yes__gte=F("workflow__yes_threshold")
        )
        .exclude(subject__cutout=None)
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
            p_yes=row.p_yes,
            score=scores.get(row.subject.cutout_id or 0),
        )
        for row in found
    ]


def _scores_of(cutout_ids: Iterable[int | None]) -> dict[int, Score]:
    rows = Score.objects.filter(cutout_id__in=[pk for pk in cutout_ids if pk], model__active=True)
    return {row.cutout_id: row for row in rows}


def findings_by_model(limit: int) -> list[Finding]:
    """Tiles that the active model scores above its threshold, with or without a vote on them."""
    rows = (
        Score.objects.filter(model__active=True, p_asteroid__gte=F("model__threshold"))
        .filter(~Exists(ScoreCheck.objects.filter(score=OuterRef("pk"))))
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


def is_done(finding: Finding) -> bool:
    """Whether another worker was faster."""
    if finding.source == Candidate.Source.MODEL:
        return ScoreCheck.objects.filter(pk=finding.key).exists()
    return not Consensus.objects.filter(pk=finding.key, candidates_checked_at=None).exists()


def mark_done(finding: Finding) -> None:
    """Write down that the finding was looked at."""
    if finding.source == Candidate.Source.MODEL:
        ScoreCheck.objects.create(score_id=finding.key)
    else:
        Consensus.objects.filter(pk=finding.key).update(candidates_checked_at=timezone.now())
