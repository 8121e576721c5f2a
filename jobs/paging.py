"""Pages by key, newest first: the cost of a page does not grow with how far down it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows, newest first, and the words that lead to its neighbours (empty: there is none)."""

    rows: list[Row]
    newer: str
    older: str


def keyset_page(rows: QuerySet[Row], *, at: str = "", size: int = 50, key: str = "pk") -> Page[Row]:
    """The page at ``at``, a word from a page's ``older`` or ``newer``; anything else gives the newest page.

    Rows are ordered by ``key`` and then by primary key, both falling.
    """
    direction, edge = _parse(rows, at, key)
    if direction == "newer":
        found = list(rows.filter(beyond(key, edge, "gt")).order_by(key, "pk")[: size + 1])
        more, found = len(found) > size, found[:size][::-1]
        return Page(found, _word("newer", found[:1], key) if more else "", _word("older", found[-1:], key))
    if direction == "older":
        rows = rows.filter(beyond(key, edge, "lt"))
    found = list(rows.order_by(f"-{key}", "-pk")[: size + 1])
    older = _word("older", found[size - 1 : size], key) if len(found) > size else ""
    return Page(found[:size], _word("newer", found[:1], key) if direction else "", older)


def beyond(key: str, edge: tuple[Any, Any], how: str) -> Q:
    """Rows after ("gt") or before ("lt") the edge (value, pk) in an order by ``key``, then primary key."""
    value, pk = edge
    # The first part follows from the second: it is what lets an index bound the search.
    return Q(**{f"{key}__{how}e": value}) & (Q(**{f"{key}__{how}": value}) | Q(**{key: value, f"pk__{how}": pk}))


def _word(direction: str, edge: list[Any], key: str) -> str:
    if not edge:
        return ""
    value = getattr(edge[0], key)
    return f"{direction}~{value.isoformat() if hasattr(value, 'isoformat') else value}~{edge[0].pk}"


def _parse(rows: QuerySet[Row], at: str, key: str) -> tuple[str, tuple[Any, Any]]:
    direction, _, rest = at.partition("~")
    value, _, pk = rest.partition("~")
    fields = rows.model._meta
    primary = fields.pk
    assert primary is not None
    try:
        field: Any = primary if key == "pk" else fields.get_field(key)
        edge = (field.to_python(value), primary.to_python(pk))
    except (ValidationError, ValueError, OverflowError):
        return "", (None, None)
    known = direction in ("newer", "older") and None not in edge
    return (direction, edge) if known else ("", (None, None))
