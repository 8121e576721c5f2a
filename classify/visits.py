"""Who asks, and in which workflow: the one statement that opens each request of the classifier.

The workflow's row is kept between requests for as long as PostgreSQL says that it is the same row version: building it
anew costs more than the rest of the read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest

from accounts.models import Volunteer
from classify.models import Workflow
from classify.sql import rows

RECENT = 100  # a person's last answers among which those in a workflow are counted; bounds what the count reads
COLUMNS = ("id", "key", "user_id", "classifications_count")
SEEN = f"""
(SELECT count(*) FROM (SELECT c.workflow_id FROM classify_classification AS c
                        WHERE c.volunteer_id = v.id ORDER BY c.id DESC LIMIT {RECENT}) AS latest
  WHERE latest.workflow_id = w.id)
"""
VISIT = """
SELECT w.id, w.xmin::text || w.ctid::text, {seen}, v.id, v.key, v.user_id, v.classifications_count
  FROM classify_workflow AS w LEFT JOIN accounts_volunteer AS v ON {person}
 WHERE {workflow} AND w.active
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """A workflow that takes answers, the volunteer who asks (None before their first answer), their browser's key,
    and how many of their last answers were in this workflow. The workflow is shared between requests: only read it.
    """

    workflow: Workflow
    volunteer: Volunteer | None
    holder: UUID | None
    seen: int


def visit_of(
    request: HttpRequest, *, slug: str | None = None, pk: int | None = None, count: bool = False
) -> Visit | None:
    """The visit behind a request, by the workflow's slug or id; None where no such workflow takes answers.

    Answers are counted only on demand (``count``).
    """
    key: UUID | None = getattr(request, "volunteer_key", None)
    user = request.user
    sql = _statement(count, user.is_authenticated, slug is not None)
    found = rows(sql, {"user": user.pk, "key": key, "slug": slug, "pk": pk})
    if not found:
        return None
    row = found[0]
    volunteer = Volunteer.from_db(connection.alias, COLUMNS, row[3:]) if row[3] is not None else None
    return Visit(_workflow(row[0], row[1]), volunteer, volunteer.key if volunteer else key, row[2])


@cache
def _statement(count: bool, signed_in: bool, by_slug: bool) -> str:
    return VISIT.format(
        seen=SEEN if count else "0",
        person="v.user_id = %(user)s::bigint" if signed_in else "v.key = %(key)s::uuid AND v.user_id IS NULL",
        workflow="w.slug = %(slug)s::text" if by_slug else "w.id = %(pk)s::bigint",
    )


_kept: dict[int, tuple[Any, Workflow]] = {}


def _workflow(pk: int, version: str) -> Workflow:
    """The row of this version. One that is newer by now is kept, too: the next visit finds that and reads again."""
    kept = _kept.get(pk)
    if kept is None or kept[0] != version:
        kept = _kept[pk] = (version, Workflow.objects.get(pk=pk))
    return kept[1]
