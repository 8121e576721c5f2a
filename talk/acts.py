"""What moderators do is written down with it: who, why, to whom and what it was before."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import RANK, Role, User
from talk.errors import NotYours, Refused
from talk.models import ModerationAct
from talk.notifying import act_notify

WHY_MAX = 500
Kind = ModerationAct.Kind
WITHOUT_WHY = {Kind.STICK, Kind.UNSTICK, Kind.CLOSE, Kind.WATCH, Kind.BOARD}
"""What needs no reason: it takes nothing from anybody, or the report gives the reason."""


def act_write(*, kind: ModerationAct.Kind, by: User, why: str = "", **concerned: Any) -> ModerationAct:
    """Write down what a moderator does, in the transaction that does it, and see to it that the person is told.

    ``concerned`` names the rows (``comment``, ``discussion``, ``tag``, ``report``, ``person``) and ``details``.

    Raises
    ------
    Refused
        ``why`` when the reason is missing; ``NotYours`` when ``by`` is no moderator.
    """
    refuse_unless_moderator(by)
    why = why.replace("\x00", "").strip()[:WHY_MAX]
    if not why and kind not in WITHOUT_WHY:
        raise Refused("why", _("Say why: the reason is kept, and people are told it."))
    act = ModerationAct.objects.create(kind=kind, by=by, why=why, **concerned)
    act_notify(act)
    return act


def refuse_unless_moderator(by: User) -> None:
    """Let moderators through. Raises ``NotYours``."""
    if not by.has_role(Role.MODERATOR):
        raise NotYours("not_moderator", _("Only moderators can do this."))


def refuse_unless_below(by: User, person: User) -> None:
    """Let through what a moderator does to somebody of a lower role. Raises ``NotYours``."""
    refuse_unless_moderator(by)
    if RANK[Role(person.role)] >= RANK[Role(by.role)]:
        raise NotYours("not_below", _("You can do this to people with a lower role than yours only."))
