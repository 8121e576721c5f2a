"""Bring the consensus up to date from the rows: count, posterior, retirement, labels for training.

What is left to do is derived from rows (classifications not yet aggregated), so a lost task loses nothing,
and each subject is counted anew from all its votes, so doing it twice changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import Volunteer
from classify import aggregation
from classify.models import ANSWER_VALUES, Classification, Consensus, Workflow
from ml.models import TrainingLabel

BATCH = 500
COLUMN = {value: index for index, value in enumerate(ANSWER_VALUES)}  # no, yes, impossible to tell
REASONS = {
    "no": Consensus.Reason.NO,
    "yes": Consensus.Reason.YES,
    "unsure": Consensus.Reason.UNSURE,
    "count": Consensus.Reason.COUNT,
}
_Votes = list[tuple[int, str]]


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
    votes = _votes_of(workflow, subject_ids)
    prior = aggregation.class_prior(
        prevalence_yes=workflow.prevalence_yes, prevalence_unsure=workflow.prevalence_unsure
    )
    newly_retired = 0
    for consensus in locked:
        newly_retired += _update(consensus, votes.get(consensus.subject_id, []), workflow, prior)
    _write(locked)
    _write_labels(locked)
    return newly_retired


# What the count may change of a consensus, and the type of its column: `bulk_update` would build a CASE of
# each value in Python, which took four fifths of the whole time. `band` is not here: it belongs to the scores.
COUNTED = {
    "votes_yes": "integer",
    "votes_no": "integer",
    "votes_unsure": "integer",
    "p_yes": "float8",
    "p_unsure": "float8",
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


def _votes_of(workflow: Workflow, subject_ids: set[int]) -> dict[int, _Votes]:
    votes: dict[int, _Votes] = defaultdict(list)
    rows = Classification.objects.filter(
        workflow=workflow, subject_id__in=subject_ids, counted=True, gold_standard=False
    ).order_by("id")
    for subject_id, pk, answer in rows.values_list("subject_id", "id", "answer"):
        votes[subject_id].append((pk, answer))
    return votes


def _update(consensus: Consensus, votes: _Votes, workflow: Workflow, prior: object) -> bool:
    """Set counts and posterior; retire when the rule says so. True when this ended the voting."""
    known = [(pk, COLUMN[answer]) for pk, answer in votes if answer in COLUMN]
    answers = [column for _, column in known]
    tally = Counter(answers)
    consensus.votes_no = tally[aggregation.NO]
    consensus.votes_yes = tally[aggregation.YES]
    consensus.votes_unsure = tally[aggregation.UNSURE]
    p = aggregation.posterior([tally[0], tally[1], tally[2]], prior)  # type: ignore[arg-type]
    before = consensus.p_yes or 0.0
    consensus.p_yes, consensus.p_unsure = float(p[aggregation.YES]), float(p[aggregation.UNSURE])
    consensus.updated_at = timezone.now()
    if consensus.state == Consensus.State.RETIRED:
        if before < workflow.yes_threshold <= consensus.p_yes:
            consensus.candidates_checked_at = None  # late votes found a trail after all
        return False
    end = aggregation.first_retirement(answers, prior, rule_of(workflow))  # type: ignore[arg-type]
    if end is None:
        return False
    index, reason = end
    consensus.state = Consensus.State.RETIRED
    consensus.retirement_reason = REASONS[reason]
    consensus.retired_at = timezone.now()
    consensus.retired_by_id = known[index][0]
    return True


def _write_labels(rows: list[Consensus]) -> None:
    """Tell the models what people decided: one label per retired cutout."""
    labels = []
    for row in rows:
        if row.state != Consensus.State.RETIRED or row.subject.cutout_id is None:
            continue
        p = {"yes": row.p_yes or 0.0, "impossible-to-tell": row.p_unsure or 0.0}
        p["no"] = 1 - sum(p.values())
        label = max(p, key=lambda answer: p[answer])
        source = TrainingLabel.Source.CONSENSUS
        labels.append(TrainingLabel(cutout_id=row.subject.cutout_id, source=source, label=label, weight=p[label]))
    TrainingLabel.objects.bulk_create(
        sorted(labels, key=attrgetter("cutout_id")),  # one order for all workers, again
        update_conflicts=True,
        unique_fields=["cutout", "source"],
        update_fields=["label", "weight", "updated_at"],
    )


@transaction.atomic
def votings_close(rows: QuerySet[Consensus]) -> int:
    """End these votings by hand, as the team decided; how many ended now. Each ends once, whoever else is at it.

    Rows are taken in the order of the aggregation (consensus by workflow and id, then workflows by id), so that
    the two never deadlock.
    """
    locked = list(
        rows.filter(state=Consensus.State.ACTIVE).select_for_update(of=("self",)).order_by("workflow_id", "pk")
        .values_list("pk", "workflow_id")
    )  # fmt: skip
    now = timezone.now()
    Consensus.objects.filter(pk__in=[pk for pk, _ in locked]).update(
        state=Consensus.State.RETIRED, retirement_reason=Consensus.Reason.OTHER, retired_at=now, updated_at=now
    )
    for workflow_id, ended in sorted(Counter(workflow_id for _, workflow_id in locked).items()):
        Workflow.objects.filter(pk=workflow_id).update(retired_count=F("retired_count") + ended)
    return len(locked)


def subjects_close(subject_ids: Iterable[int]) -> int:
    """End the voting on these subjects in all workflows; how many votings ended."""
    return votings_close(Consensus.objects.filter(subject_id__in=list(subject_ids)))
