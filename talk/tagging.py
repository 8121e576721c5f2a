"""Which tags a comment has. Uses, counters and the tagged subjects always agree with the comments people can read."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Count, F, Max, Q

from talk.labels import subject_label_write
from talk.models import Access, Comment, Discussion, Tag, TaggedSubject, TagUse
from talk.tags import tags_of


def comment_tags_write(comment: Comment, discussion: Discussion) -> None:
    """Bring the tags of a comment in line with what it says. A hidden comment, or one few can read, has none.

    The caller holds the locks of the discussion and the comment. Tag rows are locked in one order: by name.
    """
    counts = comment.deleted_at is None and tags_count_in(discussion)
    _tags_set(comment, tags_of(comment.body) if counts else [], subject_id=discussion.subject_id)


def tags_count_in(discussion: Discussion) -> bool:
    """Whether tags count in a discussion: where everybody can read."""
    return not discussion.hidden and discussion.board.read == Access.EVERYONE


def tags_hold(names: Collection[str], tag_ids: Collection[int]) -> None:
    """Hold many tags, by name: these, and those that the names stand for. What is new is made first, as everywhere."""
    _make(names)
    meant = Tag.objects.filter(name__in=names, merged_into__isnull=False).values("merged_into")
    rows = Tag.objects.filter(Q(name__in=names) | Q(pk__in=tag_ids) | Q(pk__in=meant))
    list(rows.select_for_update(no_key=True).order_by("name").values_list("pk"))


def subjects_count(tag_ids: Iterable[int], subject_ids: Iterable[int]) -> None:
    """Count anew how often, and by how many people, each of the subjects has each of the tags."""
    pairs = {"tag_id__in": list(tag_ids), "subject_id__in": list(subject_ids)}
    uses = TagUse.objects.filter(**pairs).values("tag_id", "subject_id")
    found = uses.annotate(uses=Count("id"), people=Count("author", distinct=True), last=Max("comment"))
    rows = [
        TaggedSubject(
            tag_id=row["tag_id"],
            subject_id=row["subject_id"],
            uses_count=row["uses"],
            people_count=row["people"],
            last_comment_id=row["last"],
        )
        for row in found
    ]
    kept = {(row.tag_id, row.subject_id) for row in rows}
    gone = [row.pk for row in TaggedSubject.objects.filter(**pairs) if (row.tag_id, row.subject_id) not in kept]
    TaggedSubject.objects.filter(pk__in=gone).delete()
    TaggedSubject.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["tag", "subject"],
        update_fields=["uses_count", "people_count", "last_comment"],
    )


def _tags_set(comment: Comment, names: Collection[str], *, subject_id: int | None) -> None:
    wanted = _canonical(names)
    present = dict(TagUse.objects.filter(comment=comment).values_list("tag_id", "tag__name"))
    added, removed = wanted.keys() - present.keys(), present.keys() - wanted.keys()
    if not added and not removed:
        return
    locked = Tag.objects.select_for_update(no_key=True).filter(pk__in=added | removed).order_by("name")
    rows = list(locked.values_list("pk", "name", "merged_into"))
    if any(merged for _pk, _name, merged in rows):
        _tags_set(comment, names, subject_id=subject_id)  # a moderator merged it meanwhile
        return
    touched = {pk: name for pk, name, _merged in rows}
    TagUse.objects.filter(comment=comment, tag__in=removed).delete()
    TagUse.objects.bulk_create(
        TagUse(tag_id=pk, comment=comment, author_id=comment.author_id, subject_id=subject_id, written=wanted[pk])
        for pk in added
    )
    Tag.objects.filter(pk__in=added).update(uses_count=F("uses_count") + 1)
    Tag.objects.filter(pk__in=removed).update(uses_count=F("uses_count") - 1)
    if subject_id is not None:
        subjects_count(touched, [subject_id])
    subject_label_write(subject_id, touched.values())


def _canonical(names: Collection[str]) -> dict[int, str]:
    """The tags that names stand for, and which name was written for each (the first, where two mean the same)."""
    _make(names)
    found = Tag.objects.filter(name__in=names).values_list("name", "pk", "merged_into_id")
    meant = {name: merged_into or pk for name, pk, merged_into in found}
    written: dict[int, str] = {}
    for name in names:
        written.setdefault(meant[name], name)
    return written


def _make(names: Collection[str]) -> None:
    Tag.objects.bulk_create([Tag(name=name) for name in sorted(names)], ignore_conflicts=True)
