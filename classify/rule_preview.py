"""What another rule of retirement would have made of the votes that are there already."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify import aggregation
from classify.consensus import start_of
from classify.models import Classification, Consensus, Workflow
from ml.scores import ActiveScores, scores_active

SUBJECTS = 2_000  # the newest retired ones that people voted on: an answer within a second or two
CHANGED_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Changed:
    """A subject that would have been decided otherwise."""

    subject_id: int
    before: str
    after: str
    votes_before: int
    votes_after: int


@dataclass(frozen=True, slots=True)
class RulePreview:
    """Of ``subjects`` that have retired: what the proposed rule would have made of the same votes, in their order.

    ``retired`` of them would have retired with the votes they have; ``votes`` were needed, ``votes_then`` would have
    been. ``changed`` holds those whose decision would be another one, ``flips`` how many of each kind.
    """

    subjects: int
    retired: int
    votes: int
    votes_then: int
    reasons: list[tuple[str, int]]
    flips: list[tuple[str, str, int]]
    changed: list[Changed]

    @property
    def fewer_percent(self) -> float:
        """How many percent fewer votes; negative when more. Subjects that would still wait count all their votes."""
        return 100 * (1 - self.votes_then / self.votes) if self.votes else 0.0


def rule_preview(workflow: Workflow, proposed: Workflow) -> RulePreview:
    """Replay the kept evidence of the newest retired subjects under the proposed rule; nothing is written.

    ``proposed`` is an unsaved copy of the workflow with other numbers. A subject that got few votes because it retired
    early cannot show what more votes would have said: it then counts as not retired.
    """
    rows = list(
        Consensus.objects.filter(workflow=workflow, state=Consensus.State.RETIRED, retired_by__isnull=False)
        .select_related("subject")
        .order_by("-retired_at")[:SUBJECTS]
    )
    scores = scores_active([row.subject.cutout_id for row in rows if row.subject.cutout_id])
    evidence = _evidence(workflow, [row.subject_id for row in rows])
    reasons: Counter[str] = Counter()
    flips: Counter[tuple[str, str]] = Counter()
    changed: list[Changed] = []
    votes = votes_then = retired = subjects = 0
    for row in rows:
        added = evidence.get(row.subject_id)
        if added is None:
            continue
        subjects += 1
        was = _end(row, workflow, scores, added)
        then = _end(row, proposed, scores, added)
        votes += was.votes
        votes_then += then.votes
        retired += then.ended
        if then.ended:
            reasons[then.reason] += 1
        if was.decision != then.decision:
            flips[was.decision, then.decision] += 1
            changed.append(Changed(row.subject_id, was.decision, then.decision, was.votes, then.votes))
    return RulePreview(
        subjects, retired, votes, votes_then, reasons.most_common(),
        [(before, after, n) for (before, after), n in flips.most_common()], changed[:CHANGED_SHOWN],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _End:
    ended: bool
    votes: int
    reason: str
    decision: str


def _end(row: Consensus, workflow: Workflow, scores: ActiveScores, added: NDArray[np.float64]) -> _End:
    """How the voting on a subject ends under a workflow's rule, with the votes it has."""
    prior = aggregation.class_prior(
        prevalence_yes=workflow.prevalence_yes, prevalence_unsure=workflow.prevalence_unsure
    )
    began = start_of(row, workflow, prior, scores)
    end = aggregation.first_retirement(added, began.prior, began.rule)
    votes = len(added) if end is None else end[0] + 1
    p = aggregation.replay(added[:votes], prior)[-1]
    if end is None:
        return _End(False, votes, "", "open")
    decision = "yes" if p[aggregation.YES] >= workflow.yes_threshold else "unsure" if p.argmax() == 2 else "no"
    return _End(True, votes, end[1], decision)


def _evidence(workflow: Workflow, subject_ids: list[int]) -> dict[int, NDArray[np.float64]]:
    """The kept evidence of the counted votes on each subject, in the order they came; shape (votes, 3) each."""
    kept: dict[int, list[list[float]]] = defaultdict(list)
    rows = Classification.objects.filter(
        workflow=workflow, subject__in=subject_ids, counted=True, gold_standard=False, evidence__isnull=False
    ).order_by("pk")
    for subject_id, added in rows.values_list("subject_id", "evidence").iterator():
        kept[subject_id].append(added or [])
    return {subject_id: np.array(added) for subject_id, added in kept.items()}
