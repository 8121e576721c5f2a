"""What to offer while somebody types ``#``, ``@`` or ``^``: never what they may not know of."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role, User
from classify.models import Subject
from talk.access import comments_readable, discussions_readable
from talk.models import Block, Mention, Tag
from talk.sidebar import participants

MOST = 8
STAFF = (Role.MODERATOR, Role.SCIENTIST, Role.ADMIN)
TEN = range(1, 6)
"""How many digits more a subject's number may have than was typed."""


@dataclass(frozen=True)
class Offer:
    """What is put in, and what is shown beside it."""

    value: str
    detail: str = ""
    image: str = ""


def tags_offered(begin: str) -> list[Offer]:
    """Tags that begin so, the most used first; for a merged spelling the tag it stands for."""
    found = Tag.objects.filter(name__startswith=begin.lower()).select_related("merged_into")
    used = found.filter(Q(uses_count__gt=0) | Q(merged_into__isnull=False)).order_by("-uses_count", "name")
    meant = {tag.pk: tag for tag in (row.merged_into or row for row in used[: 2 * MOST])}
    return [Offer(f"#{tag.name}", str(tag.uses_count)) for tag in meant.values()][:MOST]


def people_offered(person: User, begin: str, *, discussion_pk: int | None = None) -> list[Offer]:
    """People whose names begin so: who takes part in the discussion first, then others known in Talk, and groups.

    Who left or was blocked by this person is not offered, nor anybody who never showed themselves here.
    """
    begin = begin.lower()
    blocked = set(Block.objects.filter(by=person).values_list("person", flat=True))
    here = _participants(person, discussion_pk)
    near = [one for one in here if one.username.lower().startswith(begin) and one.pk not in blocked]
    groups = [Offer(f"@{value}", str(label)) for value, label in Mention.Group.choices if value.startswith(begin)]
    if not begin:
        return [_person(one) for one in near if one.pk != person.pk][:MOST] + groups
    known = _known(person).filter(username__istartswith=begin).exclude(pk__in=blocked | {one.pk for one in near})
    people = [*near, *known.order_by("username")[:MOST]]
    return [*[_person(one) for one in people if one.pk != person.pk][:MOST], *groups]


def subjects_offered(begin: str) -> list[Offer]:
    """Subjects whose number begins so, that number itself first."""
    number = int(begin)
    if number == 0:
        return []
    within = Q(pk=number)
    for more in TEN:
        within |= Q(pk__gte=number * 10**more, pk__lt=(number + 1) * 10**more)
    rows = Subject.objects.filter(within, pk__lt=2**62).select_related("cutout").order_by("pk")[:MOST]
    return [
        Offer(
            f"^S{row.pk}",
            _("Subject %(number)d") % {"number": row.pk},
            reverse("archive:image", args=[row.cutout.public_id]) if row.cutout else "",
        )
        for row in rows
    ]


def _participants(person: User, discussion_pk: int | None) -> list[User]:
    discussion = discussions_readable(person).filter(pk=discussion_pk).first() if discussion_pk else None
    return participants(discussion, limit=30) if discussion else []


def _known(person: User) -> QuerySet[User]:
    """Those whom this person can meet in Talk."""
    wrote = Exists(comments_readable(person).filter(author=OuterRef("pk")))
    return User.objects.filter(Q(public_profile=True) | Q(role__in=STAFF) | wrote, is_active=True, left_at=None)


def _person(one: User) -> Offer:
    return Offer(f"@{one.username}", str(one.get_role_display()) if one.role in STAFF else "")
