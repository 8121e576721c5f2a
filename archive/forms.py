"""The form that asks for an ingest."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class ManyFilesField(forms.FileField):
    """Any number of files; cleans to a list."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [super(ManyFilesField, self).clean(file, initial) for file in data or []]


class IngestForm(forms.Form):
    """A folder of the server, or files sent along."""

    folder = forms.CharField(
        label=_("Folder or file on the server"),
        required=False,
        max_length=4000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    uploads = ManyFilesField(
        label=_("or FITS files from your computer"),
        required=False,
        widget=ManyFilesInput(attrs={"multiple": True, "accept": ".fits,.fit,.fts,.gz,.fz"}),
    )
    again = forms.BooleanField(label=_("Read files again that were refused before"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("folder")) == bool(cleaned.get("uploads")) and not self.errors:
            raise forms.ValidationError(_("Name a folder on the server, or choose files: one of the two."))
        return cleaned
