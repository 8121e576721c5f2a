"""What an e-mail says: text and HTML, in the person's language, with addresses that work outside the site."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from talk.models import Category, Notification
from talk.telling import Said, said
from talk.unsubscribing import token_for


def mail_write(person: User, rows: list[Notification], more: bool = False) -> dict[str, Any]:
    """Subject line, text, HTML and the address that ends such e-mails, as fields of ``Mail``.

    ``more`` says that there is more than these rows.
    """
    with translation.override(person.language or settings.LANGUAGE_CODE):
        items = [_for_outside(row) for row in rows]
        categories = [category for category in Category if any(row.category == category for row in rows)]
        stop = absolute(reverse("talk:unsubscribe", args=[token_for(person, categories)]))
        context = {
            "person": person,
            "items": items,
            "more": more,
            "stop": stop,
            "categories": [category.label for category in categories],
            "notifications": absolute(reverse("talk:notifications")),
            "choices": absolute(reverse("talk:mail_choices")),
        }
        return {
            "subject_line": _subject(items),
            "text": render_to_string("talk/mail/notifications.txt", context).strip() + "\n",
            "html": render_to_string("talk/mail/notifications.html", context),
            "unsubscribe": stop,
        }


def absolute(path: str) -> str:
    """The address of a page for readers outside the site."""
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def _for_outside(row: Notification) -> Said:
    """Of a private message only who wrote it: admins see what was sent, and the message is not their business."""
    one = said(row)
    return Said(one.line, "" if row.message_id is not None else one.excerpt, absolute(one.address))


def _subject(items: list[Said]) -> str:
    line = items[0].line
    if len(items) > 1:
        rest = ngettext("and %(count)d more", "and %(count)d more", len(items) - 1) % {"count": len(items) - 1}
        line = _("%(first)s, %(rest)s") % {"first": line, "rest": rest}
    return " ".join(f"[Asteroid Hunter] {line}".split())[:200]
