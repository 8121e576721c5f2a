"""People like each other's comments. The counter in the comment's row agrees with the votes."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from talk.access import may_read
from talk.errors import Refused
from talk.limits import upvote_count
from talk.locks import comment_hold, person_hold
from talk.models import Comment, Upvote
from talk.standing import refuse_suspended


@transaction.atomic
def comment_upvote(*, comment: Comment, person: User, up: bool = True) -> Comment:
    """Vote for somebody else's comment, or take the vote back. Twice is once.

    Raises
    ------
    Refused
        ``own``, ``suspended``, ``deleted``, ``no_access`` or ``too_fast``.
    """
    person = person_hold(person)
    refuse_suspended(person)
    upvote_count(person)
    discussion, comment = comment_hold(comment)
    if comment.author_id == person.pk:
        raise Refused("own", _("This is your own comment; leave it to others to like it."))
    if comment.deleted_at is not None:
        raise Refused("deleted", _("This comment was deleted."))
    if not may_read(person, discussion):
        raise Refused("no_access", _("You cannot read that."))
    if up:
        _vote, changed = Upvote.objects.get_or_create(comment=comment, person=person)
    else:
        changed = bool(Upvote.objects.filter(comment=comment, person=person).delete()[0])
    if changed:
        Comment.objects.filter(pk=comment.pk).update(upvotes_count=F("upvotes_count") + (1 if up else -1))
        comment.refresh_from_db(fields=["upvotes_count"])
    return comment
