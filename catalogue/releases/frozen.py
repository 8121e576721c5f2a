"""A release's rows and columns as values: what is written once, and hashed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
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


def rows_changes(before: Iterable[Values], after: Iterable[Values]) -> dict[str, Any]:
    """What came, what went, and which columns of which candidates are others; ``before`` is read once, row by row.

    Columns that only one of the two has are named apart and count as no change of a row.
    """
    new = {row["candidate_id"]: row for row in after}
    now = set(next(iter(new.values()), ()))
    known: set[str] = set()
    old: set[str] = set()
    removed, changed = [], {}
    for row in before:
        known = known or set(row)
        key = row["candidate_id"]
        old.add(key)
        if key not in new:
            removed.append(key)
        elif names := sorted(name for name in known & now if row[name] != new[key][name]):
            changed[key] = names
    return {
        "added": [key for key in new if key not in old],
        "removed": removed,
        "changed": changed,
        "columns_added": sorted(now - known) if known else [],
        "columns_removed": sorted(known - now) if now else [],
    }
