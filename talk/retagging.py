"""When other people may read something, or no longer, the tags of its comments count, or no longer."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from talk.models import Comment, Discussion, TagUse
from talk.tagging import comment_tags_write, tags_count_in, tags_hold
from talk.tags import tags_of

BATCH = 500


def discussions_tags_write(discussions: Collection[Discussion]) -> int:
    """Bring the tags of all comments of discussions in line with who may read them; how many were looked at.

    The caller holds all the discussions, so that no comment comes in meanwhile. Then all their tags are held, by name:
    comment by comment they would be held in the order of the comments, and two writers could wait for each other.
    """
    named: set[str] = set()
    counting = [discussion for discussion in discussions if tags_count_in(discussion)]
    said = Comment.objects.filter(discussion__in=counting, deleted_at=None, body__contains="#")
    for body in said.values_list("body", flat=True).iterator(chunk_size=BATCH):
        named.update(tags_of(body))
    uses = TagUse.objects.filter(comment__discussion__in=discussions)
    tags_hold(named, set(uses.values_list("tag", flat=True).distinct()))
    return sum(_tags_write(discussion) for discussion in discussions)


def _tags_write(discussion: Discussion) -> int:
    """Comments that neither have tags nor name any are passed over."""
    wanted = Comment.objects.filter(discussion=discussion).filter(Q(body__contains="#") | Q(tag_uses__isnull=False))
    last, done = 0, 0
    while True:
        ids = list(wanted.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True).distinct()[:BATCH])
        for comment in Comment.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"):
            comment_tags_write(comment, discussion)
        done += len(ids)
        if len(ids) < BATCH:
            return done
        last = ids[-1]
