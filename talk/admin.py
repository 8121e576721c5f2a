"""Django admin of Talk. Comments are moderated on their own pages, so that tags and counters stay right."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.readonly_admin import ReadOnlyAdmin
from talk.models import Board, Comment, CommentEvent, Discussion, Tag  # type: ignore[attr-defined]


@admin.register(Board)
class BoardAdmin(admin.ModelAdmin):
    list_display = ["title", "slug", "is_notes"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Discussion)
class DiscussionAdmin(admin.ModelAdmin):
    list_display = ["title", "board", "comments_count", "last_comment_at", "locked"]
    list_filter = ["locked", "board"]
    fields = ["board", "title", "locked"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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
