"""The inbox of labels: what later rooms write down, and which label counts where sources differ."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from ml.models import TrainingLabel

Ends = tuple[float, float, float, float]

# Only what changed is written: the votes of a subject are counted again and again. All writers take the rows
# in one order, so that two of them never deadlock.
WRITE = """
INSERT INTO ml_traininglabel AS l (cutout_id, source, label, weight, ends, drawn, decided_at, updated_at)
SELECT n.cutout_id, %(source)s, n.label, n.weight, n.ends, n.drawn, now(), now()
  FROM unnest(%(cutouts)s::bigint[], %(labels)s::text[], %(weights)s::float8[], %(ends)s::jsonb[], %(drawn)s::bool[])
    AS n(cutout_id, label, weight, ends, drawn)
 ORDER BY n.cutout_id
    ON CONFLICT (cutout_id, source) DO UPDATE
   SET label = excluded.label, weight = excluded.weight, ends = excluded.ends, drawn = excluded.drawn,
       updated_at = now(),
       decided_at = CASE WHEN l.label = excluded.label THEN l.decided_at ELSE now() END
 WHERE (l.label, l.weight, l.ends, l.drawn)
       IS DISTINCT FROM (excluded.label, excluded.weight, excluded.ends, excluded.drawn)
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """What people decided of one cutout.

    ``weight``: how sure they are, 0 to 1. ``ends``: x1, y1, x2, y2 of the trail in pixels of the cutout, where
    known. ``drawn``: it was shown to people whatever the model said of it (the sample that measures its misses).
    """

    cutout_id: int
    label: TrainingLabel.Label
    weight: float = 1.0
    ends: Ends | None = None
    drawn: bool = False


def labels_write(source: TrainingLabel.Source, decisions: Iterable[Decided]) -> None:
    """Bring the labels of one source in line with these decisions, one per cutout. Twice is once."""
    rows = list({row.cutout_id: row for row in decisions}.values())
    if not rows:
        return
    values: dict[str, Any] = {
        "source": source.value,
        "cutouts": [row.cutout_id for row in rows],
        "labels": [row.label.value for row in rows],
        "weights": [min(1.0, max(0.0, row.weight)) for row in rows],
        "ends": [None if row.ends is None else json.dumps(row.ends) for row in rows],
        "drawn": [row.drawn for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, values)


@transaction.atomic
def labels_remove(source: TrainingLabel.Source, cutout_ids: Iterable[int]) -> None:
    """Take the labels of one source on these cutouts away: nothing is decided there any more."""
    rows = TrainingLabel.objects.filter(source=source, cutout__in=list(cutout_ids))
    chosen = rows.select_for_update().order_by("cutout_id").values_list("pk", flat=True)  # in the writers' order
    TrainingLabel.objects.filter(pk__in=list(chosen)).delete()


def labels_that_count() -> QuerySet[TrainingLabel]:
    """One label per cutout: a known answer before the team's, the team's before Talk's, these before volunteers'."""
    stronger = TrainingLabel.objects.filter(cutout=OuterRef("cutout"), strength__gt=OuterRef("strength"))
    return TrainingLabel.objects.filter(~Exists(stronger))
