"""What each vote says, given who gave it: its evidence is worked out once, kept with it, and teaches about people.

The rule is that of `classify.aggregate_online`: a vote is judged by the rows its voter had when it came, and teaches
about the voter once the subject's truth is known or two others have answered. Kept evidence repeats every path exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from classify import aggregation
from classify.aggregate_em import normalised
from classify.aggregate_online import FIRST_CROWD_VOTES, VOTES_BEFORE_LEARNING
from classify.models import VolunteerSkill, Workflow

Floats = NDArray[np.float64]
CLASSES = len(aggregation.CROWD)


@dataclass(slots=True)
class Vote:
    """A vote that counts: its answer as a column, what it added (None: not weighed yet), and the truth if known."""

    pk: int
    subject_id: int
    volunteer_id: int
    column: int
    evidence: Floats | None
    truth: int | None = None


def crowd_start() -> Floats:
    """How often all people together gave each answer before anybody did; shape (3, 3)."""
    return np.asarray(FIRST_CROWD_VOTES * aggregation.CROWD)


def crowd_of_workflow(workflow: Workflow) -> Floats:
    """How often all people of a workflow together gave each answer (column) to each truth (row); shape (3, 3)."""
    return crowd_start() if workflow.crowd is None else np.array(workflow.crowd).reshape(CLASSES, CLASSES)


def votes_weigh(workflow: Workflow, votes: Iterable[Vote], prior: Floats) -> Floats:
    """Give evidence to all votes that have none, in the order they came; what the crowd learnt from them, (3, 3).

    ``votes`` holds every counted vote on its subjects. Evidence and the people's rows are written; the crowd's
    share is for the caller to add to the workflow's.
    """
    ordered = sorted(votes, key=lambda vote: vote.pk)
    fresh = [vote for vote in ordered if vote.evidence is None]
    learnt = np.zeros((CLASSES, CLASSES))
    if not fresh:
        return learnt
    skills = _skills_locked(workflow, {vote.volunteer_id for vote in fresh})
    counts = {key: np.array(skill.counts).reshape(CLASSES, CLASSES) for key, skill in skills.items()}
    crowd = crowd_of_workflow(workflow)
    log_odds: dict[int, Floats] = defaultdict(lambda: np.log(prior))
    seen: dict[int, int] = defaultdict(int)
    for vote in ordered:
        if vote.evidence is None:
            mine = counts[vote.volunteer_id]
            rows = aggregation.volunteer_rows(mine, normalised(crowd))
            vote.evidence = np.log(rows[:, vote.column]) / aggregation.TEMPERATURE
            lesson = _lesson(vote, log_odds[vote.subject_id], seen[vote.subject_id])
            if lesson is not None:
                for table in (mine, crowd, learnt):
                    table[:, vote.column] += lesson
        log_odds[vote.subject_id] = log_odds[vote.subject_id] + vote.evidence
        seen[vote.subject_id] += 1
    _write_evidence(fresh)
    _write_skills(skills, counts, fresh)
    return learnt


def _lesson(vote: Vote, log_odds: Floats, seen: int) -> Floats | None:
    if vote.truth is not None:
        return np.eye(CLASSES)[vote.truth]
    return aggregation.softmax(log_odds) if seen >= VOTES_BEFORE_LEARNING else None


MAKE_SKILLS = f"""
INSERT INTO classify_volunteerskill (workflow_id, volunteer_id, counts, training_seen, training_right, updated_at)
SELECT %s, id, array_fill(0::float8, ARRAY[{CLASSES**2}]), 0, 0, now() FROM unnest(%s::bigint[]) AS n(id) ORDER BY id
    ON CONFLICT DO NOTHING
"""


def _skills_locked(workflow: Workflow, volunteer_ids: set[int]) -> dict[int, VolunteerSkill]:
    """These people's rows, made where missing and locked in one order for all workers."""
    ordered = sorted(volunteer_ids)
    with connection.cursor() as cursor:
        cursor.execute(MAKE_SKILLS, [workflow.pk, ordered])
    rows = VolunteerSkill.objects.filter(workflow=workflow, volunteer__in=ordered).select_for_update()
    return {row.volunteer_id: row for row in rows.order_by("volunteer_id")}


WRITE_EVIDENCE = """
UPDATE classify_classification AS v SET evidence = ARRAY[n.no, n.yes, n.unsure]
  FROM unnest(%s::bigint[], %s::float8[], %s::float8[], %s::float8[]) AS n(id, no, yes, unsure)
 WHERE v.id = n.id
"""


def _write_evidence(votes: Sequence[Vote]) -> None:
    columns = np.array([vote.evidence for vote in votes]).T.tolist()
    with connection.cursor() as cursor:
        cursor.execute(WRITE_EVIDENCE, [[vote.pk for vote in votes], *columns])


CELLS = [f"c{cell}" for cell in range(CLASSES**2)]
WRITE_SKILLS = f"""
UPDATE classify_volunteerskill AS s
   SET counts = ARRAY[{", ".join(f"n.{cell}" for cell in CELLS)}], updated_at = now(),
       training_seen = n.seen, training_right = n.correct
  FROM unnest(%s::bigint[], %s::integer[], %s::integer[], {", ".join("%s::float8[]" for _ in CELLS)})
    AS n(id, seen, correct, {", ".join(CELLS)})
 WHERE s.id = n.id
"""


def _write_skills(skills: Mapping[int, VolunteerSkill], counts: Mapping[int, Floats], fresh: Sequence[Vote]) -> None:
    for vote in fresh:
        if vote.truth is not None:
            skills[vote.volunteer_id].training_seen += 1
            skills[vote.volunteer_id].training_right += vote.truth == vote.column
    rows = list(skills.values())
    numbers = [[row.pk for row in rows], [row.training_seen for row in rows], [row.training_right for row in rows]]
    cells = np.array([counts[row.volunteer_id].ravel() for row in rows]).T.tolist()
    with connection.cursor() as cursor:
        cursor.execute(WRITE_SKILLS, [*numbers, *cells])
