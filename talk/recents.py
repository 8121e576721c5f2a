"""The newest comments of all of Talk, as the address chooses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef

from accounts.models import Role, User
from talk.access import Person, comments_readable
from talk.mentions import mentions_prefetch
from talk.models import Board, Comment, TagUse
from talk.newest import newest_ids
from talk.selectors import COMMENTS_PER_PAGE, Page, tag_named

TEAM = (Role.SCIENTIST, Role.ADMIN)
STAFF = (Role.MODERATOR, *TEAM)


@dataclass(frozen=True)
class RecentFilter:
    """Which comments: on these boards (none: on all), with this tag, by the team or moderators only."""

    boards: tuple[str, ...] = ()
    tag: str = ""
    team: bool = False

    @classmethod
    def of(cls, query: Mapping[str, Any], *, boards: Sequence[str]) -> RecentFilter:
        """Read the filters of an address; only boards that are known here count."""
        named = query.getlist("board") if hasattr(query, "getlist") else [query.get("board")]
        tag = str(query.get("tag") or "").replace("\x00", "").strip().removeprefix("#").lower()[:40]
        chosen = tuple(slug for slug in boards if slug in named)
        return cls(boards=chosen, tag=tag, team=query.get("by") == "team")

    def query(self) -> str:
        """The address's query, without what is as usual."""
        pairs = [("board", slug) for slug in self.boards]
        pairs += [("tag", self.tag)] if self.tag else []
        pairs += [("by", "team")] if self.team else []
        return urlencode(pairs)


def comments_recent(
    person: Person, filters: RecentFilter, *, before: int | None = None, limit: int = COMMENTS_PER_PAGE
) -> Page[Comment]:
    """A page of the newest comments that this person may read."""
    rows = comments_readable(person)
    if filters.boards:
        boards = list(Board.objects.filter(slug__in=filters.boards).values_list("pk", flat=True))
        rows = rows.filter(discussion__board__in=boards)
    if filters.tag:
        tag = tag_named(filters.tag)
        if tag is None:
            return Page([])
        rows = rows.filter(Exists(TagUse.objects.filter(tag=tag, comment=OuterRef("pk"))))
    if filters.team:
        people = User.objects.filter(role__in=STAFF, left_at=None)
        rows = rows.filter(author__in=list(people.values_list("pk", flat=True)))
    ids = newest_ids(rows, before=before, limit=limit + 1)
    shown = Comment.objects.select_related("author", "discussion__board", "discussion__subject__cutout")
    found = shown.in_bulk(ids[:limit])
    comments = mentions_prefetch([found[pk] for pk in ids[:limit] if pk in found])
    return Page(comments, after=str(ids[limit - 1]) if len(ids) > limit else None)
