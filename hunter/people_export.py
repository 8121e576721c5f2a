"""All that the site keeps about a person as one JSON document, made in pieces: memory does not grow with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet

from accounts.models import User, Volunteer
from accounts.selectors import account_export
from classify.models import Classification, Favourite
from talk.models import Comment

PAGE = 1000


def person_export(user: User) -> Iterator[str]:
    """The document in pieces: the account, then each classification, favourite and comment.

    Rows that come in while it runs are left to the next export.
    """
    volunteer = Volunteer.objects.filter(user=user).first()
    account = _json(account_export(user))
    yield account.rstrip("\n}")
    lists: list[tuple[str, QuerySet[Any], Callable[[Any], dict[str, Any]]]] = [
        ("classifications", Classification.objects.filter(volunteer=volunteer).select_related("workflow"), _vote),
        ("favourites", Favourite.objects.filter(volunteer=volunteer), _favourite),
        ("comments", Comment.objects.filter(author=user).select_related("discussion"), _comment),
    ]
    for name, rows, plain in lists:
        yield f',\n  "{name}": ['
        separator = "\n"
        for row in _in_pages(rows if volunteer or name == "comments" else rows.none()):
            yield separator + "    " + json.dumps(plain(row), cls=DjangoJSONEncoder)
            separator = ",\n"
        yield "\n  ]"
    yield "\n}\n"


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, indent=2)


def _in_pages(rows: QuerySet[Any]) -> Iterator[Any]:
    """Rows by id, a page in memory at a time."""
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    last = 0
    while last < newest:
        found: list[Model] = list(rows.filter(pk__gt=last, pk__lte=newest).order_by("pk")[:PAGE])
        if not found:
            return
        yield from found
        last = found[-1].pk


def _vote(row: Classification) -> dict[str, Any]:
    return {
        "id": row.pk,
        "workflow": row.workflow.slug,
        "workflow_version": row.workflow_version,
        "subject": row.subject_id,
        "answer": row.answer,
        "annotations": row.annotations,
        "metadata": row.metadata,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "created_at": row.created_at,
        "counted": row.counted,
        "set_aside": row.set_aside,
    }


def _favourite(row: Favourite) -> dict[str, Any]:
    return {"subject": row.subject_id, "created_at": row.created_at}


def _comment(row: Comment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "subject": row.discussion.subject_id,
        "discussion": row.discussion.title,
        "body": row.body,
        "created_at": row.created_at,
        "edited_at": row.edited_at,
        "deleted_at": row.deleted_at,
    }
