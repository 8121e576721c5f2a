"""Forms of the catalogue."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalogue.models import Grade, TrailClass, Validation
from catalogue.services import NOTE_MAX


class DecisionForm(forms.Form):
    """One decision of one scientist."""

    verdict = forms.ChoiceField(
        choices=Validation.Verdict.choices, error_messages={"required": _("Accept, reject or reopen?")}
    )
    trail_class = forms.ChoiceField(choices=TrailClass.choices, required=False)
    grade = forms.ChoiceField(choices=Grade.choices, required=False)
    note = forms.CharField(max_length=NOTE_MAX, required=False, widget=forms.Textarea)
    seen = forms.IntegerField(min_value=0, required=False)

    def clean(self) -> dict[str, Any]:
        """A grade that is still marked from before means nothing for what is not accepted."""
        cleaned: dict[str, Any] = super().clean() or {}
        return cleaned if cleaned.get("verdict") == Validation.Verdict.ACCEPT else cleaned | {"grade": ""}


class TakeOverForm(forms.Form):
    """Which class the tagged subjects become candidates of; the ticked ones, or all that fit the page's filters."""

    trail_class = forms.ChoiceField(choices=TrailClass.choices, error_messages={"required": _("Choose a class.")})
    which = forms.ChoiceField(choices=[("ticked", "ticked"), ("all", "all")])
