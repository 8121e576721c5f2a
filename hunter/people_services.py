"""Writes about one person that concern several rooms."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from accounts.services import account_leave
from classify.models import Favourite
from talk.forgetting import personal_forget


@transaction.atomic
def person_leave(*, user: User) -> None:
    """Remove who this person is and what they kept for themselves. Their votes and comments stay, nameless.

    Raises
    ------
    AccountRefused
        The last admin cannot leave; nothing was changed.
    """
    Favourite.objects.filter(volunteer__user=user).delete()
    personal_forget(user=user)
    account_leave(user=user)
