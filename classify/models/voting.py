"""Votes: the answers people give, what they say together, and who holds which subject meanwhile."""

from __future__ import annotations

import random
import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from classify.models.projects import Subject, Workflow


def anywhere() -> float:
    """A random place between 0 and 1."""
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
    shuffle = models.FloatField(default=anywhere, help_text=_("spreads volunteers over subjects"))
    votes_taken = models.PositiveIntegerField(
        default=0, help_text=_("votes accepted to be counted; never more than the workflow's greatest number")
    )
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

    class SetAside(models.TextChoices):
        REPEAT = "repeat", _("this person had answered the subject before")
        LATE = "late", _("the subject had enough votes already")
        UNDONE = "undone", _("taken back by the person")

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
    counted = models.BooleanField(default=True, help_text=_("a vote that is set aside is kept, never counted"))
    set_aside = models.CharField(max_length=8, choices=SetAside.choices, blank=True)
    training = models.BooleanField(default=False, help_text=_("the subject's answer was known beforehand"))
    evidence = ArrayField(
        models.FloatField(),
        size=3,
        null=True,
        blank=True,
        editable=False,
        help_text=_("what this vote added to the logarithm of the odds of no, yes and impossible to tell"),
    )
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
            models.CheckConstraint(
                condition=Q(counted=True, set_aside="") | (Q(counted=False) & ~Q(set_aside="")),
                name="classification_counted_or_set_aside",
            ),
        ]
        indexes = [
            # Votes not yet in the consensus: what the aggregation catches up from after any loss.
            models.Index(fields=["id"], name="classification_pending", condition=Q(aggregated=False)),
            models.Index(fields=["volunteer", "-id"], name="classification_of_person"),
            models.Index(fields=["created_at"], name="classification_by_time"),
        ]


class Lease(models.Model):
    """A subject on its way to somebody: it counts as a vote to come until it ends, so that no vote comes too many.

    A hint, not a lock: votes are accepted or set aside by `Consensus.votes_taken`.
    """

    consensus = models.ForeignKey(Consensus, on_delete=models.CASCADE, related_name="leases")
    holder = models.UUIDField(help_text=_("the volunteer's key; an anonymous one has no row before the first answer"))
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["consensus", "holder"], name="lease_once_per_person")]
        indexes = [models.Index(fields=["expires_at"], name="lease_by_end")]

    def __str__(self) -> str:
        return f"{self.consensus_id} until {self.expires_at:%H:%M:%S}"


class VolunteerSkill(models.Model):
    """How one person answers in one workflow: soft counts of each answer (column) to each truth (row), 3 x 3.

    From training subjects and from subjects that others had answered before (`classify.aggregate_online`).
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="skills")
    volunteer = models.ForeignKey("accounts.Volunteer", on_delete=models.CASCADE, related_name="skills")
    counts = ArrayField(models.FloatField(), size=9)
    training_seen = models.PositiveIntegerField(default=0)
    training_right = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "volunteer"], name="skill_once_per_workflow_and_volunteer"),
            models.CheckConstraint(condition=Q(training_right__lte=F("training_seen")), name="skill_right_among_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.volunteer_id} in {self.workflow_id}"


class HourlyCount(models.Model):
    """How many classifications a workflow got in an hour; written where votes are counted, so that pages never are."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    classifications = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "hour"], name="hourly_count_once")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}: {self.classifications}"
