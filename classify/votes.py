"""The one place that decides whether a vote counts: one statement, atomic by itself, writes a usual answer.

The row's lock lets as many through as a subject takes votes, however many come at once; the unique constraints refuse a
second counted answer of a person, and a key that came before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from classify.models import Classification
from classify.sql import rows

COPIED = {
    "key": "uuid", "workflow_version": "text", "subject_id": "bigint", "answer": "text", "started_at": "timestamptz",
    "finished_at": "timestamptz",
}  # fmt: skip
WRITTEN = {name: f"%({name})s::{kind}" for name, kind in COPIED.items()} | {
    "workflow_id": "%(workflow)s::bigint",
    "volunteer_id": "%(volunteer)s::bigint",
    "annotations": "%(annotations)s::jsonb",
    "metadata": "%(metadata)s::jsonb",
    "created_at": "clock_timestamp()",
    "counted": "EXISTS (SELECT FROM taken)",
    "set_aside": "CASE WHEN EXISTS (SELECT FROM taken) THEN '' WHEN EXISTS (SELECT FROM mine) THEN 'repeat'"
    " ELSE 'late' END",
    "training": "false",
    "gold_standard": "false",
    "aggregated": "false",
}
WRITE = f"""
WITH mine AS (SELECT FROM classify_classification
               WHERE workflow_id = %(workflow)s::bigint AND subject_id = %(subject_id)s::bigint
                 AND volunteer_id = %(volunteer)s::bigint AND counted),
     the AS (SELECT c.id, c.subject_id FROM classify_consensus AS c
              WHERE c.workflow_id = %(workflow)s::bigint AND c.subject_id = %(subject_id)s::bigint
                AND NOT EXISTS (SELECT FROM classify_knownanswer AS k
                                 WHERE k.workflow_id = c.workflow_id AND k.subject_id = c.subject_id)),
     ended AS (DELETE FROM classify_lease AS l USING the WHERE l.consensus_id = the.id AND l.holder = %(holder)s::uuid),
     taken AS (UPDATE classify_consensus AS c SET votes_taken = c.votes_taken + 1
                 FROM the, classify_workflow AS w
                WHERE c.id = the.id AND w.id = c.workflow_id AND NOT EXISTS (SELECT FROM mine)
                  AND (%(anyway)s::bool OR c.state = 'active' AND c.votes_taken < w.max_votes)
            RETURNING c.id)
INSERT INTO classify_classification ({", ".join(WRITTEN)}) SELECT {", ".join(WRITTEN.values())} FROM the
RETURNING id, created_at, counted, set_aside
"""


def vote_write(fields: Mapping[str, Any], *, anyway: bool = False) -> Classification | None:
    """Write an answer, take its place among the votes that count, and end the person's lease; all or nothing.

    Without a place it is kept and set aside. None, and nothing written: nobody votes on the subject in this workflow,
    or its answer is known. ``anyway`` is for an answer that takes the place of an earlier one of the same person.

    Raises
    ------
    IntegrityError
        The key came before, or this person's answer came in the same moment; nothing was written.
    """
    values = {name: fields[name] for name in COPIED} | {
        "workflow": fields["workflow"].pk,
        "volunteer": fields["volunteer"].pk,
        "holder": fields["volunteer"].key,
        "annotations": json.dumps(fields["annotations"]),
        "metadata": json.dumps(fields["metadata"]),
        "anyway": anyway,
    }
    written = rows(WRITE, values)
    if not written:
        return None
    pk, created_at, counted, set_aside = written[0]
    return Classification(**fields, id=pk, created_at=created_at, counted=counted, set_aside=set_aside)
