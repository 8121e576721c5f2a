"""Private messages between two people. Nobody else reads them; moderators see one only when it is reported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from talk.blocking import is_blocked
from talk.errors import Refused
from talk.limits import WINDOW, is_new, refuse_too_much_for_new, text_checked
from talk.models import Conversation, Message, Notification
from talk.notifying import message_notify
from talk.selectors import Page
from talk.standing import refuse_suspended

PER_PAGE = 30
MESSAGES_PER_WINDOW = 10
NEW_CONVERSATIONS = 3
"""People that an account can write to first on its first day."""
CONVERSATIONS_PER_DAY = 30
"""People that anybody can write to first within a day."""


@transaction.atomic
def message_send(*, author: User, to: User, body: str, key: UUID | None = None) -> Message:
    """Write to a person. Safe to repeat: the same key and text return the first.

    Raises
    ------
    Refused
        ``empty``, ``too_long``, ``suspended``, ``blocked``, ``own``, ``gone``, ``too_fast`` or one of the limits of
        new accounts; nothing was sent.
    """
    body = text_checked(body)
    # As in posting: the author's row is the queue of what they write, so that the limits are exact.
    author = User.objects.select_for_update(no_key=True).get(pk=author.pk)
    first = Message.objects.filter(key=key, author=author, body=body).first() if key is not None else None
    if first is not None:
        return first
    refuse_suspended(author)
    _refuse_person(author, to)
    _refuse_too_fast(author)
    refuse_too_much_for_new(author, body)
    conversation = conversation_between(author, to) or _conversation_start(author, to)
    key = None if key is not None and Message.objects.filter(key=key).exists() else key
    message = Message.objects.create(conversation=conversation, author=author, body=body, key=key or uuid4())
    mine = "first_read" if author.pk == conversation.first_id else "second_read"
    Conversation.objects.filter(pk=conversation.pk).update(last_message_at=message.created_at, **{mine: message.pk})
    message_notify(message)
    return message


def conversation_between(one: User, other: User) -> Conversation | None:
    """What two people wrote to each other, or None."""
    first, second = sorted((one.pk, other.pk))
    return Conversation.objects.filter(first=first, second=second).first()


def conversations_of(person: User, *, before: int | None = None, limit: int = PER_PAGE) -> Page[Conversation]:
    """A person's conversations with the ``other`` one, the ``last`` message and whether it is ``unread``; newest first.

    ``before`` is the id of a message: conversations whose last message is older.
    """
    rows = conversations_with_state(person)
    if before is not None:
        rows = rows.filter(last_id__lt=before)
    found: list[Any] = list(rows.order_by("-last_id")[: limit + 1])
    last = Message.objects.select_related("author").in_bulk([row.last_id for row in found])
    for row in found:
        row.other = row.second if row.first_id == person.pk else row.first
        row.last = last[row.last_id]
        row.unread = row.last_id > row.read
    return Page(found[:limit], after=str(found[limit - 1].last_id) if len(found) > limit else None)


def conversations_with_state(person: User) -> QuerySet[Any]:
    """A person's conversations with something in them: ``last_id`` of the newest message, and up to which they read."""
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    rows = Conversation.objects.filter(Q(first=person) | Q(second=person), last_message_at__isnull=False)
    read = Case(When(first=person, then=F("first_read")), default=F("second_read"))
    return rows.annotate(last_id=Subquery(newest), read=read).select_related("first", "second")


def messages_of(
    conversation: Conversation | None, *, before: int | None = None, limit: int = PER_PAGE
) -> Page[Message]:
    """Messages in the order they were written, the last page unless ``before`` (the id of one) says otherwise."""
    rows: QuerySet[Message] = Message.objects.filter(conversation=conversation).select_related("author")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1]) if conversation is not None else []
    page = found[:limit][::-1]
    return Page(page, before=str(page[0].pk) if len(found) > limit else None)


@transaction.atomic
def conversation_read(*, person: User, conversation: Conversation, up_to: int) -> None:
    """Remember how far a person has read; what they were told of these messages is read, too."""
    mine = "first_read" if person.pk == conversation.first_id else "second_read"
    Conversation.objects.filter(pk=conversation.pk, **{f"{mine}__lt": up_to}).update(**{mine: up_to})
    told = Notification.objects.filter(person=person, read_at=None, message__conversation=conversation)
    told.filter(message__lte=up_to).update(read_at=timezone.now())


def person_to_write_to(person: User, username: str) -> User | None:
    """Somebody by name, for writing to them or reading what they wrote; None for nobody, oneself and former members."""
    return User.objects.filter(username=username, left_at=None, is_active=True).exclude(pk=person.pk).first()


def message_in(person: User, pk: int) -> Message | None:
    """A message that a person got or wrote; None for any other."""
    theirs = Q(conversation__first=person) | Q(conversation__second=person)
    return Message.objects.filter(theirs, pk=pk).select_related("conversation", "author").first()


def _conversation_start(author: User, to: User) -> Conversation:
    started = Message.objects.filter(
        author=author,
        created_at__gt=timezone.now() - timedelta(days=1),
        conversation__created_at__gt=timezone.now() - timedelta(days=1),
    )
    most = NEW_CONVERSATIONS if is_new(author) else CONVERSATIONS_PER_DAY
    if started.values("conversation").distinct().count() >= most:
        raise Refused(
            "new_conversations",
            _("You wrote to %(count)d new people within a day. Your text is kept here: send it tomorrow.")
            % {"count": most},
        )
    first, second = sorted((author.pk, to.pk))
    return Conversation.objects.get_or_create(first_id=first, second_id=second)[0]


def _refuse_person(author: User, to: User) -> None:
    if to.pk == author.pk:
        raise Refused("own", _("You cannot write to yourself."))
    if not to.is_active or to.left_at is not None:
        raise Refused("gone", _("This person is no longer here. Nothing was sent."))
    if is_blocked(by=author, person=to):
        raise Refused("blocked", _("You blocked this person. Hear of them again first, then write."))
    if is_blocked(by=to, person=author):
        raise Refused("blocked", _("This person does not take messages from you. Nothing was sent."))


def _refuse_too_fast(author: User) -> None:
    newest = Message.objects.filter(author=author).order_by("-id").values_list("created_at", flat=True)
    at = newest[MESSAGES_PER_WINDOW - 1 : MESSAGES_PER_WINDOW].first()
    if at is not None and at > timezone.now() - WINDOW:
        raise Refused(
            "too_fast",
            _("You wrote %(count)d messages within a minute. Your text is kept here: wait a moment, then send it.")
            % {"count": MESSAGES_PER_WINDOW},
        )
