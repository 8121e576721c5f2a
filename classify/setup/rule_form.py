"""The rule that ends the voting on a subject, explained to people who have never heard of a prior."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from classify.models import Workflow
from classify.setup.forms import WHY_MAX

VOTES = ["min_votes", "max_votes"]
THRESHOLDS = ["retire_no_below", "retire_yes_above", "retire_unsure_above", "yes_threshold"]
EXPECTED = ["prevalence_yes", "prevalence_unsure"]
SCORE = ["score_as_prior", "min_votes_scored", "low_score_share", "retire_score_below"]
MOST_VOTES = 1000


class RuleForm(forms.ModelForm):
    """The rule of retirement. Given by GET it is a proposal to try on past votes, given by POST it is saved."""

    why = forms.CharField(label=_("Why this change (kept in the history)"), required=False, max_length=WHY_MAX)

    class Meta:
        model = Workflow
        fields = [*VOTES, *THRESHOLDS, *EXPECTED, *SCORE]
        labels = {
            "min_votes": _("Fewest votes"),
            "max_votes": _("Most votes"),
            "retire_no_below": _("Finished as “no” under"),
            "retire_yes_above": _("Finished as “yes” over"),
            "retire_unsure_above": _("Finished as “impossible to tell” over"),
            "yes_threshold": _("A find from"),
            "prevalence_yes": _("Share of images that hold it"),
            "prevalence_unsure": _("Share of images that nobody can judge"),
            "score_as_prior": _("Let the model’s score decide how many votes an image needs"),
            "min_votes_scored": _("Fewest votes on an image with a score"),
            "low_score_share": _("Share shown whatever the score"),
            "retire_score_below": _("Finished without people under a score of"),
        }
        help_texts = {
            "min_votes": _("However sure it looks, an image gets this many. Usual: 3."),
            "max_votes": _("However contested it is, an image gets no more. Usual: 15."),
            "retire_no_below": _(
                "Probability of “yes” after the votes so far. 0.001 is one in a thousand. Smaller: fewer misses."
            ),
            "retire_yes_above": _(
                "1 is never: finds then get all votes, so that they are certain and well marked. 0.99 spares votes."
            ),
            "retire_unsure_above": _("Probability that the image cannot be judged. Usual: 0.98."),
            "yes_threshold": _("Probability of “yes” at which a finished image counts as a find. Usual: 0.5."),
            "prevalence_yes": _(
                "Your best guess before any vote: 0.015 is 15 images in 1,000. Rare things need more votes."
            ),
            "prevalence_unsure": _("Usual: 0.02."),
            "score_as_prior": _("Images with a very low or very high score need fewer votes."),
            "min_votes_scored": _("Usual: 2."),
            "low_score_share": _("Drawn at random; the model’s misses are measured on it. Usual: 0.1."),
            "retire_score_below": _("0 is never: people see every image."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        if self.instance.purpose != Workflow.Purpose.ASTEROIDS:  # the score is about asteroids
            for name in SCORE:
                del self.fields[name]
        for name, field in self.fields.items():
            if isinstance(field, forms.IntegerField) and not isinstance(field, forms.FloatField):
                field.widget.attrs |= {"min": 1, "max": MOST_VOTES}
            elif isinstance(field, forms.FloatField):
                field.widget.attrs |= {"min": 0, "max": 1, "step": "any", "inputmode": "decimal"}
            if name in EXPECTED:
                field.widget.attrs["min"] = "0.000001"

    def groups(self) -> list[tuple[Any, list[Any]]]:
        """The bound fields under their headings."""
        headings = [
            (_("How many people"), VOTES),
            (_("When it is sure enough"), THRESHOLDS),
            (_("What to expect"), EXPECTED),
            (_("The model’s part"), SCORE),
        ]
        present = [(heading, [self[name] for name in names if name in self.fields]) for heading, names in headings]
        return [(heading, fields) for heading, fields in present if fields]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("min_votes", "max_votes", "min_votes_scored"):
            if name in cleaned and not 1 <= cleaned[name] <= MOST_VOTES:
                self.add_error(name, _("At least 1, at most %d.") % MOST_VOTES)
        for name in EXPECTED:
            if name in cleaned and cleaned[name] <= 0:
                self.add_error(name, _("More than 0: what can never be is never found. 0.0001 is very rare."))
        if sum(cleaned.get(name) or 0 for name in EXPECTED) >= 1:
            self.add_error("prevalence_unsure", _("The two shares together must stay under 1: the rest is “no”."))
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The rule's fields; of a valid form."""
        return {name: value for name, value in self.cleaned_data.items() if name != "why"}
