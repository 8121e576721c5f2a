"""What scientists fill in for the tutorial and the field guide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from classify.models import GuideEntry, TutorialStep
from classify.pictures import MOST_BYTES
from classify.setup.forms import PlainForm, markdown_widget
from classify.setup.teaching import Upload

TYPES = "image/png,image/jpeg,image/webp"


class _Pictured(forms.Form):
    """A picture with its texts."""

    picture_file = forms.FileField(
        label=_("Picture (PNG, JPEG or WebP)"), required=False, widget=forms.FileInput(attrs={"accept": TYPES})
    )
    alt = forms.CharField(
        label=_("What is to be seen on it"),
        required=False,
        max_length=300,
        help_text=_("Read to people who do not see the picture."),
    )
    credit = forms.CharField(label=_("Credit"), required=False, max_length=200)

    def clean_picture_file(self) -> Any:
        file = self.cleaned_data.get("picture_file")
        if file and file.size > MOST_BYTES:
            limit = MOST_BYTES // 1024**2
            raise forms.ValidationError(_("The picture is larger than %d MB. Make it smaller.") % limit)
        return file

    def upload(self) -> Upload | None:
        """The picture that was sent along, if one was."""
        file = self.cleaned_data.get("picture_file")
        cleaned = self.cleaned_data
        return Upload(file.read(), cleaned["alt"], cleaned["credit"]) if file else None


class _InLanguage(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        field = self.fields["language"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(settings.LANGUAGES)


class StepForm(_Pictured, _InLanguage):
    """One step of the tutorial."""

    remove_picture = forms.BooleanField(label=_("Take the picture away"), required=False)

    class Meta:
        model = TutorialStep
        fields = ["language", "title", "text"]
        labels = {"title": _("Title"), "text": _("Text")}
        help_texts = {"text": _("Markdown. Two or three sentences are read; more is not.")}
        widgets = {"text": markdown_widget("text", rows=6)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["language", "title", "text", "picture_file", "alt", "credit", "remove_picture"])
        if not (self.instance.pk and self.instance.picture):
            del self.fields["remove_picture"]


class EntryForm(_InLanguage):
    """One class of the field guide."""

    class Meta:
        model = GuideEntry
        fields = ["language", "name", "answer", "looks_like", "is_not"]
        labels = {
            "name": _("Name"),
            "answer": _("What to answer"),
            "looks_like": _("What it looks like"),
            "is_not": _("What it is not"),
        }
        help_texts = {
            "answer": _("In the words of the buttons, such as “Yes”."),
            "looks_like": _("For somebody who has never seen a telescope’s image."),
        }
        widgets = {name: forms.Textarea(attrs={"rows": 4}) for name in ("looks_like", "is_not")}


class ExampleForm(_Pictured, PlainForm):
    """One more picture of a class."""

    caption = forms.CharField(label=_("Caption"), required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["picture_file"].required = True
        self.order_fields(["picture_file", "alt", "caption", "credit"])
