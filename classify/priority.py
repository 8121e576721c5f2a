"""What is shown first: the active model's scores put each subject into a band. A prior, never a verdict.

Unless a scientist sets ``Workflow.retire_score_below``: then subjects that score lower retire unseen, but for the
share that people see whatever the model says. Another model, or another threshold, brings them back.
"""

from __future__ import annotations

from django.db import connection, transaction

from classify.consensus import votings_close, votings_reopen
from classify.models import Consensus, Workflow
from ml.scores import LIKELY, UNLIKELY

# Only rows whose band changes are locked and written: scores are looked at again and again. They are locked in
# the order in which the count locks them (`consensus._recount`), so that the two never deadlock.
SCORED = """
      FROM ml_score AS s
      JOIN ml_model AS m ON m.id = s.model_id AND m.active
      JOIN classify_subject AS j ON j.cutout_id = s.cutout_id
      JOIN classify_consensus AS c ON c.subject_id = j.id
      JOIN classify_workflow AS w ON w.id = c.workflow_id AND w.purpose = 'asteroids' -- what the score is about
"""
PRIORITISE = f"""
WITH changed AS (
    SELECT c.id, b.band {SCORED}
     CROSS JOIN LATERAL (
           SELECT CASE WHEN s.p_asteroid >= %(likely)s THEN 0
                       WHEN s.p_asteroid >= %(unlikely)s OR c.shuffle < w.low_score_share THEN 1
                       ELSE 2 END AS band) AS b
     WHERE c.state = 'active' AND s.id > %(after)s AND s.id <= %(until)s AND c.band IS DISTINCT FROM b.band
     ORDER BY c.workflow_id, c.id
       FOR NO KEY UPDATE OF c
)
UPDATE classify_consensus AS c SET band = changed.band FROM changed WHERE c.id = changed.id
"""
UNSEEN = f"""
    SELECT c.id {SCORED}
     WHERE s.id > %(after)s AND s.id <= %(until)s AND c.state = 'active'
       AND s.p_asteroid < w.retire_score_below AND c.shuffle >= w.low_score_share
       AND NOT EXISTS (SELECT FROM classify_classification AS v
                        WHERE v.workflow_id = c.workflow_id AND v.subject_id = c.subject_id)
"""
# From the scores to the few that one retired; OFFSET 0 keeps the planner from going the other way for each range.
BACK = """
    SELECT c.id
      FROM ml_score AS s
      JOIN ml_model AS m ON m.id = s.model_id AND m.active
      JOIN classify_subject AS j ON j.cutout_id = s.cutout_id
     CROSS JOIN LATERAL (
           SELECT id, workflow_id, shuffle FROM classify_consensus
            WHERE subject_id = j.id AND retirement_reason = 'model' OFFSET 0) AS c
      JOIN classify_workflow AS w ON w.id = c.workflow_id
     WHERE s.id > %(after)s AND s.id <= %(until)s
       AND (s.p_asteroid >= w.retire_score_below OR c.shuffle < w.low_score_share OR w.purpose <> 'asteroids')
"""
RANGE = 1_000  # scores per statement: no lock is held long, and the planner takes the indexes
# Scores commit out of order: look back this far, so that none is passed over.
LOOK_BACK = 5_000


def rules() -> list[tuple[int, float, float]]:
    """What of the workflows decides here: (id, share seen whatever the score, score under which they retire)."""
    return list(Workflow.objects.order_by("pk").values_list("pk", "low_score_share", "retire_score_below"))


def subjects_prioritise(*, after: int = 0) -> int:
    """Let the active model's scores decide what is shown first, and what nobody needs to see.

    ``after`` is what the last call returned; scores up to a little before it are not looked at again.
    Returns the newest score looked at. Each range of scores is a transaction of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM ml_score")
        newest: int = cursor.fetchone()[0]
    retiring = any(below > 0 for _, _, below in rules())
    unseen = retiring or Consensus.objects.filter(retirement_reason=Consensus.Reason.MODEL).exists()
    for start in range(max(0, after - LOOK_BACK), newest, RANGE):
        values = {"after": start, "until": min(start + RANGE, newest), "likely": LIKELY, "unlikely": UNLIKELY}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PRIORITISE, values)
        if unseen:
            _retire_unseen(values)
            _bring_back(values)
    return newest


def _retire_unseen(values: dict[str, float]) -> int:
    """End the votings that wait for a first vote and score under their workflow's threshold."""
    return votings_close(Consensus.objects.filter(pk__in=_ids(UNSEEN, values)), reason=Consensus.Reason.MODEL)


def _bring_back(values: dict[str, float]) -> int:
    """Open the votings again that a score ended and today's scores, thresholds and shares would not."""
    return votings_reopen(Consensus.objects.filter(pk__in=_ids(BACK, values)))


def _ids(query: str, values: dict[str, float]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [pk for (pk,) in cursor.fetchall()]
