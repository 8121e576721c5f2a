"""Candidates, how they came to be, and what the team decided of them, and why."""

from __future__ import annotations

import uuid

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TrailClass(models.TextChoices):
    """What a trail turned out to be."""

    ASTEROID = "asteroid", _("asteroid")
    SATELLITE = "satellite", _("satellite")
    COSMIC_RAY = "cosmic_ray", _("cosmic ray")
    ARTEFACT = "artefact", _("artefact")
    ARC = "arc", _("lens or arc")
    OTHER = "other", _("other")


class Grade(models.TextChoices):
    """How sure the team is of what it accepts, as in Garvin et al. 2022 (A&A 667, A141)."""

    A = "A", _("A: sure")
    B = "B", _("B: probable")
    C = "C", _("C: possible")


@pghistory.track(pghistory.UpdateEvent(), fields=["state", "trail_class"])
class Candidate(models.Model):
    """A trail that volunteers or the model found in an exposure; one row, however many tiles show it.

    What the team takes over from a hashtag in Talk (source "talk") has the place of its cutout, and no trail. Its
    class is proposed as long as it is pending.

    Pixel coordinates are those of the exposure, counted from 0, in FITS orientation (y upwards).
    """

    class Source(models.TextChoices):
        CONSENSUS = "consensus", _("volunteers")
        MODEL = "model", _("model")
        TALK = "talk", _("hashtags in Talk")

    class State(models.TextChoices):
        PENDING = "pending", _("to be validated")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")

    class Position(models.TextChoices):
        FIT = "fit", _("fit to the trail")
        MODEL = "model", _("the model's estimate")
        CUTOUT = "cutout", _("centre of the cutout")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    exposure = models.ForeignKey("archive.Exposure", on_delete=models.PROTECT, related_name="candidates")
    source = models.CharField(max_length=12, choices=Source.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    trail_class = models.CharField(max_length=12, choices=TrailClass.choices, blank=True)
    grade = models.CharField(max_length=1, choices=Grade.choices, blank=True)
    position_from = models.CharField(max_length=10, choices=Position.choices)
    end1_x = models.FloatField(null=True, blank=True)
    end1_y = models.FloatField(null=True, blank=True)
    end2_x = models.FloatField(null=True, blank=True)
    end2_y = models.FloatField(null=True, blank=True)
    mid_x = models.FloatField()
    mid_y = models.FloatField()
    ra_deg = models.FloatField(help_text=_("middle of the trail"))
    dec_deg = models.FloatField()
    position_sigma_arcsec = models.FloatField()
    end1_ra_deg = models.FloatField(null=True, blank=True)
    end1_dec_deg = models.FloatField(null=True, blank=True)
    end2_ra_deg = models.FloatField(null=True, blank=True)
    end2_dec_deg = models.FloatField(null=True, blank=True)
    length_arcsec = models.FloatField(null=True, blank=True)
    position_angle_deg = models.FloatField(null=True, blank=True)
    ridge_snr = models.FloatField(null=True, blank=True)
    width_fwhm_px = models.FloatField(null=True, blank=True)
    curve = models.JSONField(default=list, blank=True, help_text=_("[[x, y], …] along the trail, exposure pixels"))
    p_model = models.FloatField(null=True, blank=True, help_text=_("the model's score, the best tile's"))
    verdicts_needed = models.PositiveSmallIntegerField(default=1, help_text=_("2: two people decide, blindly"))
    opinions_by = ArrayField(
        models.IntegerField(), default=list, blank=True, help_text=_("who has said what it is since it was last open")
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdicts_needed__in=(1, 2)), name="candidate_one_or_two_verdicts"),
            models.CheckConstraint(condition=Q(ra_deg__gte=0, ra_deg__lt=360), name="candidate_ra_in_range"),
            models.CheckConstraint(condition=Q(dec_deg__gte=-90, dec_deg__lte=90), name="candidate_dec_in_range"),
            models.CheckConstraint(
                condition=~Q(state="accepted") | ~Q(trail_class=""), name="candidate_accepted_with_class"
            ),
            models.CheckConstraint(condition=Q(grade="") | Q(state="accepted"), name="candidate_grade_when_accepted"),
        ]
        indexes = [
            models.Index(fields=["state", "created_at", "id"], name="candidate_queue"),
            models.Index(fields=["created_at", "id"], name="candidate_all"),  # the queue of all states
            models.Index(fields=["exposure"], name="candidate_of_exposure"),
        ]

    def __str__(self) -> str:
        return f"candidate {str(self.id)[:8]}"

    @property
    def is_blind(self) -> bool:
        """Whether people are still to say independently what it is."""
        return self.verdicts_needed > 1 and self.state == self.State.PENDING


class CandidateSubject(models.Model):
    """A subject whose tile shows the candidate's trail."""

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="links")
    subject = models.ForeignKey("classify.Subject", on_delete=models.PROTECT, related_name="candidate_links")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "subject"], name="candidate_subject_once"),
        ]


class ScoreCheck(models.Model):
    """A model's score above its threshold that was looked at for candidates; what has none is still to do."""

    score = models.OneToOneField("ml.Score", primary_key=True, on_delete=models.CASCADE, related_name="check_done")
    created_at = models.DateTimeField(auto_now_add=True)


class FindingTry(models.Model):
    """A finding (a vote's end, or a score) that could not be looked at yet: it waits, or was given up."""

    consensus = models.OneToOneField("classify.Consensus", null=True, on_delete=models.CASCADE, related_name="+")
    score = models.OneToOneField("ml.Score", null=True, on_delete=models.CASCADE, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, help_text=_("empty: the worker ended in the middle of it"))
    tried_at = models.DateTimeField(auto_now=True)
    again_at = models.DateTimeField(null=True, help_text=_("empty: given up"))

    class Meta:
        verbose_name = _("failed search")
        verbose_name_plural = _("failed searches")
        constraints = [
            models.CheckConstraint(
                condition=Q(consensus=None, score__isnull=False) | Q(consensus__isnull=False, score=None),
                name="finding_try_of_one_finding",
            ),
        ]

    def __str__(self) -> str:
        return f"consensus {self.consensus_id}" if self.consensus_id else f"score {self.score_id}"


class Validation(models.Model):
    """One decision of one scientist. Rows are only added: undoing is a new decision."""

    class Verdict(models.TextChoices):
        ACCEPT = "accept", _("accept")
        REJECT = "reject", _("reject")
        REOPEN = "reopen", _("reopen")

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="validations")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="validations")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    trail_class = models.CharField(max_length=12, choices=TrailClass.choices, blank=True)
    grade = models.CharField(max_length=1, choices=Grade.choices, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="reopen") | ~Q(trail_class=""),
                name="validation_with_class",
                violation_error_message=_("Say what it is: choose a class."),
            ),
            models.CheckConstraint(
                condition=Q(grade="") | Q(verdict="accept"),
                name="validation_grade_when_accepted",
                violation_error_message=_("Only what is accepted gets a grade."),
            ),
        ]
