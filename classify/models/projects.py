"""Projects, their subjects, and the workflows that ask about them."""

from __future__ import annotations

from typing import Any

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

YES, NO, UNSURE = "yes", "no", "impossible-to-tell"
ANSWER_VALUES = (NO, YES, UNSURE)
MARKING_QUESTION = "Mark the beginning and the end of each trail."


class Project(models.Model):
    """A project with its name and story."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    live = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class SubjectSet(models.Model):
    """A named collection of subjects that workflows show."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="subject_sets")
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="subject_set_name_once")]

    def __str__(self) -> str:
        return self.name


def _probability_field(default: float, help_text: Any) -> Any:
    return models.FloatField(
        default=default, validators=[MinValueValidator(0), MaxValueValidator(1)], help_text=help_text
    )


def _answers_problem(answers: Any) -> str:
    """What is wrong with a workflow's answers; empty when nothing is."""
    if not isinstance(answers, list) or not answers:
        return gettext('The answers are a list, such as [{"value": "yes", "label": "Yes"}, …].')
    seen: set[str] = set()
    for number, answer in enumerate(answers, 1):
        if not isinstance(answer, dict) or set(answer) != {"value", "label"}:
            return gettext('Answer %d must have a "value" and a "label", and nothing else.') % number
        value, label = answer["value"], answer["label"]
        if value not in ANSWER_VALUES:
            known = ", ".join(ANSWER_VALUES)
            said = {"number": number, "value": value, "known": known}
            return gettext("Answer %(number)d: the value “%(value)s” is not one of: %(known)s.") % said
        if not isinstance(label, str) or not label.strip():
            return gettext("Answer %d: the label must be a text that is not empty.") % number
        if value in seen:
            return gettext("Answer %(number)d: the value “%(value)s” is there twice.") % {
                "number": number,
                "value": value,
            }
        seen.add(value)
    return ""


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    exclude=["classifications_count", "retired_count", "subjects_count", "crowd"],
)
class Workflow(models.Model):
    """A question with its answers, and the rule that ends the voting on a subject.

    ``version_major`` grows when question, answers or marking change, ``version_minor`` with texts (as on Zooniverse).
    """

    class Purpose(models.TextChoices):
        ASTEROIDS = "asteroids", _("asteroid trails: finds become candidates, answers teach the model")
        OTHER = "other", _("something else: finds are listed with the workflow")

    class Frames(models.TextChoices):
        NONE = "none", _("one picture")
        EXPOSURES = "exposures", _("other exposures of the same visit, too")
        STRETCHES = "stretches", _("three stretches of the same exposure: faint, normal, bright")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="workflows")
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    question = models.CharField(max_length=200)
    answers = models.JSONField(help_text=_('[{"value": "yes", "label": "Yes"}, …]'))
    help_text = models.TextField(blank=True)
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.ASTEROIDS)
    marking = models.BooleanField(default=True, help_text=_("after “yes”, ask for both ends of each trail"))
    marking_question = models.CharField(max_length=200, default=MARKING_QUESTION)
    frames = models.CharField(
        max_length=10, choices=Frames.choices, default=Frames.NONE, help_text=_("what is shown of a subject")
    )
    translations = models.JSONField(
        default=dict, blank=True, help_text=_('{"es": {"question": …, "answers": {"yes": …}, "help_text": …}}')
    )
    training_first = _probability_field(0.33, _("share of training images among a person's first 15; 0 is none"))
    training_later = _probability_field(0.1, _("share of training images after a person's first 40"))
    version_major = models.PositiveIntegerField(default=1)
    version_minor = models.PositiveIntegerField(default=1)
    active = models.BooleanField(default=True)
    subject_sets = models.ManyToManyField(SubjectSet, related_name="workflows", blank=True)
    min_votes = models.PositiveSmallIntegerField(default=3, help_text=_("no subject retires by confidence before"))
    max_votes = models.PositiveSmallIntegerField(default=15, help_text=_("every subject retires at this count"))
    retire_no_below = _probability_field(1e-3, _("P(yes) under which a subject retires as 'no'"))
    retire_yes_above = _probability_field(1.0, _("P(yes) over which a subject retires as 'yes'; 1 is never"))
    retire_unsure_above = _probability_field(0.98, _("P(impossible to tell) over which it retires as unusable"))
    yes_threshold = _probability_field(0.5, _("P(yes) at which a retired subject becomes a candidate"))
    prevalence_yes = _probability_field(0.015, _("the share of subjects expected to be 'yes'"))
    prevalence_unsure = _probability_field(0.02, _("the share of subjects expected to be unusable"))
    score_as_prior = models.BooleanField(
        default=True, help_text=_("the model's score is the prior that decides how many votes a subject needs")
    )
    min_votes_scored = models.PositiveSmallIntegerField(
        default=2, help_text=_("no subject that the model has scored retires by confidence before")
    )
    low_score_share = _probability_field(0.1, _("share of all subjects that people see whatever the model's score"))
    retire_score_below = _probability_field(
        0.0, _("model's score under which a subject outside that share retires without people; 0 is never")
    )
    classifications_count = models.PositiveBigIntegerField(default=0)
    subjects_count = models.PositiveBigIntegerField(default=0)
    retired_count = models.PositiveBigIntegerField(default=0)
    crowd = ArrayField(
        models.FloatField(),
        size=9,
        null=True,
        blank=True,
        editable=False,
        help_text=_("how often all people together gave each answer (column) to each truth (row)"),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(max_votes__gte=F("min_votes")),
                name="workflow_votes_in_order",
                violation_error_message=_("The greatest number of votes is smaller than the smallest."),
            ),
            models.CheckConstraint(
                condition=Q(prevalence_yes__gt=0, prevalence_unsure__gt=0, retire_no_below__lt=F("retire_yes_above")),
                name="workflow_thresholds_in_order",
                violation_error_message=_("The 'no' threshold must lie under the 'yes' threshold."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse answers that the votes could not be counted by.

        Raises
        ------
        ValidationError
            Of ``answers``: what is wrong with which of them.
        """
        if problem := _answers_problem(self.answers):
            raise ValidationError({"answers": problem})

    @property
    def version(self) -> str:
        return f"{self.version_major}.{self.version_minor}"


class Subject(models.Model):
    """What is shown to volunteers: a cutout and its public metadata."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="subjects")
    cutout = models.OneToOneField("archive.Cutout", null=True, blank=True, on_delete=models.PROTECT)
    subject_sets = models.ManyToManyField(SubjectSet, related_name="subjects", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"S{self.pk}"


class SubjectFrame(models.Model):
    """Another exposure of what a subject shows, found when the subject was published: ready to be shown with it."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="frames")
    cutout = models.ForeignKey("archive.Cutout", on_delete=models.CASCADE, related_name="+")
    affine = ArrayField(
        models.FloatField(), size=6, help_text=_("from its pixels to the subject's, both from the middle, as in CSS")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "cutout"], name="subject_frame_once"),
            models.CheckConstraint(condition=Q(affine__len=6), name="subject_frame_affine_of_six"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} + {self.cutout}"
