"""What stands beside every page of Talk: popular tags, who is about, other places where a subject is talked of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from accounts.models import User
from classify.models import Subject
from talk.access import Person, comments_readable, discussions_readable
from talk.collecting import collections_of, collections_readable
from talk.models import Collection, Comment, Discussion, Tag
from talk.selectors import tags_popular

NEWEST = 300
"""Who is about is read off so many of the newest comments, so that it costs the same in a conversation of thousands."""
PEOPLE, TAGS, SUBJECT_TAGS, PLACES = 8, 10, 20, 8


@dataclass(frozen=True)
class Sidebar:
    """The lists beside a page. Those of a subject are empty where the page is about none."""

    tags: list[Tag]
    people: list[User]
    subject_tags: list[Tag] = field(default_factory=list)
    discussions: list[Discussion] = field(default_factory=list)
    collections: list[Collection] = field(default_factory=list)
    own: list[Collection] = field(default_factory=list)


def sidebar(person: Person, *, subject: Subject | None = None, discussion: Discussion | None = None) -> Sidebar:
    """What to show a person beside a page, which may be about a subject, and show a discussion."""
    tags = tags_popular(limit=TAGS)
    people = participants(discussion) if discussion else active_people(person)
    if subject is None:
        return Sidebar(tags, people)
    return Sidebar(
        tags,
        people,
        tags_popular(subject=subject, limit=SUBJECT_TAGS),
        _other_discussions(person, subject, discussion),
        collections_with(person, subject),
        collections_of(person, without=subject) if isinstance(person, User) else [],
    )


def active_people(person: Person, *, limit: int = PEOPLE) -> list[User]:
    """Who wrote most of the newest comments that this person may read."""
    return _most_often(comments_readable(person).order_by("-pk").values_list("author", flat=True)[:NEWEST], limit)


def participants(discussion: Discussion, *, limit: int = PEOPLE) -> list[User]:
    """Who wrote most of the newest comments of a discussion at hand."""
    newest = Comment.objects.filter(discussion=discussion, deleted_at=None).order_by("-pk")
    return _most_often(newest.values_list("author", flat=True)[:NEWEST], limit)


def _most_often(authors: Iterable[int | None], limit: int) -> list[User]:
    counts: dict[int, int] = {}
    for pk in authors:
        if pk is not None:
            counts[pk] = counts.get(pk, 0) + 1
    most = sorted(counts, key=lambda pk: (-counts[pk], pk))[:limit]
    found = User.objects.filter(left_at=None, is_active=True).in_bulk(most)
    return [found[pk] for pk in most if pk in found]


def _other_discussions(person: Person, subject: Subject, shown: Discussion | None) -> list[Discussion]:
    rows = discussions_readable(person).filter(subject=subject, comments_count__gt=0)
    if shown is not None:
        rows = rows.exclude(pk=shown.pk)
    return list(rows.order_by("-last_comment_at", "-pk")[:PLACES])


def collections_with(person: Person, subject: Subject) -> list[Collection]:
    """The public collections a subject is in, and the person's own, those it was put in last first."""
    return list(collections_readable(person).filter(items__subject=subject).order_by("-items__pk")[:PLACES])
