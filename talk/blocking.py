"""A person wants to hear nothing of another: no private messages, no notifications of what they write."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from talk.errors import Refused
from talk.models import Block


def person_block(*, by: User, person: User) -> Block:
    """Block somebody. Twice is once. Raises ``Refused`` (``own``) for oneself."""
    if by.pk == person.pk:
        raise Refused("own", _("You cannot block yourself."))
    return Block.objects.get_or_create(by=by, person=person)[0]


def person_unblock(*, by: User, person: User) -> bool:
    """Hear of somebody again; False when they were not blocked."""
    return bool(Block.objects.filter(by=by, person=person).delete()[0])


def blocks_of(by: User) -> QuerySet[Block]:
    """Whom a person blocked, the newest first."""
    return Block.objects.filter(by=by).select_related("person").order_by("-pk")


def is_blocked(*, by: User, person: User) -> bool:
    """Whether ``by`` blocked ``person``."""
    return Block.objects.filter(by=by, person=person).exists()
