"""What tutorial and field guide are made of, in whatever language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of `static/img/guide`, what is to be seen on it (for people who do not see it), and its caption."""

    picture: str
    alt: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the tutorial; the text is Markdown."""

    title: str
    text: str
    shown: Shown


@dataclass(frozen=True, slots=True)
class Entry:
    """A class of the field guide."""

    name: str
    answer: str
    looks_like: str
    is_not: str
    examples: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """Everything in one language; ``credit`` says of every picture that it is no photograph."""

    language: str
    credit: str
    steps: tuple[Step, ...]
    guide: tuple[Entry, ...]
