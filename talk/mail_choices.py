"""When people get e-mails: what they chose, for each category."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.models import User
from talk.models import Digest, MailChoice
from talk.notifying import DEFAULT_DIGEST


def digests_of(person: User) -> dict[str, str]:
    """When a person gets e-mails, for each category: as they chose, else the default."""
    chosen = MailChoice.objects.filter(person=person).values_list("category", "digest")
    return {str(category): str(digest) for category, digest in DEFAULT_DIGEST.items()} | dict(chosen)


def mail_choices_set(*, person: User, digests: Mapping[str, Digest]) -> None:
    """Choose when e-mails come, for some categories; the others stay as they are. Twice is once."""
    MailChoice.objects.bulk_create(
        [MailChoice(person=person, category=category, digest=digest) for category, digest in sorted(digests.items())],
        update_conflicts=True,
        unique_fields=["person", "category"],
        update_fields=["digest"],
    )
