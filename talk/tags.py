"""Hashtags and references to subjects in what people write. Pure: text in, names out."""

from __future__ import annotations

import re

# Zooniverse's own expression (talk-api), so that what is a tag there is one here.
TAG = re.compile(r"(?:^|\s)#([-\w\d]{3,40})", re.ASCII | re.MULTILINE)
NAME = re.compile(r"[-\w]{3,40}", re.ASCII)
# A name as people may choose them (accounts.usernames), so that a full stop after it is not part of it.
PERSON = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?"
MENTION = re.compile(rf"(?:^|[\s(])@({PERSON})", re.ASCII | re.MULTILINE)
MAX_TAGS = 50
MAX_MENTIONS = 20


def tags_of(body: str) -> list[str]:
    """The tags of a comment, in lower case, each once, in order of appearance, at most ``MAX_TAGS``."""
    return list(dict.fromkeys(name.lower() for name in TAG.findall(body)))[:MAX_TAGS]


def mentions_of(body: str) -> list[str]:
    """The names a comment speaks to with ``@``, in lower case, each once, in order, at most ``MAX_MENTIONS``."""
    return list(dict.fromkeys(name.lower() for name in MENTION.findall(body)))[:MAX_MENTIONS]
