"""What people fill in on the pages of models."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ml.learning import LONGEST_MINUTES, MINUTES, MOST_SEED, SHORTEST_MINUTES
from ml.models import Model

WHY_MAX = 300


class _Form(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class RegisterForm(_Form):
    """A model's file, its card, and its hash from its maker."""

    file = forms.FileField(
        label=_("The model (ONNX)"), widget=forms.FileInput(attrs={"accept": ".onnx"}), max_length=255
    )
    card = forms.FileField(
        label=_("Its card (JSON)"), widget=forms.FileInput(attrs={"accept": ".json"}), max_length=255
    )
    sha256 = forms.RegexField(
        re.compile(r"^\s*[0-9a-fA-F]{64}\s*$"),
        label=_("SHA-256 of the model's file"),
        help_text=_(
            "As its maker tells it, not computed from what you received: it says that the file is the right one."
        ),
        error_messages={"invalid": _("A SHA-256 is 64 digits and letters a to f.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class WhyForm(_Form):
    """Why another model is put to work; kept with who and when."""

    why = forms.CharField(label=_("Why (kept in the history)"), required=False, max_length=WHY_MAX)


class TrainForm(_Form):
    """How to train."""

    minutes = forms.FloatField(
        label=_("Minutes of computing"), initial=MINUTES, min_value=SHORTEST_MINUTES, max_value=LONGEST_MINUTES,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )  # fmt: skip
    seed = forms.IntegerField(
        label=_("Seed"), initial=1, min_value=0, max_value=MOST_SEED,
        help_text=_("Another seed gives another model of about the same quality."),
    )  # fmt: skip
    use_labels = forms.BooleanField(label=_("Learn from what people decided here, too"), required=False, initial=True)


class CompareForm(_Form):
    """Two models to hold against each other."""

    first = forms.ModelChoiceField(Model.objects.order_by("-active", "-pk"), label=_("Model"), empty_label=None)
    second = forms.ModelChoiceField(Model.objects.order_by("active", "-pk"), label=_("against"), empty_label=None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("first") and cleaned.get("first") == cleaned.get("second"):
            raise forms.ValidationError(_("Choose two different models."))
        return cleaned
