"""All that the site keeps about a person as one JSON document, made in pieces: memory does not grow with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Case, F, QuerySet, Value, When

from accounts.models import User, Volunteer
from accounts.selectors import account_export
from classify.models import Classification, Favourite
from talk.access import readable
from talk.models import (
    Block,
    Collection,
    CollectionItem,
    Comment,
    Follow,
    MailChoice,
    Message,
    Report,
    Suspension,
    Upvote,
)

PAGE = 1000
OF_VOLUNTEER = ("classifications", "favourites")
"""Lists that need a volunteer; the others are of the account itself."""
VOTE = {"id": "pk", "workflow": "workflow__slug", "subject": "subject_id"} | {
    name: name
    for name in (
        "workflow_version", "answer", "annotations", "metadata", "started_at", "finished_at", "created_at", "counted",
        "set_aside",
    )
}  # fmt: skip
FAVOURITE = {"subject": "subject_id", "created_at": "created_at"}
COMMENT = {"id": "pk", "subject": "discussion__subject_id", "discussion": "title"} | {
    name: name for name in ("body", "created_at", "edited_at", "deleted_at")
}
COLLECTION = {"id": "public_id"} | {
    name: name for name in ("title", "description", "is_public", "changed_at", "created_at")
}
UPVOTE = {"comment": "comment_id", "created_at": "created_at"}
REPORT = {"comment": "comment_id", "message": "message_id"} | {
    name: name for name in ("reason", "text", "state", "created_at")
}
BLOCK = {"person": "person__username", "created_at": "created_at"}
SUSPENSION = {name: name for name in ("why", "created_at", "until", "lifted_at")}
MESSAGE = {"between": "conversation__first__username", "and": "conversation__second__username"} | {
    name: name for name in ("body", "created_at")
}
FOLLOW = {"board": "board__slug", "tag": "tag__name", "discussion": "discussion", "level": "level"}
MAIL_CHOICE = {"category": "category", "digest": "digest"}
COLLECTED = {"collection": "collection__public_id", "subject": "subject_id", "added_at": "added_at"}
"""Names in the document, and where their values are found."""


def person_export(user: User) -> Iterator[str]:
    """The document in pieces: the account, then what they classified, wrote, collected, follow and chose.

    Rows that come in while it runs are left to the next export.
    """
    volunteer = Volunteer.objects.filter(user=user).first()
    account = _json(account_export(user))
    yield account.rstrip("\n}")
    lists: list[tuple[str, QuerySet[Any], dict[str, str]]] = [
        ("classifications", Classification.objects.filter(volunteer=volunteer), VOTE),
        ("favourites", Favourite.objects.filter(volunteer=volunteer), FAVOURITE),
        ("comments", _comments(user), COMMENT),
        ("collections", Collection.objects.filter(owner=user), COLLECTION),
        ("collected", CollectionItem.objects.filter(collection__owner=user), COLLECTED),
        ("upvotes", Upvote.objects.filter(person=user), UPVOTE),
        ("reports", Report.objects.filter(by=user), REPORT),
        ("blocks", Block.objects.filter(by=user), BLOCK),
        ("suspensions", Suspension.objects.filter(person=user), SUSPENSION),
        ("messages", Message.objects.filter(author=user), MESSAGE),
        ("follows", Follow.objects.filter(person=user), FOLLOW),
        ("mail_choices", MailChoice.objects.filter(person=user), MAIL_CHOICE),
    ]
    for name, rows, names in lists:
        yield f',\n  "{name}": ['
        separator = "\n"
        for row in _in_pages(rows if volunteer or name not in OF_VOLUNTEER else rows.none(), names):
            yield separator + "    " + json.dumps(row, cls=DjangoJSONEncoder)
            separator = ",\n"
        yield "\n  ]"
    yield "\n}\n"


def _comments(user: User) -> QuerySet[Comment]:
    """All that a person wrote; where, only as far as they may still know of it."""
    title = Case(When(readable(user, "discussion__"), then=F("discussion__title")), default=Value(""))
    return Comment.objects.filter(author=user).annotate(title=title)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, indent=2)


def _in_pages(rows: QuerySet[Any], names: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Rows by id under their names in the document, a page in memory at a time."""
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    last = 0
    while last < newest:
        page = rows.filter(pk__gt=last, pk__lte=newest).order_by("pk").values_list("pk", *names.values())
        found = list(page[:PAGE])
        if not found:
            return
        yield from (dict(zip(names, row[1:], strict=True)) for row in found)
        last = found[-1][0]
