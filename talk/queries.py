"""What people type into the search box: operators and words. Pure: text in, what is meant out."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_CHARACTERS = 200
MOST_OF_EACH = 5

_PIECE = re.compile(
    r'(?P<quoted>-?"[^"]*"?)'
    r"|(?:(?<=\s)|^)#(?P<tag>[-\w]{3,40})(?=\s|$)"
    r"|(?:(?<=\s)|^)@(?P<person>[\w.@+-]{1,150})(?=\s|$)"
    r"|(?:(?<=\s)|^)board:(?P<board>[-\w]{1,50})(?=\s|$)"
    r"|(?:(?<=\s)|^)\^[sS]?(?P<subject>[0-9]{1,18})(?=\s|$)",
    re.ASCII,
)
_WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Query:
    """All of it must fit. ``words`` is for ``websearch_to_tsquery``: words, "phrases", -without, or."""

    words: str = ""
    tags: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    subjects: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.tags or self.people or self.boards or self.subjects)


def query_of(text: str) -> Query:
    """Read a search: ``#tag``, ``@person``, ``board:slug``, ``^S123``; everything else is words.

    Operators stand alone between spaces; inside quotes they are words. Of each kind ``MOST_OF_EACH`` count, the rest
    is left out. Tags are in lower case.
    """
    text = text.replace("\x00", "")[:MOST_CHARACTERS]
    found: dict[str, list[str]] = {"tag": [], "person": [], "board": [], "subject": []}
    words, end = [], 0
    for match in _PIECE.finditer(text):
        kind = str(match.lastgroup)
        words.append(text[end : match.start()])
        end = match.end()
        if kind == "quoted":
            words.append(match[kind])
        elif match[kind] not in found[kind]:
            found[kind].append(match[kind])
    words.append(text[end:])
    said = " ".join("".join(words).split())
    return Query(
        words=said if _WORD.search(said) else "",
        tags=tuple(dict.fromkeys(name.lower() for name in found["tag"][:MOST_OF_EACH])),
        people=tuple(found["person"][:MOST_OF_EACH]),
        boards=tuple(found["board"][:MOST_OF_EACH]),
        subjects=tuple(int(number) for number in found["subject"][:MOST_OF_EACH]),
    )
