"""What teaches people: subjects whose answer is known, the tutorial, the field guide, and its pictures."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from classify.models.projects import ANSWER_VALUES, Project, Subject, Workflow
from classify.models.voting import anywhere

LATER = models.Deferrable.DEFERRED  # so that steps can change places


class KnownAnswer(models.Model):
    """The true answer to a subject: people meet it among the others and learn afterwards whether they were right.

    ``marks`` are the trails' ends in pixels of the subject's picture, origin at its upper left corner:
    ``[[x1, y1, x2, y2], …]``.
    """

    class Kind(models.TextChoices):
        ASTEROID = "asteroid", _("asteroid trail")
        SATELLITE = "satellite", _("satellite trail")
        COSMIC_RAY = "cosmic_ray", _("cosmic ray")
        ARTEFACT = "artefact", _("artefact of the detector or the optics")
        SPIKE = "spike", _("diffraction spike")
        ARC = "arc", _("gravitational arc")
        GALAXY = "galaxy", _("edge-on galaxy")
        JET = "jet", _("jet")
        EMPTY = "empty", _("nothing of interest")
        OTHER = "other", _("something else")

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="known_answers")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="known_answers")
    answer = models.CharField(max_length=40, choices=[(value, value) for value in ANSWER_VALUES])
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.OTHER)
    marks = models.JSONField(default=list, blank=True)
    truth = models.JSONField(
        default=dict, blank=True, help_text=_("of a simulated trail: mag, length_px, sagitta_px, ridge_snr")
    )
    explanation = models.TextField(blank=True, help_text=_("shown after the answer, besides what the kind says"))
    difficulty = models.PositiveSmallIntegerField(default=2, help_text=_("1 easy, 2 medium, 3 hard"))
    shuffle = models.FloatField(default=anywhere, help_text=_("spreads people over training subjects"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "subject"], name="known_answer_once"),
            models.CheckConstraint(condition=Q(answer__in=ANSWER_VALUES), name="known_answer_is_an_answer"),
            models.CheckConstraint(condition=Q(difficulty__gte=1, difficulty__lte=3), name="known_answer_difficulty"),
        ]
        indexes = [models.Index(fields=["workflow", "difficulty", "shuffle"], name="known_answer_next")]

    def __str__(self) -> str:
        return f"S{self.subject_id}: {self.answer}"


class Favourite(models.Model):
    """A subject that a person likes to find again."""

    volunteer = models.ForeignKey("accounts.Volunteer", on_delete=models.CASCADE, related_name="favourites")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["volunteer", "subject"], name="favourite_once")]
        indexes = [models.Index(fields=["volunteer", "-id"], name="favourite_of_person")]

    def __str__(self) -> str:
        return f"S{self.subject_id}"


def _public_id() -> str:
    return secrets.token_urlsafe(9)


class Picture(models.Model):
    """A picture of the tutorial or the field guide; uploaded, checked and written anew as WebP."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="pictures")
    public_id = models.CharField(max_length=16, unique=True, default=_public_id, editable=False)
    file = models.CharField(max_length=100, help_text=_("name below the media folder"))
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    alt = models.CharField(max_length=300, blank=True, help_text=_("what is to be seen, for people who do not see it"))
    credit = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.alt or self.public_id


class TutorialStep(models.Model):
    """One step of a workflow's tutorial: Markdown and perhaps a picture, in one language."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="tutorial_steps")
    language = models.CharField(max_length=12, default="en")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    text = models.TextField()
    picture = models.ForeignKey(Picture, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "language", "position"],
                name="tutorial_step_once",
                deferrable=LATER,
            )
        ]

    def __str__(self) -> str:
        return self.title


class TutorialSeen(models.Model):
    """A person went through a workflow's tutorial, on whatever device."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    volunteer = models.ForeignKey("accounts.Volunteer", on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "volunteer"], name="tutorial_seen_once")]

    def __str__(self) -> str:
        return f"{self.volunteer_id}: {self.workflow_id}"


class GuideEntry(models.Model):
    """One class of the field guide: how it looks, and what it is not, in one language."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="guide_entries")
    language = models.CharField(max_length=12, default="en")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    answer = models.CharField(max_length=60, blank=True, help_text=_("what to answer, in the words of the buttons"))
    looks_like = models.TextField()
    is_not = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "language", "position"],
                name="guide_entry_once",
                deferrable=LATER,
            )
        ]

    def __str__(self) -> str:
        return self.name


class GuideExample(models.Model):
    """A picture of a class of the field guide."""

    entry = models.ForeignKey(GuideEntry, on_delete=models.CASCADE, related_name="examples")
    position = models.PositiveSmallIntegerField()
    picture = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="+")
    caption = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "position"], name="guide_example_once", deferrable=LATER)
        ]

    def __str__(self) -> str:
        return self.caption or str(self.position)
