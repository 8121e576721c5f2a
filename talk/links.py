"""Where things of Talk are found."""

from __future__ import annotations

from django.urls import reverse

from talk.models import Discussion


def discussion_address(discussion: Discussion) -> str:
    """The page of a discussion: that of its image for a note, its own for others."""
    if discussion.is_note:
        return reverse("talk:subject", args=[discussion.subject_id])
    return reverse("talk:discussion", args=[discussion.pk])
