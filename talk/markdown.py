"""Comments as HTML: CommonMark, hashtags and subjects as links, and nothing that could harm a reader.

Two gates, each enough by itself: the parser never passes HTML through, and nh3 then keeps only listed
elements, attributes and address schemes. Images become links: a page loads nothing from other sites.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import nh3
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from talk.tags import PERSON, tags_of

ELEMENTS = {
    *("a", "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "h4"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https"}
HEADING = "h4"  # under the heading of a comment, whatever level was written

_LINKABLE = re.compile(
    r"(?:(?<=\s)|^)#(?P<tag>[-\w]{3,40})"
    r"|(?:(?<=\s)|^)\^[Ss](?P<subject>[0-9]{1,18})\b"
    rf"|(?:(?<=[\s(])|^)@(?P<person>{PERSON})"
    r"|(?:(?<=[\s(])|^)(?P<url>https?://[^\s<>\"]{3,500})",
    re.ASCII,
)
_AFTER_URL = ".,;:!?'*_~"


def comment_html(body: str, people: Mapping[str, str] | None = None) -> SafeString:
    """Render the Markdown of a comment.

    Parameters
    ----------
    body
        What the person wrote.
    people
        Where mentions lead: names in lower case, and addresses within this site. Other names stay plain.

    Returns
    -------
    SafeString
        HTML of the listed elements only; every link carries ``rel="nofollow noopener ugc"``.
    """
    html = _PARSER.render(body, {"tags": set(tags_of(body)), "people": people or {}})
    clean = nh3.clean(
        html,
        tags=ELEMENTS,
        attributes=ATTRIBUTES,
        allowed_classes={"a": {"hashtag", "mention", "subject"}},
        url_schemes=SCHEMES,
        link_rel="nofollow noopener ugc",
    )
    return mark_safe(clean)


def _comment_rules(state: StateCore) -> None:
    """Turn images into links, flatten headings, and link tags, subjects and bare addresses."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = HEADING
        if token.type == "inline" and token.children:
            token.children = _linked(token.children, state.env)


def _linked(children: list[Token], known: Mapping[str, Any]) -> list[Token]:
    out: list[Token] = []
    depth = 0
    for token in children:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "image":
            label = token.content or str(token.attrGet("src"))
            out += [_text(label)] if depth else _link(str(token.attrGet("src")), label)
        elif token.type == "text" and not depth:
            out += _split(token.content, known, starts=_at_word_start(out))
        else:
            out.append(token)
    return out


def _at_word_start(before: list[Token]) -> bool:
    return not before or before[-1].type in ("softbreak", "hardbreak")


def _split(text: str, known: Mapping[str, Any], *, starts: bool) -> list[Token]:
    """The pieces of a text: plain, and links. Without ``starts`` nothing links at the very beginning."""
    out: list[Token] = []
    end = 0
    for match in _LINKABLE.finditer(text):
        if match.start() == 0 and not starts:
            continue
        shown = match[0].rstrip(_AFTER_URL) if match["url"] else match[0]
        if match["url"] and shown.endswith(")") and "(" not in shown:
            shown = shown[:-1]
        link = _link_of(match, shown, known)
        if link:
            out += [_text(text[end : match.start()]), *link]
            end = match.start() + len(shown)
    return [*out, _text(text[end:])]


def _link_of(match: re.Match[str], shown: str, known: Mapping[str, Any]) -> list[Token] | None:
    if match["tag"]:
        name = match["tag"].lower()
        return (
            _link(reverse("talk:tag", args=[name]), shown, css_class="hashtag")
            if name in known.get("tags", ())
            else None
        )
    if match["subject"]:
        return _link(reverse("talk:subject", args=[int(match["subject"])]), shown, css_class="subject")
    if match["person"]:
        address = known.get("people", {}).get(match["person"].lower())
        return _link(address, shown, css_class="mention") if address else None
    return _link(shown, shown)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _link(href: str, label: str, css_class: str = "") -> list[Token]:
    opened = Token("link_open", "a", 1, attrs={"href": href})
    if css_class:
        opened.attrSet("class", css_class)
    return [opened, _text(label), Token("link_close", "a", -1)]


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    parser.enable("strikethrough").disable(["html_block", "html_inline"])
    parser.core.ruler.push("comment", _comment_rules)
    return parser


_PARSER = _parser()
