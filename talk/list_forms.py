"""What people type beside comments: merged tags, collections."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from talk.models import Collection, Tag
from talk.tag_selectors import tag_by_name


class MergeForm(forms.Form):
    """Which spelling is merged into a tag or taken out of it, and why."""

    act = forms.ChoiceField(choices=[("merge", "merge"), ("split", "split")])
    spelling = forms.CharField(label=_("The other spelling"), max_length=41)
    why = forms.CharField(label=_("Why"), max_length=500, help_text=_("Kept with the record."))

    def clean_spelling(self) -> Tag:
        """The tag of this name."""
        found = tag_by_name(self.cleaned_data["spelling"].strip().removeprefix("#"))
        if found is None:
            raise ValidationError(_("There is no such tag."))
        return found


class CollectionForm(forms.ModelForm):
    """A collection's title, what it is about, and whether everybody may see it."""

    class Meta:
        model = Collection
        fields = ["title", "description", "is_public"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}
        labels = {"title": _("Title"), "description": _("What is it about?")}
