"""What people write: comments, who liked them, whom they mention."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from talk.models.boards import SEARCH_CONFIG, Discussion


@pghistory.track(
    pghistory.UpdateEvent(row=pghistory.Old),
    fields=["body", "deleted_at", "deleted_by", "edited_at"],
    model_name="CommentEvent",
    obj_field=pghistory.ObjForeignKey(related_name="events"),
)
class Comment(models.Model):
    """What a person wrote, as Markdown. Deleted comments keep their row; their text is no longer shown.

    A comment that a moderator hides is a deleted one, too, with another ``deleted_by`` than its author. Each edit and
    deletion leaves what was there before in ``CommentEvent``. The client's key makes sending a comment twice harmless.
    """

    key = models.UUIDField(unique=True, editable=False, db_default=RandomUUID())
    discussion = models.ForeignKey(Discussion, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="comments")
    reply_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies")
    body = models.TextField(max_length=10_000)
    upvotes_count = models.PositiveIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    edited_at = models.DateTimeField(null=True, blank=True)
    search = models.GeneratedField(
        expression=SearchVector("body", config=SEARCH_CONFIG), output_field=SearchVectorField(), db_persist=True
    )
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
            GinIndex(fields=["search"], name="comment_search", condition=Q(deleted_at=None)),
        ]


class Upvote(models.Model):
    """A person likes somebody else's comment."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="upvotes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="upvotes")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "person"], name="upvote_once")]


class Mention(models.Model):
    """A comment speaks to a person (``@ann``) or to a group (``@team``, ``@moderators``)."""

    class Group(models.TextChoices):
        TEAM = "team", _("the team")
        MODERATORS = "moderators", _("the moderators")

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="mentions"
    )
    group = models.CharField(max_length=12, choices=Group.choices, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, group="") | (Q(person=None) & ~Q(group="")),
                name="mention_of_person_or_group",
            ),
            models.UniqueConstraint(
                fields=["comment", "person"], condition=Q(person__isnull=False), name="mention_person_once"
            ),
            models.UniqueConstraint(fields=["comment", "group"], condition=~Q(group=""), name="mention_group_once"),
        ]
        indexes = [models.Index(fields=["person", "-comment"], name="mention_of_person")]
