"""The sidebar of Talk's pages, whichever view renders them."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from classify.models import Subject
from talk import sidebar
from talk.models import Discussion

register = template.Library()


@register.simple_tag(takes_context=True)
def sidebar_for_page(context: Context) -> sidebar.Sidebar:
    """The lists beside the page: of its ``subject`` and ``discussion``, where it has them."""
    request: Any = context.get("request")
    subject, discussion = context.get("subject"), context.get("discussion")
    if subject is None and isinstance(discussion, Discussion):
        subject = discussion.subject
    return sidebar.sidebar(
        request.user if request else None,
        subject=subject if isinstance(subject, Subject) else None,
        discussion=discussion if isinstance(discussion, Discussion) else None,
    )
