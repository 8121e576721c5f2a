"""The beginning of an answer: what one answers, quoted. Pure: text in, text out."""

from __future__ import annotations

import re

MOST_CHARACTERS = 600

_SPEAKS = re.compile(r"(?<!\S)(?=[#@])|(?<=\()(?=@)")


def quote_of(name: str, body: str) -> str:
    """A comment as a Markdown quote under its author's name, with a line to go on.

    Quotes in it are left out, long texts are cut. A quoted tag or mention is only text: who quotes ``#asteroid`` tags
    nothing, and nobody is spoken to again.
    """
    lines = [line for line in body.split("\n") if not line.lstrip().startswith(">")]
    text = "\n".join(lines).strip()
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS].rsplit(" ", 1)[0] + " …"
    text = re.sub(r"\n{3,}", "\n\n", _SPEAKS.sub(r"\\", text))
    quoted = "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
    return f"> **{name}**:\n{quoted}\n\n"
