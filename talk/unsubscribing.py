"""Ending e-mails without signing in: a signed token says whose and which, for a month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.core import signing

from accounts.models import User
from talk.mail_choices import mail_choices_set
from talk.models import Category, Digest

SALT = "talk.unsubscribe"
VALID = timedelta(days=31)


def token_for(person: User, categories: Iterable[Category]) -> str:
    """A token that ends e-mails of these categories for a person."""
    return signing.dumps([person.pk, [str(category) for category in categories]], salt=SALT, compress=True)


def token_read(token: str) -> tuple[User, list[Category]] | None:
    """Whose e-mails a token ends, and which; None when it is not ours or too old."""
    try:
        pk, names = signing.loads(token, salt=SALT, max_age=VALID)
    except signing.BadSignature:
        return None
    person = User.objects.filter(pk=pk, is_active=True).first()
    return (person, [Category(name) for name in names]) if person is not None else None


def unsubscribe(*, person: User, categories: Iterable[Category]) -> None:
    """No more e-mails of these categories; in the page the person is still told. Twice is once."""
    mail_choices_set(person=person, digests=dict.fromkeys(categories, Digest.NEVER))
