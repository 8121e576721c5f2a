"""What scientists fill in to make a project, a workflow and its rule."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from classify.models import ANSWER_VALUES, NO, UNSURE, YES, Project, Workflow

BUTTONS = {YES: _("Yes"), NO: _("No"), UNSURE: _("Impossible to tell")}  # in the order in which they are shown
WHY_MAX = 300
LABEL_MAX = 60


def languages() -> list[tuple[str, str]]:
    """The languages that texts are translated to: all of the site's but the first."""
    return [(code, name) for code, name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def markdown_widget(name: str, rows: int = 8) -> forms.Textarea:
    """A box for Markdown; what it will look like appears beside it while one writes."""
    return forms.Textarea(
        attrs={
            "rows": rows,
            "hx-post": reverse_lazy("setup:markdown"),
            "hx-trigger": "load, input changed delay:400ms",
            "hx-target": f"#preview-{name}",
            "hx-params": name,
            "data-markdown": name,
        }
    )


class PlainForm(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class WhyForm(PlainForm):
    """Why something is changed; kept with who and when."""

    why = forms.CharField(label=_("Why (kept in the history)"), required=False, max_length=WHY_MAX)


class ProjectForm(forms.ModelForm):
    """A project's name and story."""

    class Meta:
        model = Project
        fields = ["name", "description", "live"]
        labels = {"name": _("Name"), "description": _("What it is about"), "live": _("Open to volunteers")}
        help_texts = {"live": _("A closed project’s workflows are not offered to anyone.")}
        widgets = {"description": forms.Textarea(attrs={"rows": 5})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class WorkflowForm(forms.ModelForm):
    """The question, its answers and texts, in all languages. `changes` is what it says, as fields of the workflow."""

    offer_unsure = forms.BooleanField(
        label=_("Offer a third answer for images that nobody can judge"), required=False, initial=True
    )
    seen_version = forms.CharField(required=False, widget=forms.HiddenInput)
    why = forms.CharField(label=_("Why this change (kept in the history)"), required=False, max_length=WHY_MAX)

    class Meta:
        model = Workflow
        fields = [
            "name", "question", "help_text", "purpose", "marking", "marking_question", "frames", "training_first",
            "training_later",
        ]  # fmt: skip
        labels = {
            "name": _("Name"),
            "question": _("Question"),
            "help_text": _("Help for the question"),
            "purpose": _("What it looks for"),
            "marking": _("After “yes”, ask where it is"),
            "marking_question": _("What to ask then"),
            "frames": _("What people see of an image"),
            "training_first": _("Training images among a person’s first 15"),
            "training_later": _("Training images after a person’s first 40"),
        }
        help_texts = {
            "name": _("For lists and menus, such as “Asteroid trails”."),
            "question": _("One that is answered by yes or no, such as “Is there an asteroid trail visible?”"),
            "help_text": _("Markdown. Shown under “Why do we ask?”: what to look for, what only looks like it."),
            "purpose": _("Only finds of asteroid workflows become candidates and teach the model."),
            "marking": _("People draw a line from end to end on the image."),
            "frames": _(
                "Several pictures blink or stand side by side. Other exposures are looked for in the archive; an image "
                "without any is shown alone, as are training images of our making."
            ),
            "training_first": _("A share, 0 to 1. Training images have a known answer and are explained afterwards."),
            "training_later": _("A share, 0 to 1. 0 shows none."),
        }
        widgets = {
            "question": forms.TextInput,
            "help_text": markdown_widget("help_text"),
            **{name: forms.NumberInput(attrs={"min": 0, "max": 1, "step": "0.01"})
               for name in ("training_first", "training_later")},
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        labels = {answer["value"]: answer["label"] for answer in self.instance.answers or []}
        for value, usual in BUTTONS.items():
            field = forms.CharField(label=usual, max_length=LABEL_MAX, required=value != UNSURE)
            self.fields[f"label_{value}"] = field
            self.initial[f"label_{value}"] = labels.get(value, usual)
        for code, _name in languages():
            self._add_language(code)
        self.fields["marking_question"].required = False
        if self.instance.pk:
            self.initial["offer_unsure"] = UNSURE in labels
            self.initial["seen_version"] = self.instance.version
            if self.instance.classifications_count:
                self.fields["purpose"].disabled = True
                self.fields["purpose"].help_text = _("People have answered already, so this stays as it is.")
        else:
            del self.fields["why"]

    def _add_language(self, code: str) -> None:
        """Fields for the texts in one more language; empty ones fall back to the first language."""
        said: dict[str, Any] = (self.instance.translations or {}).get(code) or {}
        self.fields[f"question_{code}"] = forms.CharField(label=_("Question"), required=False, max_length=200)
        for value, usual in BUTTONS.items():
            self.fields[f"label_{value}_{code}"] = forms.CharField(label=usual, required=False, max_length=LABEL_MAX)
            self.initial[f"label_{value}_{code}"] = (said.get("answers") or {}).get(value, "")
        self.fields[f"marking_question_{code}"] = forms.CharField(
            label=_("What to ask when marking"), required=False, max_length=200
        )
        name = f"help_text_{code}"
        self.fields[name] = forms.CharField(
            label=_("Help for the question"), required=False, widget=markdown_widget(name), max_length=20_000
        )
        for text in ("question", "marking_question", "help_text"):
            self.initial[f"{text}_{code}"] = said.get(text, "")

    def answer_fields(self) -> list[Any]:
        """The bound fields of the answers' words."""
        return [self[f"label_{value}"] for value in BUTTONS]

    def language_fields(self) -> list[tuple[str, str, list[Any]]]:
        """For each other language: its code, its name, its bound fields."""
        names = ["question", *(f"label_{value}" for value in BUTTONS), "marking_question", "help_text"]
        return [(code, name, [self[f"{field}_{code}"] for field in names]) for code, name in languages()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("marking") and not cleaned.get("marking_question"):
            self.add_error("marking_question", _("Say what people are asked to mark."))
        if cleaned.get("offer_unsure") and not cleaned.get(f"label_{UNSURE}"):
            self.add_error(f"label_{UNSURE}", _("Say what this button is called, or do not offer it."))
        seen = cleaned.get("seen_version")
        if self.instance.pk and seen and seen != self.instance.version:
            self.add_error(
                None,
                _(
                    "Somebody else changed this workflow meanwhile. What you wrote is still below; nothing was "
                    "saved yet. Look at the workflow’s page in another tab, then save again."
                ),
            )
            again = cast(QueryDict, self.data).copy()
            again["seen_version"] = self.instance.version
            self.data = again
        self.instance.answers = self.answers(cleaned)  # what the model checks after this
        return cleaned

    def answers(self, cleaned: dict[str, Any]) -> list[dict[str, str]]:
        """The answers as the model keeps them, in the order they had; a new one comes last."""
        had = [answer["value"] for answer in self.instance.answers or []]
        order = [*had, *(value for value in BUTTONS if value not in had)]
        offered = [value for value in order if value != UNSURE or cleaned.get("offer_unsure")]
        return [{"value": value, "label": cleaned.get(f"label_{value}") or str(BUTTONS[value])} for value in offered]

    def changes(self) -> dict[str, Any]:
        """All fields of the workflow as the form says them; of a valid form."""
        cleaned = self.cleaned_data
        values = {name: cleaned[name] for name in self.Meta.fields}
        values["marking_question"] = cleaned["marking_question"] or self.initial.get("marking_question", "")
        return values | {"answers": self.instance.answers, "translations": self._translations()}

    def _translations(self) -> dict[str, Any]:
        """Languages that the site does not speak now keep what they had."""
        kept: dict[str, Any] = dict(self.instance.translations or {})
        for code, _name in languages():
            said = {text: self.cleaned_data[f"{text}_{code}"] for text in ("question", "marking_question", "help_text")}
            labels = {value: self.cleaned_data[f"label_{value}_{code}"] for value in ANSWER_VALUES}
            said = {text: value for text, value in said.items() if value}
            if labels := {value: label for value, label in labels.items() if label}:
                said["answers"] = labels
            kept.pop(code, None)
            if said:
                kept[code] = said
        return kept


class ActivateForm(WhyForm):
    """Show the workflow to people, or stop."""

    active = forms.BooleanField(required=False, widget=forms.HiddenInput)
