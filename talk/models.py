"""Talk: boards, discussions, comments and hashtags. Every subject has its discussion on the board of notes."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Board(models.Model):
    """A place for discussions. One board holds the notes: a discussion per subject."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    is_notes = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["is_notes"], condition=Q(is_notes=True), name="board_one_notes")]

    def __str__(self) -> str:
        return self.title


class Discussion(models.Model):
    """A conversation; on the board of notes, the one about a subject."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="discussions")
    title = models.CharField(max_length=140)
    subject = models.OneToOneField(
        "classify.Subject", null=True, blank=True, on_delete=models.CASCADE, related_name="discussion"
    )
    locked = models.BooleanField(default=False)
    comments_count = models.PositiveIntegerField(default=0)
    last_comment_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["board", "-last_comment_at"], name="discussion_recent")]

    def __str__(self) -> str:
        return self.title


@pghistory.track(
    pghistory.UpdateEvent(row=pghistory.Old),
    fields=["body", "deleted_at", "deleted_by", "edited_at"],
    model_name="CommentEvent",
    obj_field=pghistory.ObjForeignKey(related_name="events"),
)
class Comment(models.Model):
    """What a person wrote, as Markdown. Deleted comments keep their row; their text is no longer shown.

    Each edit and deletion leaves what was there before in ``CommentEvent``. The client's key makes sending
    a comment twice harmless.
    """

    key = models.UUIDField(unique=True, editable=False, db_default=RandomUUID())
    discussion = models.ForeignKey(Discussion, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="comments")
    body = models.TextField(max_length=10_000)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    edited_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(body=""), name="comment_not_empty", violation_error_message=_("Write something first.")
            )
        ]
        indexes = [
            models.Index(fields=["discussion", "id"], name="comment_in_order"),
            models.Index(fields=["-id"], name="comment_newest", condition=Q(deleted_at=None)),
            models.Index(fields=["author", "-id"], name="comment_of_author"),  # the limit of posts per minute
        ]


class Tag(models.Model):
    """A hashtag, in lower case, and how many comments use it."""

    name = models.CharField(max_length=40, unique=True)
    uses_count = models.PositiveIntegerField(default=0)

    class Meta:
        # Popular tags are read on every page of Talk.
        indexes = [models.Index(fields=["-uses_count", "name"], name="tag_popular", condition=Q(uses_count__gt=0))]

    def __str__(self) -> str:
        return f"#{self.name}"


class TagUse(models.Model):
    """A tag in a comment; on a subject's discussion it tags the subject."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="uses")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="tag_uses")
    subject = models.ForeignKey(
        "classify.Subject", null=True, blank=True, on_delete=models.CASCADE, related_name="tag_uses"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "comment"], name="tag_once_per_comment")]
        indexes = [
            models.Index(fields=["tag", "-comment"], name="tag_recent"),
            models.Index(fields=["subject", "tag"], name="tag_of_subject"),
        ]
