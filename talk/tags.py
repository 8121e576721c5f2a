"""Hashtags and references to subjects in what people write. Pure: text in, names out."""

from __future__ import annotations

import re

# Zooniverse's own expression (talk-api), so that what is a tag there is one here.
TAG = re.compile(r"(?:^|\s)#([-\w\d]{3,40})", re.ASCII | re.MULTILINE)
NAME = re.compile(r"[-\w]{3,40}", re.ASCII)
MAX_TAGS = 50


def tags_of(body: str) -> list[str]:
    """The tags of a comment, in lower case, each once, in order of appearance, at most ``MAX_TAGS``."""
    return list(dict.fromkeys(name.lower() for name in TAG.findall(body)))[:MAX_TAGS]
