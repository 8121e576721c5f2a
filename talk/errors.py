"""What Talk refuses, in words for the person who asked."""

from __future__ import annotations


class Refused(Exception):
    """A post, edit or deletion that Talk does not do. Nothing was changed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotYours(Refused):
    """Only the author (or, for deletions, a moderator) may do this."""
