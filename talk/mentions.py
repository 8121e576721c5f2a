"""Whom comments speak to: ``@name`` of a person, ``@team``, ``@moderators``, and Zooniverse's other words for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from django.db.models import Prefetch, prefetch_related_objects
from django.db.models.functions import Lower
from django.urls import reverse

from accounts.models import User
from talk.models import Comment, Mention
from talk.tags import mentions_of

GROUPS = {
    "team": Mention.Group.TEAM,
    "admins": Mention.Group.TEAM,
    "researchers": Mention.Group.TEAM,
    "scientists": Mention.Group.TEAM,
    "moderators": Mention.Group.MODERATORS,
}
"""What is written, and which group it means; accounts cannot have these names."""

MENTIONED = Prefetch("mentions", Mention.objects.filter(person__isnull=False).select_related("person"))
"""For lists of comments: the people they mention in one query."""

C = TypeVar("C", bound=Comment)


def comment_mentions_write(comment: Comment) -> None:
    """Bring the mentions of a comment in line with what it says. Names that nobody has are only text."""
    names = mentions_of(comment.body)
    groups = {GROUPS[name] for name in names if name in GROUPS}
    people = {person.pk for person in people_named(names)}
    present = Mention.objects.filter(comment=comment)
    present.exclude(person__in=people).exclude(group__in=groups).delete()
    Mention.objects.bulk_create(
        [Mention(comment=comment, person_id=pk) for pk in sorted(people)]
        + [Mention(comment=comment, group=group) for group in sorted(groups)],
        ignore_conflicts=True,
    )


def people_named(names: Collection[str]) -> list[User]:
    """The people with these names (in lower case, whatever case the account has) who are still here."""
    if not names:
        return []
    found = User.objects.alias(lower_name=Lower("username")).filter(lower_name__in=names)
    return list(found.filter(is_active=True, left_at=None))


def mentions_prefetch(comments: list[C]) -> list[C]:
    """The same comments, with whom they mention at hand: one query, and none where nobody is spoken to."""
    prefetch_related_objects([comment for comment in comments if "@" in comment.body], MENTIONED)
    return comments


def mention_links(comment: Comment) -> dict[str, str]:
    """Where the mentions of a comment lead: to the pages of those who let everybody see them."""
    if "@" not in comment.body:
        return {}
    return _links([mention.person for mention in comment.mentions.all() if mention.person])


def mention_links_of(*bodies: str) -> dict[str, str]:
    """Where mentions lead in texts that keep none: messages, and what is not posted yet. One query, or none."""
    return _links(people_named({name for body in bodies for name in mentions_of(body)}))


def _links(people: Collection[User]) -> dict[str, str]:
    shown = [person for person in people if person.public_profile and person.left_at is None]
    return {person.username.lower(): reverse("accounts:profile", args=[person.username]) for person in shown}
