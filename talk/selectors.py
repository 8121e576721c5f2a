"""Reads of Talk. Every list is paged by key: a page costs the same at the start and far down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from classify.models import Classification, Subject
from talk.access import Person, comments_readable, discussions_readable
from talk.mentions import mentions_prefetch
from talk.models import (  # type: ignore[attr-defined]
    Comment,
    CommentEvent,
    Discussion,
    Tag,
    TaggedSubject,
    Upvote,
)

COMMENTS_PER_PAGE = 30
SUBJECTS_PER_PAGE = 24
MOST_VERSIONS = 100
LATEST = "latest"

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and the keys of what lies before and after them (None: nothing)."""

    rows: list[Row]
    before: str | None = None
    after: str | None = None


def discussion_of(person: Person, subject: Subject) -> Discussion | None:
    """The conversation about a subject, or None when nobody has written yet, or this person may not see it."""
    return discussions_readable(person).filter(subject=subject, is_note=True).first()


def discussion_comments(
    discussion: Discussion | None,
    *,
    person: Person = None,
    after: int | None = None,
    before: int | str | None = None,
    limit: int = COMMENTS_PER_PAGE,
) -> Page[Comment]:
    """Comments in the order they were written; deleted ones are among them, marked.

    ``after`` and ``before`` are ids of comments; ``before=LATEST`` is the last page. Each comment says in ``upvoted``
    whether the person voted for it.
    """
    if discussion is None:
        return Page([])
    mine = Upvote.objects.filter(comment=OuterRef("pk"), person=person if isinstance(person, User) else None)
    every = Comment.objects.filter(discussion=discussion).select_related("author", "reply_to__author")
    every = every.annotate(upvoted=Exists(mine))
    if before is not None:
        older = every if before == LATEST else every.filter(pk__lt=before)
        found: list[Comment] = list(older.order_by("-pk")[: limit + 1])
        rows = found[:limit][::-1]
        more_after = before != LATEST
        more_before = len(found) > limit
    else:
        newer = every.filter(pk__gt=after) if after is not None else every
        found = list(newer.order_by("pk")[: limit + 1])
        rows = found[:limit]
        more_after = len(found) > limit
        more_before = after is not None and every.filter(pk__lte=after).exists()
    if not rows:
        return Page([], before=LATEST if more_before else None)
    return Page(
        mentions_prefetch(rows),
        before=str(rows[0].pk) if more_before else None,
        after=str(rows[-1].pk) if more_after else None,
    )


@dataclass(frozen=True)
class Version:
    """What a comment said until somebody changed or removed it: when, who and why."""

    body: str
    until: datetime
    by: User | None
    why: str


def versions_of(comment: Comment) -> list[Version]:
    """What a comment said before, the oldest first; at most ``MOST_VERSIONS``, the newest of them."""
    events = CommentEvent.objects.filter(pgh_obj=comment).select_related("pgh_context").order_by("-pgh_id")
    found = list(events[:MOST_VERSIONS])[::-1]
    said = [event.pgh_context.metadata if event.pgh_context else {} for event in found]
    people = User.objects.in_bulk([context["user"] for context in said if context.get("user")])
    return [
        Version(event.body, event.pgh_created_at, people.get(context.get("user")), context.get("why", ""))
        for event, context in zip(found, said, strict=True)
    ]


def comment_position(comment: Comment) -> int:
    """The ``after`` key of a page that begins with this comment."""
    return comment.pk - 1


def _readable(person: Person) -> QuerySet[Comment]:
    return comments_readable(person).select_related("author", "discussion__board", "discussion__subject__cutout")


def comments_recent(person: Person, *, before: int | None = None, limit: int = COMMENTS_PER_PAGE) -> Page[Comment]:
    """The newest comments of all conversations that a person may read."""
    return _newest(_readable(person), before=before, limit=limit)


def _newest(comments: QuerySet[Comment], *, before: int | None, limit: int) -> Page[Comment]:
    if before is not None:
        comments = comments.filter(pk__lt=before)
    found = list(comments.order_by("-pk")[: limit + 1])
    return Page(mentions_prefetch(found[:limit]), after=str(found[limit - 1].pk) if len(found) > limit else None)


def tags_popular(*, limit: int = 10, subject: Subject | None = None) -> list[Tag]:
    """The most used tags: of all of Talk (from counters), or of one subject (``uses_count`` is then its own)."""
    if subject is None:
        return list(Tag.objects.filter(uses_count__gt=0, merged_into=None).order_by("-uses_count", "name")[:limit])
    tagged = TaggedSubject.objects.filter(subject=subject).select_related("tag").order_by("-uses_count", "tag")[:limit]
    for row in tagged:
        row.tag.uses_count = row.uses_count
    return [row.tag for row in tagged]


def tag_named(name: str) -> Tag | None:
    """A tag in use, by its name in any case; by a merged spelling, the tag that it stands for."""
    found = Tag.objects.filter(name=name.lower()).select_related("merged_into").first()
    tag = found.merged_into or found if found else None
    return tag if tag and tag.uses_count else None


def comment_with_key(author: User, key: UUID | None) -> Comment | None:
    """The comment that this person posted under a key, if any."""
    return Comment.objects.filter(author=author, key=key).first() if key is not None else None


def subject_talked_about(answer: Classification) -> bool:
    """Whether the person has written about the subject of an answer since they gave it."""
    author = answer.volunteer.user_id
    written = Comment.objects.filter(discussion__subject=answer.subject_id, created_at__gte=answer.created_at)
    return author is not None and written.filter(author=author).exists()
