"""Forms of the catalogue."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from catalogue.models import TrailClass, Validation
from catalogue.services import NOTE_MAX


class DecisionForm(forms.Form):
    """One decision of one scientist."""

    verdict = forms.ChoiceField(
        choices=Validation.Verdict.choices, error_messages={"required": _("Accept, reject or reopen?")}
    )
    trail_class = forms.ChoiceField(choices=TrailClass.choices, required=False)
    note = forms.CharField(max_length=NOTE_MAX, required=False, widget=forms.Textarea)
    seen = forms.IntegerField(min_value=0, required=False)
