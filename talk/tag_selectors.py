"""Reads of tags: a tag's images and comments, page by page, and spellings that lie near each other."""

from __future__ import annotations

import re

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Replace

from talk.mentions import mentions_prefetch
from talk.models import Comment, Tag, TaggedSubject
from talk.selectors import COMMENTS_PER_PAGE, SUBJECTS_PER_PAGE, Page
from talk.tag_filters import PEOPLE, TagFilter

KEY = re.compile(r"(?:([0-9]{1,9})_)?([0-9]{1,18})", re.ASCII)
MOST_SPELLINGS = 20


def tag_subjects(
    tag: Tag, filters: TagFilter, *, at: tuple[int, int] | None = None, limit: int = SUBJECTS_PER_PAGE
) -> Page[TaggedSubject]:
    """A page of the images with a tag, each once with its counts; ``at`` is what ``tag_subjects_key`` read."""
    rows = filters.subjects(tag).select_related("subject__cutout")
    by_people = filters.order == PEOPLE
    if at is not None:
        people, last = at
        beyond = Q(last_comment__lt=last)
        if by_people:
            # The first part follows from the second: it lets the index bound the search.
            beyond = Q(people_count__lte=people) & (Q(people_count__lt=people) | beyond)
        rows = rows.filter(beyond)
    found = list(rows.order_by(*(["-people_count"] if by_people else []), "-last_comment")[: limit + 1])
    edge = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], after=f"{edge.people_count}_{edge.last_comment_id}" if edge else None)


def tag_subjects_key(given: str | None) -> tuple[int, int] | None:
    """Read the key of a page of images. Raises ``ValueError`` for what is none."""
    if given is None:
        return None
    match = KEY.fullmatch(given)
    if match is None:
        raise ValueError("This is not the key of a page.")
    return int(match[1] or 0), int(match[2])


def tag_comments(
    tag: Tag, filters: TagFilter | None = None, *, before: int | None = None, limit: int = COMMENTS_PER_PAGE
) -> Page[Comment]:
    """The newest comments with a tag."""
    uses = (filters or TagFilter()).uses(tag)
    if before is not None:
        uses = uses.filter(comment_id__lt=before)
    ids = list(uses.order_by("-comment_id").values_list("comment_id", flat=True)[: limit + 1])
    found = Comment.objects.select_related("author", "discussion__board", "discussion__subject__cutout").in_bulk(
        ids[:limit]
    )
    rows = mentions_prefetch([found[pk] for pk in ids[:limit] if pk in found])
    return Page(rows, after=str(ids[limit - 1]) if len(ids) > limit else None)


def subjects_count_to(rows: QuerySet[TaggedSubject], most: int) -> int:
    """How many rows there are, counted no further than one beyond ``most``."""
    return len(rows.values_list("pk", flat=True)[: most + 1])


def tag_variants(tag: Tag) -> list[Tag]:
    """The spellings that stand for a tag, by name."""
    return list(Tag.objects.filter(merged_into=tag).order_by("name"))


def spellings_of(tag: Tag) -> list[Tag]:
    """Tags in use that differ from this one in dashes, underscores or a final "s" only; the most used first."""
    plain = plain_of(tag.name)
    ways = {plain, f"{plain}s", plain.removesuffix("s")}
    rows = Tag.objects.filter(uses_count__gt=0, merged_into=None).exclude(pk=tag.pk)
    return list(rows.alias(plain=plain_name()).filter(plain__in=ways).order_by("-uses_count", "name")[:MOST_SPELLINGS])


def spellings_near(*, limit: int = MOST_SPELLINGS) -> list[tuple[Tag, list[Tag]]]:
    """The most used tags that have other spellings, each with them: what a moderator may want to merge."""
    used = Tag.objects.filter(uses_count__gt=0, merged_into=None)
    others = used.alias(plain=plain_name()).filter(plain=OuterRef("plain")).exclude(pk=OuterRef("pk"))
    more = others.filter(
        Q(uses_count__gt=OuterRef("uses_count")) | Q(uses_count=OuterRef("uses_count"), pk__lt=OuterRef("pk"))
    )
    first = used.alias(plain=plain_name()).filter(Exists(others), ~Exists(more)).order_by("-uses_count", "name")
    return [(tag, spellings_of(tag)) for tag in first[:limit]]


def plain_of(name: str) -> str:
    """A name without what people write differently: dashes and underscores."""
    return name.replace("-", "").replace("_", "")


def plain_name() -> Replace:
    """``plain_of`` in the database."""
    return Replace(Replace(F("name"), Value("-")), Value("_"))


def tag_by_name(name: str) -> Tag | None:
    """A tag or a merged spelling, by its name in any case, used or not."""
    return Tag.objects.filter(name=name.lower()).select_related("merged_into").first()
