"""What the names of HST's datasets say."""

from __future__ import annotations

import re

# IPPPSSOOT: instrument, proposal, visit, exposure, what it is made of (HST Data Handbook, "File Names and Extensions").
HST_NAME = re.compile(r"[ijlnouwxyz][a-z0-9]{8}", re.I)
VISIT_LETTERS = 6


def visit_prefix(name: str) -> str | None:
    """The part of a dataset's name that all datasets of its visit begin with; None of a name that is not HST's."""
    return name[:VISIT_LETTERS] if HST_NAME.fullmatch(name) else None


def visit_of(name: str) -> str:
    """The visit a dataset belongs to: of HST's names the part that says so, else the name itself."""
    return (visit_prefix(name) or "").lower() or name
