"""Texts that the team writes in Markdown, as HTML that cannot harm a reader."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

ELEMENTS = {*("p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "h2", "h3", "h4", "a")}


def team_html(text: str) -> SafeString:
    """CommonMark without HTML of its own; what comes out is cleaned once more. Pictures have fields of their own."""
    return mark_safe(nh3.clean(MarkdownIt("commonmark", {"html": False}).render(text), tags=ELEMENTS))
