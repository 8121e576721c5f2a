"""Bring the consensus up to date from the rows: count, posterior, retirement, labels for training.

What is left to do is derived from rows (classifications not yet aggregated), so a lost task loses nothing,
and each subject is counted anew from all its votes, so doing it twice changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from accounts.models import Volunteer
from classify import aggregation
from classify.labels import consensus_labels_write, known_labels_write
from classify.models import ANSWER_VALUES, Classification, Consensus, Workflow
from ml.scores import ActiveScores, scores_active

BATCH = 500
COLUMN = {value: index for index, value in enumerate(ANSWER_VALUES)}  # no, yes, impossible to tell
REASONS = {
    "no": Consensus.Reason.NO,
    "yes": Consensus.Reason.YES,
    "unsure": Consensus.Reason.UNSURE,
    "count": Consensus.Reason.COUNT,
}
_Votes = list[tuple[int, str]]
Prior = NDArray[np.float64]


def rule_of(workflow: Workflow) -> aggregation.RetirementRule:
    """The workflow's retirement rule as the pure module takes it."""
    return aggregation.RetirementRule(
        min_votes=workflow.min_votes,
        max_votes=workflow.max_votes,
        no_below=workflow.retire_no_below,
        yes_above=workflow.retire_yes_above,
        unsure_above=workflow.retire_unsure_above,
    )


def classifications_aggregate(*, batches: int = 1000) -> int:
    """Count all classifications that are not yet in the consensus; how many there were."""
    total = 0
    for _ in range(batches):
        done = _aggregate_batch()
        total += done
        if done < BATCH:
            break
    return total


@transaction.atomic
def _aggregate_batch() -> int:
    pending = list(
        Classification.objects.filter(aggregated=False)
        # "no key": pointing retired_by at a vote must not wait for the worker that is counting it
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("id")
        .values("id", "workflow_id", "subject_id", "volunteer_id")[:BATCH]
    )
    if not pending:
        return 0
    subjects_of: dict[int, set[int]] = defaultdict(set)
    for row in pending:
        subjects_of[row["workflow_id"]].add(row["subject_id"])
    retired = {
        workflow.pk: _recount(workflow, subjects_of[workflow.pk])
        for workflow in Workflow.objects.filter(pk__in=subjects_of).order_by("pk")
    }
    Classification.objects.filter(pk__in=[row["id"] for row in pending]).update(aggregated=True)
    _count_up(pending, retired)
    return len(pending)


COUNT_PEOPLE = """
UPDATE accounts_volunteer AS v
   SET classifications_count = v.classifications_count + n.votes
  FROM unnest(%s::bigint[], %s::integer[]) AS n(id, votes)
 WHERE v.id = n.id
"""


def _count_up(pending: Sequence[Mapping[str, Any]], retired: dict[int, int]) -> None:
    """The counters that pages show; in the same transaction as the mark, so each vote counts once.

    Rows are taken in one order (people, then workflows, each by id), so that two workers never deadlock.
    """
    people = Counter(row["volunteer_id"] for row in pending)
    # An UPDATE takes its rows in whatever order its plan meets them; hence locked by id first.
    rows = Volunteer.objects.filter(pk__in=people).select_for_update(no_key=True).order_by("pk")
    list(rows.values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute(COUNT_PEOPLE, [list(people.keys()), list(people.values())])
    for workflow_id, votes in sorted(Counter(row["workflow_id"] for row in pending).items()):
        Workflow.objects.filter(pk=workflow_id).update(
            classifications_count=F("classifications_count") + votes,
            retired_count=F("retired_count") + retired.get(workflow_id, 0),
        )


def _recount(workflow: Workflow, subject_ids: set[int]) -> int:
    """Rewrite the consensus of these subjects from all their counted votes; how many retired now."""
    locked = list(
        Consensus.objects.filter(workflow=workflow, subject_id__in=subject_ids)
        .select_for_update(of=("self",))
        .select_related("subject")
        .defer("subject__metadata")
        .order_by("pk")  # one order for all, so that two workers never wait for each other
    )
    votes, known_answers = _votes_of(workflow, subject_ids)
    prior = aggregation.class_prior(
        prevalence_yes=workflow.prevalence_yes, prevalence_unsure=workflow.prevalence_unsure
    )
    scores = scores_active([row.subject.cutout_id for row in locked if row.subject.cutout_id])
    newly_retired = 0
    for consensus in locked:
        began = start_of(consensus, workflow, prior, scores)
        newly_retired += _update(consensus, votes.get(consensus.subject_id, []), workflow, prior, began)
    _write(locked)
    consensus_labels_write(locked, workflow)
    known_labels_write(locked, known_answers)
    return newly_retired


@dataclass(frozen=True, slots=True)
class Start:
    """Where the voting on a subject begins, as far as its end is concerned: the prior, and the rule."""

    prior: Prior
    rule: aggregation.RetirementRule
    scored: bool


def start_of(consensus: Consensus, workflow: Workflow, prior: Prior, scores: ActiveScores) -> Start:
    """With a score of the active model: the prior that it gives, and fewer votes at least.

    The share of subjects drawn for people whatever the model says begins without: the model's misses are measured
    on it.
    """
    score = scores.by_cutout.get(consensus.subject.cutout_id or 0)
    if score is None or not workflow.score_as_prior or consensus.shuffle < workflow.low_score_share:
        return Start(prior, rule_of(workflow), scored=False)
    rule = replace(rule_of(workflow), min_votes=min(workflow.min_votes, workflow.min_votes_scored))
    moved = aggregation.scored_prior(score, prior, trained_share=scores.trained_share)
    return Start(moved, rule, scored=True)


# What the count may change of a consensus, and the type of its column: `bulk_update` would build a CASE of
# each value in Python, which took four fifths of the whole time. `band` is not here: it belongs to the scores.
COUNTED = {
    "votes_yes": "integer",
    "votes_no": "integer",
    "votes_unsure": "integer",
    "p_yes": "float8",
    "p_unsure": "float8",
    "p_yes_scored": "float8",
    "updated_at": "timestamptz",
    "state": "text",
    "retirement_reason": "text",
    "retired_at": "timestamptz",
    "retired_by_id": "bigint",
    "candidates_checked_at": "timestamptz",
}
WRITE = f"""
UPDATE classify_consensus AS c
   SET {", ".join(f"{column} = n.{column}" for column in COUNTED)}
  FROM unnest(%s::bigint[], {", ".join(f"%s::{kind}[]" for kind in COUNTED.values())})
    AS n(id, {", ".join(COUNTED)})
 WHERE c.id = n.id
"""


def _write(rows: list[Consensus]) -> None:
    """Write the counted columns of these locked rows in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [[getattr(row, column) for row in rows] for column in ("id", *COUNTED)])


def _votes_of(workflow: Workflow, subject_ids: set[int]) -> tuple[dict[int, _Votes], dict[int, str]]:
    """The counted votes on each subject in order, and the newest known answer where an expert gave one."""
    votes: dict[int, _Votes] = defaultdict(list)
    known: dict[int, str] = {}
    rows = Classification.objects.filter(workflow=workflow, subject_id__in=subject_ids, counted=True).order_by("id")
    for subject_id, pk, answer, gold in rows.values_list("subject_id", "id", "answer", "gold_standard"):
        if gold:
            known[subject_id] = answer
        else:
            votes[subject_id].append((pk, answer))
    return votes, known


def _update(consensus: Consensus, votes: _Votes, workflow: Workflow, prior: Prior, began: Start) -> bool:
    """Set counts and posterior; retire when the rule says so. True when this ended the voting.

    Two posteriors are kept: of the votes alone (what is published, and what models learn from), and of votes and
    score, which says how many votes the subject needs.
    """
    known = [(pk, COLUMN[answer]) for pk, answer in votes if answer in COLUMN]
    answers = [column for _, column in known]
    tally = Counter(answers)
    counts = [tally[aggregation.NO], tally[aggregation.YES], tally[aggregation.UNSURE]]
    consensus.votes_no, consensus.votes_yes, consensus.votes_unsure = counts
    p = aggregation.posterior(counts, prior)
    before = consensus.p_yes or 0.0
    consensus.p_yes, consensus.p_unsure = float(p[aggregation.YES]), float(p[aggregation.UNSURE])
    consensus.p_yes_scored = (
        float(aggregation.posterior(counts, began.prior)[aggregation.YES]) if began.scored else None
    )
    consensus.updated_at = timezone.now()
    if consensus.state == Consensus.State.RETIRED:
        if before < workflow.yes_threshold <= consensus.p_yes:
            consensus.candidates_checked_at = None  # late votes found a trail after all
        return False
    end = aggregation.first_retirement(answers, began.prior, began.rule)
    if end is None:
        return False
    index, reason = end
    consensus.state = Consensus.State.RETIRED
    consensus.retirement_reason = REASONS[reason]
    consensus.retired_at = timezone.now()
    consensus.retired_by_id = known[index][0]
    return True


@transaction.atomic
def votings_close(rows: QuerySet[Consensus], *, reason: Consensus.Reason = Consensus.Reason.OTHER) -> int:
    """End these votings without their votes' say; how many ended now. Each ends once, whoever else is at it.

    Rows are taken in the order of the aggregation (consensus by workflow and id, then workflows by id), so that
    the two never deadlock.
    """
    locked = list(
        rows.filter(state=Consensus.State.ACTIVE).select_for_update(of=("self",)).order_by("workflow_id", "pk")
        .values_list("pk", "workflow_id")
    )  # fmt: skip
    now = timezone.now()
    Consensus.objects.filter(pk__in=[pk for pk, _ in locked]).update(
        state=Consensus.State.RETIRED, retirement_reason=reason, retired_at=now, updated_at=now
    )
    for workflow_id, ended in sorted(Counter(workflow_id for _, workflow_id in locked).items()):
        Workflow.objects.filter(pk=workflow_id).update(retired_count=F("retired_count") + ended)
    return len(locked)


@transaction.atomic
def votings_reopen(rows: QuerySet[Consensus]) -> int:
    """Go on with these votings that had ended; how many go on now. Rows are taken in the same order as there."""
    locked = list(
        rows.filter(state=Consensus.State.RETIRED).select_for_update(of=("self",)).order_by("workflow_id", "pk")
        .values_list("pk", "workflow_id")
    )  # fmt: skip
    Consensus.objects.filter(pk__in=[pk for pk, _ in locked]).update(
        state=Consensus.State.ACTIVE, retirement_reason="", retired_at=None, retired_by=None,
        candidates_checked_at=None, updated_at=timezone.now(),
    )  # fmt: skip
    for workflow_id, opened in sorted(Counter(workflow_id for _, workflow_id in locked).items()):
        Workflow.objects.filter(pk=workflow_id).update(retired_count=F("retired_count") - opened)
    return len(locked)


def subjects_close(subject_ids: Iterable[int]) -> int:
    """End the voting on these subjects in all workflows; how many votings ended."""
    return votings_close(Consensus.objects.filter(subject_id__in=list(subject_ids)))
