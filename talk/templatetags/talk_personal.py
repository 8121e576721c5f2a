"""What the pages show about one person: unread notifications, and how closely they follow what they look at."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from accounts.models import User
from talk.following import Followed, level_of, unread_count
from talk.markdown import comment_html
from talk.models import Level

register = template.Library()

LEVELS = (Level.WATCHING, Level.TRACKING, Level.NORMAL, Level.MUTED)


@register.inclusion_tag("talk/_bell.html", takes_context=True)
def bell(context: dict[str, Any]) -> dict[str, Any]:
    """The way to one's notifications, with how many are new. One query, and none for visitors."""
    person = getattr(context.get("request"), "user", None)
    return {"count": unread_count(person) if isinstance(person, User) else None}


@register.inclusion_tag("talk/_follow.html", takes_context=True)
def follow_control(context: dict[str, Any], what: Followed | None) -> dict[str, Any]:
    """How closely one follows a discussion, board or tag, to change; nothing for visitors. One query or two."""
    request = context["request"]
    if what is None or not isinstance(request.user, User):
        return {}
    return {
        "what": what,
        "kind": what._meta.model_name,
        "levels": LEVELS,
        "current": level_of(request.user, what),
        "next": request.get_full_path(),
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def as_message(body: str, links: dict[str, str]) -> SafeString:
    """A private message as safe HTML; ``links`` is where its mentions lead."""
    return comment_html(body, links)
