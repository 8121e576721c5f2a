"""Spellings of one tag become one, and come apart again. Moderators do it; each act is kept with who and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Role, User
from talk.errors import NotYours, Refused
from talk.labels import LABELS, TEAM, subject_label_write
from talk.models import Comment, Follow, ModerationAct, Tag, TagUse
from talk.tagging import subjects_count
from talk.tags import tags_of

CHUNK = 1000
WHY_MAX = 500

Row = TypeVar("Row")


@transaction.atomic
def tags_merge(*, tag: Tag, into: Tag, by: User, why: str) -> Tag:
    """Make a spelling stand for another tag; returns that tag. Merging again what is merged changes nothing.

    Uses move over; ``written`` keeps what people wrote. What stood for the spelling stands for the tag, too. Whoever
    followed the spelling follows the tag.

    Raises
    ------
    Refused
        ``why`` or ``same``; ``NotYours`` when ``by`` is no moderator.
    """
    why = _checked(by, why)
    tag, into = _locked(tag, into)
    if into.merged_into_id is not None:
        into = _locked(tag, Tag.objects.get(pk=into.merged_into_id))[1]
    if tag.pk == into.pk:
        raise Refused("same", _("A tag cannot be merged into itself."))
    if tag.merged_into_id == into.pk:
        return into
    if tag.merged_into_id is not None:
        raise Refused("merged", _("This spelling stands for another tag already. Take it out there first."))
    uses = TagUse.objects.filter(tag=tag)
    subjects, count = _subjects(uses), uses.count()
    uses.filter(comment__in=TagUse.objects.filter(tag=into).values("comment")).delete()  # written both ways
    uses.update(tag=into)
    Tag.objects.filter(merged_into=tag).update(merged_into=into)
    Tag.objects.filter(pk=tag.pk).update(merged_into=into)
    Follow.objects.filter(tag=tag).exclude(person__in=Follow.objects.filter(tag=into).values("person")).update(tag=into)
    _count_anew([tag, into], subjects)
    details = {"tag": tag.name, "into": into.name, "uses": count}
    ModerationAct.objects.create(kind=ModerationAct.Kind.MERGE_TAGS, by=by, why=why, tag=tag, details=details)
    return into


@transaction.atomic
def tag_split(*, tag: Tag, by: User, why: str) -> Tag:
    """Let a merged spelling be a tag of its own again, with the comments that write it. Twice changes nothing more.

    Raises
    ------
    Refused
        ``why``; ``NotYours`` when ``by`` is no moderator.
    """
    why = _checked(by, why)
    tag = Tag.objects.select_related("merged_into").get(pk=tag.pk)
    if tag.merged_into is None:
        return tag
    tag, from_ = _locked(tag, tag.merged_into)
    Tag.objects.filter(pk=tag.pk).update(merged_into=None)
    written = TagUse.objects.filter(tag=from_, comment__body__icontains=f"#{tag.name}")
    subjects = _subjects(written)
    names = dict(Tag.objects.filter(merged_into=from_).values_list("name", "merged_into_id"))
    for uses in _chunks(list(written.order_by("pk"))):
        _come_apart(uses, {**names, from_.name: from_.pk, tag.name: tag.pk})
    _count_anew([tag, from_], subjects)
    details = {"tag": tag.name, "from": from_.name, "uses": TagUse.objects.filter(tag=tag).count()}
    ModerationAct.objects.create(kind=ModerationAct.Kind.SPLIT_TAGS, by=by, why=why, tag=tag, details=details)
    tag.refresh_from_db()
    return tag


def _come_apart(uses: list[TagUse], meant: dict[str, int]) -> None:
    """Write the uses of these comments anew, from what the comments say."""
    bodies = dict(Comment.objects.filter(pk__in=[use.comment_id for use in uses]).values_list("pk", "body"))
    made = []
    for use in uses:
        first: dict[int, str] = {}
        for name in tags_of(bodies[use.comment_id]):
            if name in meant:
                first.setdefault(meant[name], name)
        made += [
            TagUse(
                tag_id=pk, comment_id=use.comment_id, author_id=use.author_id, subject_id=use.subject_id, written=name
            )
            for pk, name in first.items()
        ]
    TagUse.objects.filter(pk__in=[use.pk for use in uses]).delete()
    TagUse.objects.bulk_create(made)


def _checked(by: User, why: str) -> str:
    if not by.has_role(Role.MODERATOR):
        raise NotYours("not_moderator", _("Only moderators can merge tags."))
    why = " ".join(why.replace("\x00", "").split())[:WHY_MAX]
    if not why:
        raise Refused("why", _("Say why: it is kept with the record."))
    return why


def _locked(tag: Tag, other: Tag) -> tuple[Tag, Tag]:
    """Both rows, locked by name like everywhere, so that two writers cannot deadlock."""
    rows = Tag.objects.select_for_update(no_key=True).filter(pk__in={tag.pk, other.pk}).order_by("name")
    found = {row.pk: row for row in rows}
    return found[tag.pk], found[other.pk]


def _subjects(uses: QuerySet[TagUse]) -> list[int]:
    rows = uses.exclude(subject=None).order_by("subject").values_list("subject_id", flat=True).distinct()
    return [pk for pk in rows if pk is not None]


def _count_anew(tags: list[Tag], subjects: list[int]) -> None:
    """Counters and the models' labels, after the uses of two tags have changed on some subjects."""
    for tag in tags:
        Tag.objects.filter(pk=tag.pk).update(uses_count=TagUse.objects.filter(tag=tag).count())
    pks, names = [tag.pk for tag in tags], {tag.name for tag in tags}
    for chunk in _chunks(subjects):
        subjects_count(pks, chunk)
        if names & LABELS.keys():
            said = TagUse.objects.filter(tag__in=pks, subject__in=chunk, author__role__in=TEAM)
            for subject in said.order_by("subject").values_list("subject_id", flat=True).distinct():
                subject_label_write(subject, names)


def _chunks(rows: list[Row], size: int = CHUNK) -> Iterator[list[Row]]:
    for first in range(0, len(rows), size):
        yield rows[first : first + size]
