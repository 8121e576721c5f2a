"""What Talk keeps for one person alone goes when they leave; what they wrote stays, nameless."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from talk.models import Block, Collection, Follow, Mail, MailChoice, Mention, Notification, ReadMark


@transaction.atomic
def personal_forget(*, user: User) -> None:
    """Remove what a person follows, was told and was sent, their choices, blocks, collections and who mentions them.

    Their messages stay for those they wrote to, from a former member.
    """
    for rows in (
        Notification.objects.filter(person=user),
        Mail.objects.filter(person=user),
        MailChoice.objects.filter(person=user),
        Follow.objects.filter(person=user),
        ReadMark.objects.filter(person=user),
        Block.objects.filter(by=user),
        Collection.objects.filter(owner=user),
        Mention.objects.filter(person=user),
    ):
        rows.delete()
