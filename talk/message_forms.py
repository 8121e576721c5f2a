"""What people type into private messages."""

from __future__ import annotations

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from talk.limits import MAX_CHARACTERS


class MessageForm(forms.Form):
    """A private message, and the key that makes sending it twice harmless."""

    body = forms.CharField(
        label=_("Your message"),
        max_length=MAX_CHARACTERS,
        error_messages={"required": _("Write something first.")},
        widget=forms.Textarea(attrs={"rows": 4, "class": "composer__text"}),
    )
    key = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)
