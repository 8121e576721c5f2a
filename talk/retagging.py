"""When other people may read something, or no longer, the tags of its comments count, or no longer."""

from __future__ import annotations

from django.db.models import Q

from talk.models import Comment, Discussion
from talk.tagging import comment_tags_write

BATCH = 500


def discussion_tags_write(discussion: Discussion) -> int:
    """Bring the tags of all comments of a discussion in line with who may read it; how many were looked at.

    The caller holds the discussion, so that no comment comes in meanwhile. Comments that neither have tags nor name
    any are passed over.
    """
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
