"""How images are chosen for a workflow."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from classify.setup.filling import Selection
from classify.setup.forms import PlainForm


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class SelectionForm(PlainForm):
    """Cutouts by instrument, filter, target and date. What is left empty does not select."""

    instrument = forms.ChoiceField(label=_("Instrument"), required=False)
    filter_name = forms.ChoiceField(label=_("Filter"), required=False)
    target = forms.CharField(label=_("Target holds"), required=False, max_length=80)
    first = _day(_("Observed from"))
    last = _day(_("until"))

    def __init__(self, *args: Any, instruments: list[str], filters: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, values in (("instrument", instruments), ("filter_name", filters)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("all")), *((value, value) for value in values)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and first > last:
            self.add_error("last", _("This lies before the first day."))
        return cleaned

    def selection(self) -> Selection:
        """What was chosen; of a valid form."""
        cleaned = self.cleaned_data
        days = {name: cleaned[name].isoformat() if cleaned[name] else "" for name in ("first", "last")}
        words = {name: cleaned[name] for name in ("instrument", "filter_name", "target")}
        return Selection(**words, **days)


class SetNameForm(PlainForm):
    """What the chosen images are called together."""

    name = forms.CharField(label=_("Name of this set"), max_length=120)
