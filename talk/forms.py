"""What people type into Talk."""

from __future__ import annotations

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from talk.limits import MAX_CHARACTERS


class CommentForm(forms.Form):
    """A comment, and the key that makes sending it twice harmless."""

    body = forms.CharField(
        label=_("Your comment"),
        max_length=MAX_CHARACTERS,
        error_messages={"required": _("Write something first.")},
        widget=forms.Textarea(attrs={"rows": 4, "class": "composer__text"}),
    )
    key = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)


class DeletionForm(forms.Form):
    """Why a moderator deletes somebody else's comment; kept in the history."""

    why = forms.CharField(label=_("Why (kept with the record, not shown to others)"), max_length=200, required=False)
