"""Collections: subjects that a person gathers, for themselves or for all to see."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Collection(models.Model):
    """Subjects under a title. A private one is seen by its owner alone."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collections")
    title = models.CharField(max_length=140)
    description = models.TextField(max_length=2000, blank=True)
    is_public = models.BooleanField(_("everybody may see it"), default=False)
    subjects_count = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(auto_now=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="collection_has_title"),
            models.UniqueConstraint(
                fields=["owner", "title"],
                name="collection_title_once",
                violation_error_message=_("You already have a collection with this title."),
            ),
        ]
        indexes = [models.Index(fields=["-changed_at", "-id"], name="collection_public", condition=Q(is_public=True))]

    def __str__(self) -> str:
        return self.title


class CollectionItem(models.Model):
    """A subject in a collection."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="items")
    subject = models.ForeignKey("classify.Subject", on_delete=models.CASCADE, related_name="collection_items")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "subject"], name="collection_subject_once")]
        indexes = [
            models.Index(fields=["collection", "-id"], name="collection_newest"),
            models.Index(fields=["subject", "-id"], name="collection_of_subject"),
        ]
