"""Which candidates came out of hashtags in Talk."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalogue.models.candidates import Candidate, TrailClass


class TagOrigin(models.Model):
    """Somebody of the team took a tagged subject over as a candidate of a class. A subject gives one per class.

    The counts are those of the moment; what people wrote is read from Talk, where it may be hidden later.
    """

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="tag_origins")
    subject = models.ForeignKey("classify.Subject", on_delete=models.PROTECT, related_name="+")
    trail_class = models.CharField(max_length=12, choices=TrailClass.choices)
    tag = models.ForeignKey("talk.Tag", on_delete=models.PROTECT, related_name="+")
    people_count = models.PositiveIntegerField(help_text=_("how many people gave the subject this tag"))
    comments_count = models.PositiveIntegerField(help_text=_("in how many comments"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "trail_class"], name="tag_origin_once_per_class"),
            models.CheckConstraint(condition=models.Q(people_count__gt=0), name="tag_origin_has_taggers"),
        ]

    def __str__(self) -> str:
        return f"#{self.tag_id} on subject {self.subject_id}"
