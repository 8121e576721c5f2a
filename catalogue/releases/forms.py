"""What a scientist says of a release."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ReleaseForm(forms.Form):
    """Title, words and citation; the rows are what is accepted."""

    title = forms.CharField(label=_("Title"), max_length=140, help_text=_("Such as “Asteroid trails 2026, release 1”."))
    description = forms.CharField(
        label=_("What is in it"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("How the images were chosen, what was checked, what is known to be missing."),
    )
    citation = forms.CharField(
        label=_("How to cite it"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Empty: your name, the volunteers, the title and today's date."),
    )
    with_simulated = forms.BooleanField(
        label=_("With simulated exposures"),
        required=False,
        help_text=_("For exercises only: simulated trails are marked as such in each row."),
    )
