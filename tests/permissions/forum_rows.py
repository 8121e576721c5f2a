"""Rows for the addresses of boards, discussions, comments and moderation."""

from __future__ import annotations

from talk.models import Board, Comment, Report
from tests import factories


def forum_rows(comment: Comment) -> dict[str, dict[str, object]]:
    """For each address that names a board, a discussion, a comment or a report: which one."""
    board, _made = Board.objects.get_or_create(slug="questions", defaults={"title": "Questions"})
    report = Report.objects.create(comment=comment, by=factories.user(), reason="spam")
    comments = ("comment", "comment_delete", "comment_edit", "comment_history", "comment_quote", "comment_report")
    of_comment = [*(f"talk:{name}" for name in comments), "talk:comment_restore", "talk:comment_upvote"]
    of_discussion = [f"talk:{name}" for name in ("discussion", "discussion_moderate", "discussion_post")]
    return {
        **{name: {"pk": comment.pk} for name in of_comment},
        **{name: {"pk": comment.discussion_id} for name in of_discussion},
        "talk:report": {"pk": report.pk},
        "talk:moderation_person": {"username": comment.author.username if comment.author else ""},
        **{name: {"slug": board.slug} for name in ("talk:board_edit", "talk:discussion_start", "talk:board")},
    }
