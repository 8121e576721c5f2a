"""Boards and the discussions on them. One board holds the notes: a discussion per subject."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role

SEARCH_CONFIG = "english"


class Access(models.TextChoices):
    """Who may read a board, or write on it."""

    EVERYONE = "everyone", _("everyone")
    MODERATORS = "moderators", _("moderators and the team")
    TEAM = "team", _("the team")


ROLE_FOR: dict[str, Role | None] = {
    Access.EVERYONE: None,
    Access.MODERATORS: Role.MODERATOR,
    Access.TEAM: Role.SCIENTIST,
}
"""The least role that each access asks for."""


class Board(models.Model):
    """A place for discussions. To write on it one must be able to read it; a sub-board lies in a board of its own."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    position = models.PositiveSmallIntegerField(default=0, help_text=_("boards with lower numbers come first"))
    is_notes = models.BooleanField(default=False)
    read = models.CharField(_("who may read"), max_length=10, choices=Access.choices, default=Access.EVERYONE)
    write = models.CharField(_("who may write"), max_length=10, choices=Access.choices, default=Access.EVERYONE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_notes"], condition=Q(is_notes=True), name="board_one_notes"),
            models.CheckConstraint(
                condition=Q(is_notes=False) | Q(read=Access.EVERYONE, parent=None), name="board_notes_for_everyone"
            ),
            models.CheckConstraint(
                condition=Q(read__in=Access.values, write__in=Access.values), name="board_access_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Discussion(models.Model):
    """A conversation. It may be about a subject; the one on the board of notes is *the* conversation about it."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="discussions")
    title = models.CharField(max_length=140)
    subject = models.ForeignKey(
        "classify.Subject", null=True, blank=True, on_delete=models.CASCADE, related_name="discussions"
    )
    is_note = models.BooleanField(default=False, editable=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="discussions_started"
    )
    sticky = models.BooleanField(default=False)
    locked = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False, help_text=_("only moderators see it"))
    comments_count = models.PositiveIntegerField(default=0)
    last_comment_at = models.DateTimeField(null=True, blank=True)
    search = models.GeneratedField(
        expression=SearchVector("title", config=SEARCH_CONFIG), output_field=SearchVectorField(), db_persist=True
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], condition=Q(is_note=True), name="discussion_one_note_per_subject"
            ),
            models.CheckConstraint(
                condition=Q(is_note=False) | Q(subject__isnull=False), name="discussion_note_has_subject"
            ),
        ]
        indexes = [
            models.Index(fields=["board", "-sticky", "-last_comment_at", "-id"], name="discussion_recent"),
            GinIndex(fields=["search"], name="discussion_search"),
        ]

    def __str__(self) -> str:
        return self.title
