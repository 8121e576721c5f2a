"""What is shown next, and the leases on it: a subject on its way to somebody counts as a vote to come.

One statement picks and leases. Each band of the index is entered at a random point and read forwards, then from its
start, a window of rows at a time: what it costs does not grow with the number of subjects, nor with how many of them a
person has seen. Only where no window holds anything are the bands read to their ends.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

LEASE_S = 300  # longer than the classifier keeps its place, so that what it comes back to is still held
WINDOW = 200
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
      NOT (c.subject_id = ANY(%(exclude)s))
  AND NOT EXISTS (SELECT FROM classify_classification AS v
                   WHERE v.workflow_id = %(workflow)s AND v.subject_id = c.subject_id
                     AND v.volunteer_id = %(volunteer)s AND v.counted)
"""
TO_COME = """
  AND c.votes_taken + (SELECT count(*) FROM classify_lease AS l
                        WHERE l.consensus_id = c.id AND l.expires_at > now()
                          AND l.holder IS DISTINCT FROM %(holder)s) < %(max_votes)s
"""
STRETCH = f"""
(SELECT c.id, c.subject_id
   FROM (SELECT id, subject_id, votes_taken FROM classify_consensus
          WHERE workflow_id = %(workflow)s AND state = 'active' AND band = {{band}}
            AND shuffle >= %({{low}})s AND shuffle < %({{high}})s
          ORDER BY shuffle LIMIT %(window)s) AS c
  WHERE {FREE} {TO_COME}
  LIMIT %(n)s)
"""
LEASE = """
WITH training AS (SELECT k.subject_id FROM classify_knownanswer AS k
                   WHERE k.workflow_id = %(workflow)s AND NOT (k.subject_id = ANY(%(exclude)s))
                     AND NOT EXISTS (SELECT FROM classify_classification AS v
                                      WHERE v.workflow_id = k.workflow_id AND v.subject_id = k.subject_id
                                        AND v.volunteer_id = %(volunteer)s)
                   ORDER BY CASE WHEN %(easy_first)s THEN k.difficulty END, random() LIMIT %(training)s),
     picked AS (SELECT id, subject_id FROM ({stretches}) AS found
                 LIMIT greatest(%(n)s - (SELECT count(*) FROM training), 0)),
     leased AS (INSERT INTO classify_lease (consensus_id, holder, expires_at)
                SELECT id, %(holder)s, now() + %(lease_s)s * interval '1 second' FROM picked
                 WHERE %(holder)s::uuid IS NOT NULL ORDER BY id
                    ON CONFLICT (consensus_id, holder) DO UPDATE SET expires_at = excluded.expires_at)
SELECT subject_id, false FROM picked UNION ALL SELECT subject_id, true FROM training
"""
NOTHING = "SELECT NULL::bigint AS id, NULL::bigint AS subject_id WHERE false"
LEFT = f"""
SELECT EXISTS (SELECT FROM classify_consensus AS c
                WHERE c.workflow_id = %(workflow)s AND c.state = 'active' AND {FREE}),
       EXISTS (SELECT FROM classify_consensus WHERE workflow_id = %(workflow)s AND state = 'active')
"""


@dataclass(frozen=True, slots=True)
class Leased:
    """Subjects of the voting, leased, in the order of their bands; and training subjects, which need no lease."""

    subjects: list[int]
    training: list[int]


def subjects_lease(asked: Asked, *, bands: Sequence[int], start: float, n: int, training: int = 0) -> Leased:
    """Up to ``n`` subjects that this person may answer, leased to them from now on; ``training`` of them, where there
    are so many unanswered, are training subjects.

    ``start`` (0..1) is where each band is entered; without bands there are training subjects only. Somebody whom no
    key identifies gets subjects without a lease.
    """
    found = _lease(asked, bands, start, n, training, WINDOW)
    if bands and not found.subjects and len(found.training) < n:
        found = _lease(asked, bands, start, n, training, None)
    return found


def _lease(asked: Asked, bands: Sequence[int], start: float, n: int, training: int, window: int | None) -> Leased:
    stretches = [
        STRETCH.format(band=int(band), low=low, high=high)
        for band in bands
        for low, high in (("start", "past_end"), ("zero", "start"))
    ]
    values: dict[str, Any] = _values(asked) | {
        "n": n, "training": training, "easy_first": asked.easy_first, "window": window, "lease_s": LEASE_S,
        "start": start, "zero": 0.0, "past_end": PAST_END,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(LEASE.format(stretches=" UNION ALL ".join(stretches) or NOTHING), values)
        rows = cursor.fetchall()
    return Leased([pk for pk, trains in rows if not trains], [pk for pk, trains in rows if trains])


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
    with connection.cursor() as cursor:
        cursor.execute(LEFT, _values(asked))
        for_me, at_all = cursor.fetchone()
    return bool(for_me), bool(at_all)


TAKE = """
WITH the AS (SELECT id FROM classify_consensus WHERE workflow_id = %(workflow)s AND subject_id = %(subject)s),
     ended AS (DELETE FROM classify_lease AS l USING the WHERE l.consensus_id = the.id AND l.holder = %(holder)s),
     taken AS (UPDATE classify_consensus AS c SET votes_taken = c.votes_taken + 1
                 FROM the, classify_workflow AS w
                WHERE c.id = the.id AND w.id = c.workflow_id
                  AND (%(anyway)s OR c.state = 'active' AND c.votes_taken < w.max_votes)
            RETURNING c.id)
SELECT (SELECT count(*) FROM the), (SELECT count(*) FROM taken)
"""


def vote_take(*, workflow_id: int, subject_id: int, holder: UUID, anyway: bool = False) -> bool | None:
    """Take a place among the votes that count on a subject, and end this person's lease on it.

    True: taken. False: the subject has enough votes. None: it is not voted on in this workflow. The one place that
    decides: the row's lock lets as many through as there are places, however many come at once. ``anyway`` is for an
    answer that takes the place of an earlier one of the same person.
    """
    values: dict[str, Any] = {"workflow": workflow_id, "subject": subject_id, "holder": holder, "anyway": anyway}
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        there, taken = cursor.fetchone()
    return bool(taken) if there else None


def leases_sweep() -> int:
    """Forget the leases that have ended; how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM classify_lease WHERE expires_at < now()")
        return int(cursor.rowcount)
