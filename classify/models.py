"""The classification task, in Zooniverse's words: projects, workflows, subjects, classifications, consensus."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

YES, NO, UNSURE = "yes", "no", "impossible-to-tell"
ANSWER_VALUES = (NO, YES, UNSURE)


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


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), exclude=["classifications_count", "retired_count"])
class Workflow(models.Model):
    """A question with its answers, and the rule that ends the voting on a subject.

    ``version_major`` grows when question or answers change, ``version_minor`` with help texts (as on Zooniverse).
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="workflows")
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    question = models.CharField(max_length=200)
    answers = models.JSONField(help_text=_('[{"value": "yes", "label": "Yes"}, …]'))
    help_text = models.TextField(blank=True)
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


def _anywhere() -> float:
    return random.random()


class Consensus(models.Model):
    """Where the vote on one subject in one workflow stands: counts, posterior, and whether it is over."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        RETIRED = "retired", _("retired")

    class Reason(models.TextChoices):
        NO = "nothing_here", _("confidently nothing there")
        YES = "consensus", _("confidently a trail")
        UNSURE = "unusable", _("confidently unusable")
        COUNT = "classification_count", _("enough votes")
        MODEL = "model", _("by the model's score alone")
        OTHER = "other", _("by the team")

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="consensuses")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="consensuses")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    band = models.PositiveSmallIntegerField(default=1, help_text=_("0 is shown first; from the model's score"))
    shuffle = models.FloatField(default=_anywhere, help_text=_("spreads volunteers over subjects"))
    votes_yes = models.PositiveIntegerField(default=0)
    votes_no = models.PositiveIntegerField(default=0)
    votes_unsure = models.PositiveIntegerField(default=0)
    p_yes = models.FloatField(null=True, blank=True)
    p_unsure = models.FloatField(null=True, blank=True)
    p_yes_scored = models.FloatField(null=True, blank=True, help_text=_("P(yes) from votes and the model's score"))
    retired_at = models.DateTimeField(null=True, blank=True)
    retirement_reason = models.CharField(max_length=24, choices=Reason.choices, blank=True)
    retired_by = models.ForeignKey("Classification", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    candidates_checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "subject"], name="consensus_once_per_workflow_and_subject"),
            models.CheckConstraint(
                condition=Q(state="active", retired_at=None) | Q(state="retired", retired_at__isnull=False),
                name="consensus_retired_with_time",
            ),
            models.CheckConstraint(condition=Q(p_yes=None) | Q(p_yes__gte=0, p_yes__lte=1), name="consensus_p_yes"),
        ]
        indexes = [
            # What to show next walks this index from a random point; retired rows are not in it.
            models.Index(fields=["workflow", "band", "shuffle"], name="consensus_next", condition=Q(state="active")),
            # Retired and not yet looked at for candidates: the catalogue's sweep.
            models.Index(
                fields=["retired_at"],
                name="consensus_unchecked",
                condition=Q(state="retired", candidates_checked_at=None),
            ),
            # Ended by a score alone: looked at again with every new score.
            models.Index(fields=["subject"], name="consensus_by_model", condition=Q(retirement_reason="model")),
        ]

    @property
    def votes(self) -> int:
        return self.votes_yes + self.votes_no + self.votes_unsure


class Classification(models.Model):
    """One person's answer on one subject. The client's key makes sending it twice harmless."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="classifications")
    workflow_version = models.CharField(max_length=20)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="classifications")
    volunteer = models.ForeignKey("accounts.Volunteer", on_delete=models.PROTECT, related_name="classifications")
    answer = models.CharField(max_length=40)
    annotations = models.JSONField()
    metadata = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    counted = models.BooleanField(default=True, help_text=_("a person's repeat on a subject is kept, never counted"))
    gold_standard = models.BooleanField(default=False)
    aggregated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "subject", "volunteer"],
                condition=Q(counted=True),
                name="classification_counted_once",
                violation_error_message=_("Your answer on this subject was already counted."),
            ),
            models.CheckConstraint(
                condition=Q(finished_at__gte=F("started_at")), name="classification_ends_after_it_starts"
            ),
        ]
        indexes = [
            # Votes not yet in the consensus: what the aggregation catches up from after any loss.
            models.Index(fields=["id"], name="classification_pending", condition=Q(aggregated=False)),
            models.Index(fields=["volunteer", "-id"], name="classification_of_person"),
            models.Index(fields=["created_at"], name="classification_by_time"),
        ]
