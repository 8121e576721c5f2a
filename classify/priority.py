"""What is shown first: the active model's scores put each subject into a band. A prior, never a verdict."""

from __future__ import annotations

from django.db import connection, transaction

# Only rows whose band changes are locked and written: scores are looked at again and again. They are locked in
# the order in which the count locks them (`consensus._recount`), so that the two never deadlock.
PRIORITISE = """
WITH changed AS (
    SELECT c.id, b.band
      FROM ml_score AS s
      JOIN ml_model AS m ON m.id = s.model_id AND m.active
      JOIN classify_subject AS j ON j.cutout_id = s.cutout_id
      JOIN classify_consensus AS c ON c.subject_id = j.id
     CROSS JOIN LATERAL (
           SELECT CASE WHEN s.p_asteroid >= 0.5 THEN 0
                       WHEN s.p_asteroid >= 0.1 OR c.shuffle < %(share)s THEN 1
                       ELSE 2 END AS band) AS b
     WHERE c.state = 'active' AND s.id > %(after)s AND s.id <= %(until)s AND c.band IS DISTINCT FROM b.band
     ORDER BY c.workflow_id, c.id
       FOR NO KEY UPDATE OF c
)
UPDATE classify_consensus AS c SET band = changed.band FROM changed WHERE c.id = changed.id
"""
RANGE = 1_000  # scores per statement: no lock is held long, and the planner takes the indexes
# Scores commit out of order: look back this far, so that none is passed over.
LOOK_BACK = 5_000
LOW_SCORE_SHARE = 0.1  # of the low scores goes to people early, so that the model's misses are measured


def subjects_prioritise(*, after: int = 0) -> int:
    """Let the active model's scores decide what is shown first.

    ``after`` is what the last call returned; scores up to a little before it are not looked at again.
    Returns the newest score looked at. Each range of scores is a transaction of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM ml_score")
        newest: int = cursor.fetchone()[0]
    for start in range(max(0, after - LOOK_BACK), newest, RANGE):
        values = {"share": LOW_SCORE_SHARE, "after": start, "until": min(start + RANGE, newest)}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PRIORITISE, values)
    return newest
