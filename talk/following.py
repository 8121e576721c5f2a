"""What people follow, how far they have read, and what they were told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from talk.access import accesses_of, sees_hidden
from talk.models import Board, Comment, Discussion, Follow, Level, Notification, Tag
from talk.selectors import Page

Followed = Discussion | Board | Tag
PER_PAGE = 30
MOST_COUNTED = 99
"""New comments and unread notifications are counted as far as a badge shows them."""

# Reading on never reads back; what was told of the comments that are on the page is read with them.
_READ = """
WITH mark AS (
  INSERT INTO talk_readmark (person_id, discussion_id, comment_id)
  VALUES (%(person)s, %(discussion)s, %(newest)s)
  ON CONFLICT (person_id, discussion_id) DO UPDATE SET comment_id = EXCLUDED.comment_id
  WHERE talk_readmark.comment_id < EXCLUDED.comment_id
)
UPDATE talk_notification SET read_at = now()
WHERE person_id = %(person)s AND read_at IS NULL AND comment_id = ANY(%(comments)s)
"""

_NEW = """
SELECT mark.discussion_id, (
  SELECT count(*) FROM (
    SELECT 1 FROM talk_comment AS comment
    WHERE comment.discussion_id = mark.discussion_id AND comment.id > mark.comment_id
    AND comment.deleted_at IS NULL AND comment.author_id IS DISTINCT FROM mark.person_id
    LIMIT %(most)s
  ) AS counted
)
FROM talk_readmark AS mark
WHERE mark.person_id = %(person)s AND mark.discussion_id = ANY(%(discussions)s)
AND NOT EXISTS (
  SELECT 1 FROM talk_follow AS own
  WHERE own.person_id = mark.person_id AND own.discussion_id = mark.discussion_id AND own.level = 0
)
"""


def follow_set(*, person: User, what: Followed, level: Level) -> None:
    """Follow a discussion, board or tag at a level from now on. Twice is once."""
    name = _name(what)
    Follow.objects.bulk_create(
        [Follow(person=person, level=level, changed_at=timezone.now(), **{name: what})],
        update_conflicts=True,
        unique_fields=[name, "person"],
        update_fields=["level", "changed_at"],
    )


def level_of(person: User, what: Followed) -> Level:
    """The level at which a person follows something. Who wrote in a discussion watches it, unless they chose."""
    level = Follow.objects.filter(person=person, **{_name(what): what}).values_list("level", flat=True).first()
    if level is not None:
        return Level(level)
    wrote = isinstance(what, Discussion) and Comment.objects.filter(discussion=what, author=person, deleted_at=None)
    return Level.WATCHING if wrote and wrote.exists() else Level.NORMAL


def followed(person: User, *, before: int | None = None, limit: int = PER_PAGE) -> Page[Follow]:
    """What a person set a level for and may read, the newest first; discussions with ``new`` comments counted."""
    rows = follows_readable(person)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("discussion__board", "board", "tag").order_by("-pk")[: limit + 1])
    page = found[:limit]
    new = new_counts(person, [row.discussion_id for row in page if row.discussion_id is not None])
    for row in page:
        row.new = new.get(row.discussion_id or 0, 0)  # type: ignore[attr-defined]
    return Page(page, after=str(found[limit - 1].pk) if len(found) > limit else None)


def follows_readable(person: User) -> QuerySet[Follow]:
    """The levels a person set, for what they may read."""
    readable = accesses_of(person)
    return Follow.objects.filter(person=person).filter(
        Q(tag__isnull=False)
        | Q(board__read__in=readable)
        | Q(discussion__board__read__in=readable, discussion__hidden__in=[False, sees_hidden(person)])
    )


def discussion_read(*, person: User, discussion: Discussion, comments: Iterable[Comment]) -> None:
    """Remember how far a person has read; what they were told of these comments is read, too. One statement."""
    ids = [comment.pk for comment in comments]
    if not ids:
        return
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"person": person.pk, "discussion": discussion.pk, "newest": max(ids), "comments": ids}
        cursor.execute(_READ, values)


def new_counts(person: User, discussion_ids: Iterable[int]) -> dict[int, int]:
    """How many comments came in each discussion since this person read it, up to 99; muted ones are left out."""
    ids = list(discussion_ids)
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_NEW, {"person": person.pk, "discussions": ids, "most": MOST_COUNTED})
        return dict(cursor.fetchall())


def unread_count(person: User) -> int:
    """How many notifications a person has not read: exact up to 99, then 100."""
    unread = Notification.objects.filter(person=person, read_at=None).values_list("pk")[: MOST_COUNTED + 1]
    return unread.count()


def notifications_of(person: User, *, before: int | None = None, limit: int = PER_PAGE) -> Page[Notification]:
    """What a person was told, the newest first, with what is needed to say it."""
    rows = notifications_full(Notification.objects.filter(person=person))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1])
    return Page(found[:limit], after=str(found[limit - 1].pk) if len(found) > limit else None)


def notifications_full(rows: QuerySet[Notification]) -> QuerySet[Notification]:
    """The same notifications, with the rows they speak of."""
    return rows.select_related(
        "person",
        "comment__author",
        "comment__discussion__board",
        "comment__discussion__subject__cutout",
        "message__author",
        "report__comment__discussion__board",
        "act__comment__discussion__board",
    )


def notifications_read(person: User, *, up_to: int | None = None) -> int:
    """Mark what a person was told as read: everything, or what is not newer than ``up_to``; how many were unread."""
    unread = Notification.objects.filter(person=person, read_at=None)
    if up_to is not None:
        unread = unread.filter(pk__lte=up_to)
    return unread.update(read_at=timezone.now())


def notification_read(person: User, pk: int) -> Notification | None:
    """Mark one notification of a person as read; None when it is not theirs, or gone."""
    found = notifications_full(Notification.objects.filter(person=person)).filter(pk=pk).first()
    if found is not None and found.read_at is None:
        Notification.objects.filter(pk=pk).update(read_at=timezone.now())
    return found


def _name(what: Followed) -> str:
    return str(what._meta.model_name)
