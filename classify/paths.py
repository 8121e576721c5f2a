"""How the voting on a subject went, vote by vote, and what ended it; for the team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.utils.translation import gettext as _

from classify import aggregation
from classify.consensus import start_of
from classify.models import Classification, Consensus, Subject
from ml.charts import Axis, LineChart, line_chart
from ml.scores import scores_active

SHOWN_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One vote: who, when, what, and the probabilities after it (None: it does not count)."""

    number: int | None
    who: str
    at: datetime
    answer: str
    note: str
    p_yes: float | None
    p_unsure: float | None
    p_yes_scored: float | None
    ended: bool


@dataclass(frozen=True, slots=True)
class Path:
    """The voting on a subject in one workflow. ``prior`` and ``prior_scored`` are P(yes) before any vote."""

    consensus: Consensus
    prior: float
    prior_scored: float | None
    steps: list[Step]
    chart: LineChart | None
    more: bool


def paths_of(subject: Subject) -> list[Path]:
    """One path for each workflow that the subject is voted on in; replayed from the evidence kept with the votes."""
    rows = Consensus.objects.filter(subject=subject).select_related("workflow", "subject").order_by("pk")
    return [_path(row) for row in rows]


def _path(consensus: Consensus) -> Path:
    workflow = consensus.workflow
    prior = aggregation.class_prior(
        prevalence_yes=workflow.prevalence_yes, prevalence_unsure=workflow.prevalence_unsure
    )
    scores = scores_active([consensus.subject.cutout_id] if consensus.subject.cutout_id else [])
    began = start_of(consensus, workflow, prior, scores)
    votes = list(
        Classification.objects.filter(workflow=workflow, subject=consensus.subject_id)
        .select_related("volunteer__user")
        .order_by("pk")[: SHOWN_AT_MOST + 1]
    )
    shown = votes[:SHOWN_AT_MOST]
    added = [vote.evidence for vote in shown if vote.counted and not vote.gold_standard and vote.evidence]
    evidence = np.array(added).reshape(-1, len(prior))
    plain = iter(aggregation.replay(evidence, prior))
    scored = iter(aggregation.replay(evidence, began.prior))
    labels = {answer["value"]: answer["label"] for answer in workflow.answers}
    steps, number = [], 0
    for vote in shown:
        after = scored_after = None
        if vote.counted and not vote.gold_standard and vote.evidence:
            after, scored_after, number = next(plain), next(scored), number + 1
        steps.append(
            Step(
                number=number if after is not None else None,
                who=vote.volunteer.user.public_name if vote.volunteer.user else vote.volunteer.anonymous_name,
                at=vote.created_at,
                answer=labels.get(vote.answer, vote.answer),
                note=_note(vote),
                p_yes=float(after[aggregation.YES]) if after is not None else None,
                p_unsure=float(after[aggregation.UNSURE]) if after is not None else None,
                p_yes_scored=float(scored_after[aggregation.YES])
                if scored_after is not None and began.scored
                else None,
                ended=vote.pk == consensus.retired_by_id,
            )
        )
    prior_scored = float(began.prior[aggregation.YES]) if began.scored else None
    first = float(prior[aggregation.YES])
    return Path(
        consensus,
        first,
        prior_scored,
        steps,
        _chart(steps, workflow.pk, first, prior_scored),
        len(votes) > SHOWN_AT_MOST,
    )


def _note(vote: Classification) -> str:
    if vote.set_aside:
        return str(vote.get_set_aside_display())
    if vote.gold_standard:
        return _("an expert's known answer")
    return "" if vote.evidence else _("not counted yet")


def _chart(steps: list[Step], workflow_id: int, prior: float, prior_scored: float | None) -> LineChart | None:
    counted = [step for step in steps if step.number is not None]
    if not counted:
        return None
    lines = [(_("P(yes), votes alone"), [(0.0, prior), *((float(s.number or 0), s.p_yes or 0.0) for s in counted)])]
    if prior_scored is not None:
        path = [(0.0, prior_scored), *((float(s.number or 0), s.p_yes_scored or 0.0) for s in counted)]
        lines.append((_("P(yes), votes and score"), path))
    last = len(counted)
    ticks = sorted({0, *range(0, last + 1, max(1, last // 6)), last})
    x = Axis(_("votes"), 0, max(last, 1), ticks)
    y = Axis(_("P(yes)"), 0, 1, (0, 0.25, 0.5, 0.75, 1))
    return line_chart(f"path-{workflow_id}", _("How the probability of a yes moved with each vote"), x, y, lines)
