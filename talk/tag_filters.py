"""What a tag page shows, as it stands in the address: which images and comments with the tag, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from talk.models import Board, Tag, TaggedSubject, TagUse

RECENT, PEOPLE = "recent", "people"
ORDERS = (RECENT, PEOPLE)
MOST_PEOPLE = 999


@dataclass(frozen=True)
class TagFilter:
    """Images and comments with a tag. What an address says that makes no sense is as if it were not there.

    An image fits when one of its comments with the tag does: on the board, by the author, from ``since`` to ``until``
    (both days included, in UTC). ``people`` is the least number of people who gave it the tag, whenever they did.
    """

    board: str = ""
    author: str = ""
    since: date | None = None
    until: date | None = None
    people: int = 1
    order: str = RECENT

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> TagFilter:
        """Read the filters of an address."""
        order = str(query.get("order") or RECENT)
        people = str(query.get("people") or "1")
        known = people.isascii() and people.isdigit() and len(people) <= 4
        return cls(
            board=_text(query, "board"),
            author=_text(query, "author"),
            since=_day(query, "since"),
            until=_day(query, "until"),
            people=min(max(int(people), 1), MOST_PEOPLE) if known else 1,
            order=order if order in ORDERS else RECENT,
        )

    @property
    def choosing(self) -> bool:
        """Whether anything is left out."""
        return self != TagFilter(order=self.order)

    def query(self, **more: object) -> str:
        """The address's query, without what is as usual."""
        values = {
            "board": self.board,
            "author": self.author,
            "since": self.since or "",
            "until": self.until or "",
            "people": "" if self.people == 1 else self.people,
            "order": "" if self.order == RECENT else self.order,
            **more,
        }
        return urlencode({name: str(value) for name, value in values.items() if value})

    def uses(self, tag: Tag) -> QuerySet[TagUse]:
        """The uses of a tag, in comments that fit."""
        rows = self._written(TagUse.objects.filter(tag=tag))
        if self.people > 1:
            enough = TaggedSubject.objects.filter(tag=tag, people_count__gte=self.people)
            rows = rows.filter(Exists(enough.filter(subject=OuterRef("subject"))))
        return rows

    def subjects(self, tag: Tag) -> QuerySet[TaggedSubject]:
        """The images with a tag that fit, in no order."""
        rows = TaggedSubject.objects.filter(tag=tag)
        if self.people > 1:
            rows = rows.filter(people_count__gte=self.people)
        if self.board or self.author or self.since or self.until:
            rows = rows.filter(Exists(self._written(TagUse.objects.filter(tag=tag, subject=OuterRef("subject")))))
        return rows

    def _written(self, uses: QuerySet[TagUse]) -> QuerySet[TagUse]:
        if self.board:
            uses = uses.filter(comment__discussion__board__in=Board.objects.filter(slug=self.board).values("pk"))
        if self.author:
            people = User.objects.filter(username__iexact=self.author, left_at=None)
            uses = uses.filter(author__in=people.values("pk"))
        if self.since:
            uses = uses.filter(comment__created_at__gte=_midnight(self.since))
        if self.until:
            uses = uses.filter(comment__created_at__lt=_midnight(self.until + timedelta(days=1)))
        return uses


def _text(query: Mapping[str, Any], name: str) -> str:
    return str(query.get(name) or "").replace("\x00", "").strip()[:150]


def _day(query: Mapping[str, Any], name: str) -> date | None:
    try:
        found = date.fromisoformat(str(query.get(name) or ""))
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2999 else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_fixed_timezone(0))
