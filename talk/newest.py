"""The newest comments that fit a filter, whether many do or few.

What is common is found among the newest few thousand. What is not common enough for that has few places, which other
indexes find. Both cost little, while sorting all places of a common word would not.
"""

from __future__ import annotations

from django.db.models import F, Max, QuerySet, Value

from talk.models import Comment

WINDOW = 8_000


def newest_ids(comments: QuerySet[Comment], *, before: int | None, limit: int) -> list[int]:
    """The ids of the newest comments below ``before`` that fit, falling."""
    top = before or (Comment.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    below = comments.filter(pk__lt=top)
    near = list(below.filter(pk__gte=top - WINDOW).order_by("-pk").values_list("pk", flat=True)[:limit])
    if len(near) == limit or top <= WINDOW:
        return near
    # The sum keeps the planner from walking all comments from the newest on, in the hope to meet some soon.
    everywhere = below.annotate(place=F("pk") + Value(0)).order_by("-place")
    return list(everywhere.values_list("place", flat=True)[:limit])
