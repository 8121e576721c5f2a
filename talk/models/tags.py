"""Hashtags. They count where everybody can read: comments on other boards leave no trace here."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from talk.models.comments import Comment


class Tag(models.Model):
    """A hashtag, in lower case, and how many comments use it.

    A spelling that moderators merged into another keeps its row and points there; it has no uses of its own.
    """

    name = models.CharField(max_length=40, unique=True)
    uses_count = models.PositiveIntegerField(default=0)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="variants")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(merged_into=None) | ~Q(merged_into=F("id")), name="tag_not_into_itself")
        ]
        indexes = [
            # Popular tags are read on every page of Talk.
            models.Index(
                fields=["-uses_count", "name"],
                name="tag_popular",
                condition=Q(uses_count__gt=0, merged_into=None),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.name}"


class TagUse(models.Model):
    """A tag in a comment; in a discussion about a subject it tags the subject. ``written`` is what the person wrote."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="uses")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="tag_uses")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    subject = models.ForeignKey(
        "classify.Subject", null=True, blank=True, on_delete=models.CASCADE, related_name="tag_uses"
    )
    written = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "comment"], name="tag_once_per_comment")]
        indexes = [
            models.Index(fields=["tag", "-comment"], name="tag_recent"),
            models.Index(fields=["subject", "tag"], name="tag_of_subject"),
            models.Index(fields=["author", "tag", "-comment"], name="tag_of_author"),
        ]


class TaggedSubject(models.Model):
    """A subject with a tag: by how many people, in how many comments, in which last. Kept in step with the uses."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="subjects")
    subject = models.ForeignKey("classify.Subject", on_delete=models.CASCADE, related_name="tags")
    uses_count = models.PositiveIntegerField()
    people_count = models.PositiveIntegerField()
    last_comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "subject"], name="tagged_subject_once")]
        indexes = [
            models.Index(fields=["tag", "-last_comment"], name="tagged_recent"),
            models.Index(fields=["tag", "-people_count", "-last_comment"], name="tagged_by_people"),
            models.Index(fields=["subject", "-uses_count", "tag"], name="tagged_of_subject"),
        ]
