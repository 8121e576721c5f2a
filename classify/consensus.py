"""Bring the consensus up to date from the rows: count, posterior, retirement, labels for training.

What is left to do is derived from rows (classifications not yet aggregated), so a lost task loses nothing,
and each subject is counted anew from all its votes, so doing it twice changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from accounts.models import Volunteer
from classify import aggregation
from classify.labels import consensus_labels_write, known_labels_write
from classify.models import ANSWER_VALUES, Classification, Consensus, KnownAnswer, Workflow
from classify.weighing import Vote, crowd_of_workflow, votes_weigh
from ml.scores import ActiveScores, scores_active

BATCH = 500
COLUMN = {value: index for index, value in enumerate(ANSWER_VALUES)}  # no, yes, impossible to tell
REASONS = {
    "no": Consensus.Reason.NO,
    "yes": Consensus.Reason.YES,
    "unsure": Consensus.Reason.UNSURE,
    "count": Consensus.Reason.COUNT,
}
PENDING = ("id", "workflow_id", "subject_id", "volunteer_id", "created_at", "set_aside", "evidence")
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
        .values(*PENDING)[:BATCH]
    )
    if not pending:
        return 0
    subjects_of: dict[int, set[int]] = defaultdict(set)
    for row in pending:
        subjects_of[row["workflow_id"]].add(row["subject_id"])
    counted = {
        workflow.pk: _recount(workflow, subjects_of[workflow.pk], [row["id"] for row in pending])
        for workflow in Workflow.objects.filter(pk__in=subjects_of).order_by("pk")
    }
    _count_up(pending, counted)
    Classification.objects.filter(pk__in=[row["id"] for row in pending]).update(aggregated=True)
    undone = [row["id"] for row in pending if row["set_aside"] == Classification.SetAside.UNDONE]
    Classification.objects.filter(pk__in=undone).update(evidence=None)
    return len(pending)


COUNT_PEOPLE = """
UPDATE accounts_volunteer AS v
   SET classifications_count = v.classifications_count + n.votes
  FROM unnest(%s::bigint[], %s::integer[]) AS n(id, votes)
 WHERE v.id = n.id
"""


COUNT_HOURS = """
INSERT INTO classify_hourlycount (workflow_id, hour, classifications)
SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::integer[]) AS n(workflow_id, hour, votes) WHERE votes > 0
    ON CONFLICT (workflow_id, hour)
    DO UPDATE SET classifications = classify_hourlycount.classifications + excluded.classifications
"""


TAKE_OFF_HOURS = """
UPDATE classify_hourlycount AS h SET classifications = greatest(h.classifications + n.votes, 0)
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::integer[]) AS n(workflow_id, hour, votes)
 WHERE n.votes < 0 AND h.workflow_id = n.workflow_id AND h.hour = n.hour
"""


@dataclass(frozen=True, slots=True)
class Recount:
    """What a recount of a workflow's subjects brought: how many retired, and what the crowd learnt, (3, 3)."""

    retired: int
    learnt: NDArray[np.float64]


def _weight(row: Mapping[str, Any]) -> int:
    """As how many classifications a row adds to the counters: one taken back after it was counted takes itself off."""
    if row["set_aside"] != Classification.SetAside.UNDONE:
        return 1
    return 0 if row["evidence"] is None else -1


def _count_up(pending: Sequence[Mapping[str, Any]], recounts: dict[int, Recount]) -> None:
    """The counters that pages show; in the same transaction as the mark, so each vote counts once.

    Rows are taken in one order (people, then hours, then workflows, each by id), so that two workers never deadlock.
    """
    people, hours, workflows = Counter[int](), Counter[tuple[int, datetime]](), Counter[int]()
    for row in pending:
        weight = _weight(row)
        people[row["volunteer_id"]] += weight
        workflows[row["workflow_id"]] += weight
        hours[row["workflow_id"], row["created_at"].replace(minute=0, second=0, microsecond=0)] += weight
    # An UPDATE takes its rows in whatever order its plan meets them; hence locked by id first.
    rows = Volunteer.objects.filter(pk__in=people).select_for_update(no_key=True).order_by("pk")
    list(rows.values_list("pk"))
    by_hour = sorted(hours.items())
    with connection.cursor() as cursor:
        cursor.execute(COUNT_PEOPLE, [list(people.keys()), list(people.values())])
        values: list[Any] = [[k[0] for k, _ in by_hour], [k[1] for k, _ in by_hour], [n for _, n in by_hour]]
        cursor.execute(COUNT_HOURS, values)
        if any(n < 0 for n in values[2]):
            cursor.execute(TAKE_OFF_HOURS, values)
    for workflow in Workflow.objects.filter(pk__in=workflows).select_for_update(no_key=True).order_by("pk"):
        recount = recounts[workflow.pk]
        crowd = (crowd_of_workflow(workflow) + recount.learnt).ravel().tolist() if recount.learnt.any() else F("crowd")
        Workflow.objects.filter(pk=workflow.pk).update(
            classifications_count=F("classifications_count") + workflows[workflow.pk],
            retired_count=F("retired_count") + recount.retired,
            crowd=crowd,
        )


def _recount(workflow: Workflow, subject_ids: set[int], batch: Sequence[int]) -> Recount:
    """Rewrite the consensus of these subjects from all their counted votes, those of this batch included.

    Votes that wait for another worker are left to it: it holds their rows, and comes for the subject after us.
    """
    locked = list(
        Consensus.objects.filter(workflow=workflow, subject_id__in=subject_ids)
        .select_for_update(of=("self",))
        .select_related("subject")
        .defer("subject__metadata")
        .order_by("pk")  # one order for all, so that two workers never wait for each other
    )
    votes, known_answers = _votes_of(workflow, subject_ids, batch)
    prior = aggregation.class_prior(
        prevalence_yes=workflow.prevalence_yes, prevalence_unsure=workflow.prevalence_unsure
    )
    learnt = votes_weigh(workflow, [vote for those in votes.values() for vote in those], prior)
    scores = scores_active([row.subject.cutout_id for row in locked if row.subject.cutout_id])
    newly_retired = 0
    for consensus in locked:
        began = start_of(consensus, workflow, prior, scores)
        newly_retired += _update(consensus, votes.get(consensus.subject_id, []), workflow, prior, began)
    _write(locked)
    if workflow.purpose == Workflow.Purpose.ASTEROIDS:
        consensus_labels_write(locked, workflow)
        known_labels_write(locked, known_answers)
    return Recount(newly_retired, learnt)


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
    asteroids = workflow.purpose == Workflow.Purpose.ASTEROIDS  # what the model's score is about
    if score is None or not asteroids or not workflow.score_as_prior or consensus.shuffle < workflow.low_score_share:
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


def _votes_of(
    workflow: Workflow, subject_ids: set[int], batch: Sequence[int]
) -> tuple[dict[int, list[Vote]], dict[int, str]]:
    """The counted votes on each subject in order, and the newest known answer where an expert gave one."""
    votes: dict[int, list[Vote]] = defaultdict(list)
    known: dict[int, str] = {}
    truth = dict(
        KnownAnswer.objects.filter(workflow=workflow, subject__in=subject_ids).values_list("subject_id", "answer")
    )
    mine = Q(aggregated=True) | Q(pk__in=batch)
    rows = Classification.objects.filter(mine, workflow=workflow, subject_id__in=subject_ids, counted=True)
    fields = ("id", "subject_id", "volunteer_id", "answer", "gold_standard", "evidence")
    for pk, subject_id, volunteer_id, answer, gold, evidence in rows.order_by("id").values_list(*fields):
        if gold:
            known[subject_id] = answer
        elif answer in COLUMN:
            added = None if evidence is None else np.array(evidence)
            right = COLUMN[truth[subject_id]] if subject_id in truth else None
            votes[subject_id].append(Vote(pk, subject_id, volunteer_id, COLUMN[answer], added, right))
    return votes, known


def _update(consensus: Consensus, votes: list[Vote], workflow: Workflow, prior: Prior, began: Start) -> bool:
    """Set counts and posterior; retire when the rule says so. True when this ended the voting.

    Two posteriors are kept: of the votes alone (what is published, and what models learn from), and of votes and
    score, which says how many votes the subject needs.
    """
    tally = Counter(vote.column for vote in votes)
    consensus.votes_no, consensus.votes_yes, consensus.votes_unsure = (
        tally[aggregation.NO], tally[aggregation.YES], tally[aggregation.UNSURE],
    )  # fmt: skip
    evidence = np.array([vote.evidence for vote in votes]).reshape(-1, len(prior))
    p = _after(evidence, prior)
    before = consensus.p_yes or 0.0
    consensus.p_yes, consensus.p_unsure = float(p[aggregation.YES]), float(p[aggregation.UNSURE])
    consensus.p_yes_scored = float(_after(evidence, began.prior)[aggregation.YES]) if began.scored else None
    consensus.updated_at = timezone.now()
    if consensus.state == Consensus.State.RETIRED:
        if before < workflow.yes_threshold <= consensus.p_yes:
            consensus.candidates_checked_at = None  # late votes found a trail after all
        return False
    end = aggregation.first_retirement(evidence, began.prior, began.rule)
    if end is None:
        return False
    index, reason = end
    consensus.state = Consensus.State.RETIRED
    consensus.retirement_reason = REASONS[reason]
    consensus.retired_at = timezone.now()
    consensus.retired_by_id = votes[index].pk
    return True


def _after(evidence: Prior, prior: Prior) -> Prior:
    """The posterior after all votes; the prior where there are none."""
    return aggregation.replay(evidence, prior)[-1] if len(evidence) else prior


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
