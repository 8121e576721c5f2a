"""What is shown next, and the leases on it: a subject on its way to somebody counts as a vote to come.

One statement picks and leases. Each band of the index is entered at a random point and read forwards, then from its
start, a window of rows at a time: what it costs does not grow with the number of subjects, nor with how many of them a
person has seen. Only where no window holds anything are the bands read to their ends.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from classify.models import Subject
from classify.shown import SHOWN, subject_of
from classify.sql import rows

LEASE_S = 300  # longer than the classifier keeps its place, so that what it comes back to is still held
WINDOW = 16
DIFFICULTIES = (1, 2, 3)
PAST_END = 2.0  # shuffle lies in 0..1


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for subjects of a workflow, and what they hold already."""

    workflow_id: int
    max_votes: int
    volunteer_id: int | None
    holder: UUID | None
    exclude: Collection[int] = ()
    easy_first: bool = False


FREE = """
      NOT ({row}.subject_id = ANY(%(exclude)s::bigint[]))
  AND NOT EXISTS (SELECT FROM classify_classification AS v
                   WHERE v.workflow_id = %(workflow)s::bigint AND v.subject_id = {row}.subject_id
                     AND v.volunteer_id = %(volunteer)s::bigint AND v.counted)
"""
# A stretch of an index: one band (or one difficulty), from a place to another. They are read in their order, and no
# further than needed.
STRETCHES = "unnest(%({name}s)s::int[], %({name}_from)s::float8[], %({name}_to)s::float8[]) AS t(part, low, high)"
TRAINING = f"""
SELECT f.subject_id FROM {STRETCHES.format(name="level")} CROSS JOIN LATERAL
       (SELECT k.subject_id
          FROM (SELECT subject_id FROM classify_knownanswer
                 WHERE workflow_id = %(workflow)s::bigint AND difficulty = t.part
                   AND shuffle >= t.low AND shuffle < t.high
                 ORDER BY shuffle LIMIT {{window}}) AS k
         WHERE {FREE.format(row="k")} LIMIT {{training}}) AS f
 LIMIT {{training}}
"""
PICKED = f"""
SELECT f.id, f.subject_id FROM {STRETCHES.format(name="band")} CROSS JOIN LATERAL
       (SELECT c.id, c.subject_id
          FROM (SELECT c.* FROM (SELECT id, subject_id, votes_taken FROM classify_consensus
                                  WHERE workflow_id = %(workflow)s::bigint AND state = 'active' AND band = t.part
                                    AND shuffle >= t.low AND shuffle < t.high
                                  ORDER BY shuffle LIMIT {{window}}) AS c
                 WHERE {FREE.format(row="c")} OFFSET 0) AS c
         WHERE c.votes_taken + (SELECT count(*) FROM classify_lease AS l
                                 WHERE l.consensus_id = c.id AND l.expires_at > now()
                                   AND l.holder IS DISTINCT FROM %(holder)s::uuid) < %(max_votes)s::int
         LIMIT {{n}}) AS f
"""
LEASE = f"""
WITH training AS ({TRAINING}),
     picked AS ({PICKED} LIMIT greatest({{n}} - (SELECT count(*) FROM training), 0)),
     leased AS (INSERT INTO classify_lease (consensus_id, holder, expires_at)
                SELECT id, %(holder)s::uuid, now() + %(lease_s)s::int * interval '1 second' FROM picked
                 WHERE %(holder)s::uuid IS NOT NULL
                   AND set_config('synchronous_commit', 'off', true) IS NOT NULL -- a hint need not wait for the disk
                 ORDER BY id
                    ON CONFLICT (consensus_id, holder) DO UPDATE SET expires_at = excluded.expires_at)
SELECT found.trains, {SHOWN.format(subject_id="found.subject_id")}
  FROM (SELECT subject_id, false AS trains FROM picked UNION ALL SELECT subject_id, true FROM training) AS found
"""
LEFT = f"""
SELECT EXISTS (SELECT FROM classify_consensus AS c
                WHERE c.workflow_id = %(workflow)s::bigint AND c.state = 'active' AND {FREE.format(row="c")}),
       EXISTS (SELECT FROM classify_consensus WHERE workflow_id = %(workflow)s::bigint AND state = 'active')
"""


@dataclass(frozen=True, slots=True)
class Leased:
    """Subjects of the voting, leased, in the order of their bands; and training subjects, which need no lease."""

    subjects: list[Subject]
    training: list[Subject]


def subjects_lease(asked: Asked, *, bands: Sequence[int], start: float, n: int, training: int = 0) -> Leased:
    """Up to ``n`` subjects that this person may answer, leased to them from now on; ``training`` of them, where there
    are so many unanswered, are training subjects.

    ``start`` (0..1) is where each band is entered; without bands there are training subjects only. Somebody whom no
    key identifies gets subjects without a lease.
    """
    levels = DIFFICULTIES if asked.easy_first else random.sample(DIFFICULTIES, len(DIFFICULTIES))
    values = _values(asked) | {"lease_s": LEASE_S} | _stretches("band", bands, start)
    values |= _stretches("level", levels if training else (), random.random())
    for window in (str(WINDOW), "NULL"):
        # Limits are written into the text: without them, PostgreSQL would plan for stretches without end.
        found = _lease(LEASE.format(n=int(n), training=int(training), window=window), values)
        if found.subjects or found.training:
            break
    return found


def _stretches(name: str, parts: Sequence[int], start: float) -> dict[str, Any]:
    """Each part of the index, from ``start`` on and then from its beginning."""
    return {
        f"{name}s": [part for part in parts for _ in range(2)],
        f"{name}_from": [start, 0.0] * len(parts),
        f"{name}_to": [PAST_END, start] * len(parts),
    }


def _lease(sql: str, values: dict[str, Any]) -> Leased:
    subjects: tuple[list[Subject], list[Subject]] = ([], [])
    for trains, column in rows(sql, values):
        subjects[trains].append(subject_of(column))
    return Leased(*subjects)


def _values(asked: Asked) -> dict[str, Any]:
    return {
        "workflow": asked.workflow_id,
        "max_votes": asked.max_votes,
        "volunteer": asked.volunteer_id,
        "holder": asked.holder,
        "exclude": list(asked.exclude),
    }


def subjects_left(asked: Asked) -> tuple[bool, bool]:
    """Whether there are subjects that this person may still answer, leased to others or not; and any for anybody."""
    ((for_me, at_all),) = rows(LEFT, _values(asked))
    return bool(for_me), bool(at_all)


def leases_sweep() -> int:
    """Forget the leases that have ended; how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM classify_lease WHERE expires_at < now()")
        return int(cursor.rowcount)
