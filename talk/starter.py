"""The boards that a new site begins with; moderators change them in the browser."""

from __future__ import annotations

from talk.models import Access, Board
from talk.services import notes_board

BOARDS = [
    ("questions", "Questions", "How to see, how to mark, what to do. No question is too small.", Access.EVERYONE),
    ("finds", "Finds", "Arcs, rings, odd trails: what the buttons have no word for.", Access.EVERYONE),
    ("team", "Team room", "The scientists among themselves.", Access.TEAM),
]


def boards_ensure() -> list[Board]:
    """Make the first boards where there are none but the notes. Twice is once."""
    notes_board()
    if Board.objects.filter(is_notes=False).exists():
        return []
    return Board.objects.bulk_create(
        Board(slug=slug, title=title, description=description, read=access, write=access, position=number)
        for number, (slug, title, description, access) in enumerate(BOARDS, start=1)
    )
