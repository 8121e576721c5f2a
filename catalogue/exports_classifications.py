"""All classifications as CSV with the columns and the row facts of Zooniverse's data export.

What reads a Zooniverse export (panoptes_aggregation and everybody's scripts) reads this one: columns, order and
values follow what the Panoptes server writes. Rows are made page by page: memory does not grow with their number.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from classify.models import Classification, Consensus
from jobs.cells import formula_safe

COLUMNS = (
    "classification_id",
    "user_name",
    "user_id",
    "user_ip",
    "workflow_id",
    "workflow_name",
    "workflow_version",
    "created_at",
    "gold_standard",
    "expert",
    "metadata",
    "annotations",
    "subject_data",
    "subject_ids",
)
PAGE = 1000
REASONS = {Consensus.Reason.UNSURE.value: "other"}  # Zooniverse has no word for it
_Key = tuple[int, int]


def classifications_csv(*, workflow_id: int | None = None, page: int = PAGE) -> Iterator[bytes]:
    """The export in pieces of UTF-8, header first; of one workflow, or of all.

    Classifications that come in while it runs are left to the next export.
    """
    rows = Classification.objects.order_by("id")
    if workflow_id is not None:
        rows = rows.filter(workflow=workflow_id)
    newest = rows.values_list("id", flat=True).last() or 0
    secret = secrets.token_bytes(32)
    yield _lines([list(COLUMNS)])
    last = 0
    while last < newest:
        found = list(_page(rows.filter(id__gt=last, id__lte=newest))[:page])
        if not found:
            return
        retired = _consensus_of(found)
        yield _lines([_row(one, retired.get((one.workflow_id, one.subject_id)), secret) for one in found])
        last = found[-1].pk


def _page(rows: QuerySet[Classification]) -> QuerySet[Classification]:
    return rows.select_related("workflow", "subject", "volunteer__user")


def _consensus_of(rows: list[Classification]) -> dict[_Key, Consensus]:
    found = Consensus.objects.filter(
        workflow__in={row.workflow_id for row in rows}, subject__in={row.subject_id for row in rows}
    )
    return {(one.workflow_id, one.subject_id): one for one in found}


def _lines(rows: list[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _row(one: Classification, consensus: Consensus | None, secret: bytes) -> list[Any]:
    """One row. Only names can look like a formula to a spreadsheet: JSON begins with a bracket."""
    user = one.volunteer.user
    return [
        one.pk,
        formula_safe(str(one.volunteer)),
        user.pk if user else "",
        _address(one, secret),
        one.workflow_id,
        formula_safe(" ".join(one.workflow.name.split())),
        one.workflow_version,
        one.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "true" if one.gold_standard else "",
        "",
        _json(_metadata(one)),
        _json(one.annotations),
        _json({str(one.subject_id): one.subject.metadata | {"retired": _retired(one, consensus)}}),
        one.subject_id,
    ]


def _address(one: Classification, secret: bytes) -> str:
    """In place of the address: the same for one person within an export, another in the next (as on Zooniverse)."""
    return hmac.new(secret, one.volunteer.key.bytes, hashlib.sha256).hexdigest()[:20]


def _metadata(one: Classification) -> dict[str, Any]:
    """What the client told, and what Zooniverse always writes."""
    told = dict(one.metadata) if isinstance(one.metadata, dict) else {}
    always = {
        "started_at": _moment(one.started_at),
        "finished_at": _moment(one.finished_at),
        "workflow_version": one.workflow_version,
    }
    usual = {"source": "api", "live_project": True, "user_language": "en", "user_agent": "", "utc_offset": "0"}
    seen_before = {} if one.counted or one.gold_standard else {"seen_before": True}
    return usual | told | always | seen_before


def _retired(one: Classification, consensus: Consensus | None) -> dict[str, Any] | None:
    """The subject's status in the workflow, once it has retired."""
    if consensus is None or consensus.retired_at is None:
        return None
    return {
        "id": consensus.pk,
        "workflow_id": consensus.workflow_id,
        "classifications_count": consensus.votes,
        "created_at": _moment(one.subject.created_at),
        "updated_at": _moment(consensus.updated_at),
        "retired_at": _moment(consensus.retired_at),
        "subject_id": consensus.subject_id,
        "retirement_reason": REASONS.get(consensus.retirement_reason, consensus.retirement_reason),
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
