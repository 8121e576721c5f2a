"""Whether a person may write in Talk at all. Suspended people read and classify, but write nowhere here."""

from __future__ import annotations

from django.db.models import Q
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import User
from talk.errors import Refused
from talk.models import Suspension


def suspension_of(person: User) -> Suspension | None:
    """The suspension that holds now, the longest if there are several; None for everybody else."""
    holds = Suspension.objects.filter(Q(until=None) | Q(until__gt=timezone.now()), person=person, lifted_at=None)
    return holds.order_by("-until").first()  # PostgreSQL sorts "for good" (no end) first


def may_write(person: User) -> bool:
    """Whether a person may write, vote for comments or report in Talk."""
    return person.is_active and suspension_of(person) is None


def refuse_suspended(person: User) -> None:
    """Let through whoever may write; call it first in every service with which people write in Talk.

    Raises
    ------
    Refused
        ``suspended``, with the moderator's reason and the end.
    """
    found = suspension_of(person)
    if found is None and person.is_active:
        return
    if found is None:
        raise Refused("suspended", _("This account is closed."))
    if found.until is None:
        said = _("A moderator ended your writing in Talk: “%(why)s” You can still read and classify.")
        raise Refused("suspended", said % {"why": found.why})
    said = _("You cannot write in Talk until %(until)s: “%(why)s” You can still read and classify.")
    until = formats.date_format(timezone.localtime(found.until), "DATETIME_FORMAT")
    raise Refused("suspended", said % {"why": found.why, "until": until})
