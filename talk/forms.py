"""What people type into Talk."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from classify.models import Subject
from talk.limits import MAX_CHARACTERS
from talk.models import Report
from talk.services import TITLE_MAX, TITLE_MIN

MOST = 2**62


class CommentForm(forms.Form):
    """A comment, what it answers, and the key that makes sending it twice harmless."""

    body = forms.CharField(
        label=_("Your comment"),
        max_length=MAX_CHARACTERS,
        error_messages={"required": _("Write something first.")},
        widget=forms.Textarea(attrs={"rows": 4, "class": "composer__text"}),
    )
    key = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)
    reply_to = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1, max_value=MOST)


class DiscussionForm(CommentForm):
    """A new discussion: its title, perhaps the subject it is about, and its first comment."""

    title = forms.CharField(label=_("Title"), min_length=TITLE_MIN, max_length=TITLE_MAX)
    subject = forms.IntegerField(
        label=_("About subject (its number, if it is about one)"),
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        min_value=1,
        max_value=MOST,
    )

    def clean_subject(self) -> Subject | None:
        """The subject with this number."""
        number: Any = self.cleaned_data.get("subject")
        if number is None:
            return None
        found = Subject.objects.filter(pk=number).first()
        if found is None:
            raise forms.ValidationError(_("There is no subject with this number."))
        return found


class DeletionForm(forms.Form):
    """Why a moderator hides somebody else's comment; kept with the act, and told to the author."""

    why = forms.CharField(label=_("Why (kept with the record; the author is told)"), max_length=500, required=False)


class ReportForm(forms.Form):
    """Why something should not stand."""

    reason = forms.ChoiceField(label=_("What is wrong?"), choices=Report.Reason.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("Anything moderators should know (optional)"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
