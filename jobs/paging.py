"""Pages by key, newest (or largest) first unless asked otherwise: a page far down costs no more than the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows, and the words that lead to its neighbours (empty: there is none)."""

    rows: list[Row]
    newer: str
    older: str


def keyset_page(
    rows: QuerySet[Row], *, at: str = "", size: int = 50, key: str = "pk", rising: bool = False
) -> Page[Row]:
    """The page at ``at``, a word from a page's ``older`` or ``newer``; anything else gives the first page.

    Rows are ordered by ``key`` and then by primary key, both falling, or both ``rising``.
    """
    direction, edge = _parse(rows, at, key)
    up, down = [key, "pk"], [f"-{key}", "-pk"]
    forwards, backwards = (up, down) if rising else (down, up)
    if direction == "newer":
        found = list(rows.filter(beyond(key, edge, "lt" if rising else "gt")).order_by(*backwards)[: size + 1])
        more, found = len(found) > size, found[:size][::-1]
        return Page(found, _word("newer", found[:1], key) if more else "", _word("older", found[-1:], key))
    if direction == "older":
        rows = rows.filter(beyond(key, edge, "gt" if rising else "lt"))
    found = list(rows.order_by(*forwards)[: size + 1])
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
