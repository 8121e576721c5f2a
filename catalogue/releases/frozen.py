"""A release's rows and columns as values: what is written once, and hashed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from catalogue.columns import COLUMNS, TEXT, Entry

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FrozenColumn:
    """What a column of a release says of itself, as it was when the release was made."""

    name: str
    kind: str
    description: str
    ucd: str
    unit: str | None = None


def columns_frozen() -> list[dict[str, Any]]:
    """Today's columns, ready for JSON."""
    return [asdict(FrozenColumn(c.name, c.kind, c.description, c.ucd, c.unit)) for c in COLUMNS]


def row_frozen(entry: Entry) -> Values:
    """A candidate's values under the columns' names; what is not known is None. Numbers keep every digit."""
    return {column.name: _plain(column.value(entry), column.kind) for column in COLUMNS}


def _plain(value: Any, kind: str) -> Any:
    if kind == TEXT:
        return " ".join((value or "").replace("\x00", "").split())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def rows_sha256(rows: Iterable[Values]) -> str:
    """SHA-256 of the rows as JSON lines: names sorted, no spaces, UTF-8, one line feed after each row."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def rows_changes(before: Sequence[Values], after: Sequence[Values]) -> dict[str, Any]:
    """What came, what went, and which columns of which candidates are others.

    Columns that only one of the two has are named apart and count as no change of a row.
    """
    old, new = ({row["candidate_id"]: row for row in rows} for rows in (before, after))
    known = set(before[0]) if before else set()
    now = set(after[0]) if after else set()
    shared = sorted(known & now)
    changed = {
        key: names
        for key, row in new.items()
        if key in old and (names := [name for name in shared if row[name] != old[key][name]])
    }
    return {
        "added": [key for key in new if key not in old],
        "removed": [key for key in old if key not in new],
        "changed": changed,
        "columns_added": sorted(now - known) if before else [],
        "columns_removed": sorted(known - now) if after else [],
    }
