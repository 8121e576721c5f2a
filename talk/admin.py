"""Django admin of Talk, to look at. Talk is moderated on its own pages, so that tags and counters stay right."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from accounts.readonly_admin import ReadOnlyAdmin
from talk.models import Board, Comment, CommentEvent, Discussion, Tag  # type: ignore[attr-defined]


@admin.register(Board)
class BoardAdmin(ReadOnlyAdmin):
    """Boards are set up on Talk's pages, where their tags follow and each change is kept."""

    list_display = ["title", "slug", "parent", "read", "write", "is_notes"]
    list_select_related = ["parent"]


@admin.register(Discussion)
class DiscussionAdmin(ReadOnlyAdmin):
    list_display = ["title", "board", "comments_count", "last_comment_at", "sticky", "locked", "hidden"]
    list_select_related = ["board"]
    list_filter = ["locked", "hidden", "board"]


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    list_display = ["id", "discussion", "author", "created_at", "edited_at", "deleted_at", "deleted_by"]
    list_select_related = ["discussion", "author", "deleted_by"]
    list_filter = ["deleted_at"]
    search_fields = ["=author__username"]


@admin.register(CommentEvent)
class CommentEventAdmin(ReadOnlyAdmin):
    """What a comment said before each edit or deletion, and who did it."""

    list_display = ["pgh_created_at", "pgh_obj", "body", "who"]
    list_select_related = ["pgh_obj", "pgh_context"]

    @admin.display(description="who and why")
    def who(self, event: Any) -> str:
        return str(event.pgh_context.metadata) if event.pgh_context else ""


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    list_display = ["name", "uses_count"]
    ordering = ["-uses_count"]
