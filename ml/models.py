"""Models that look at cutouts first, their scores, and the inbox of labels they learn from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Model(models.Model):
    """An ONNX file with its card. One at a time is active; its file is pinned by its hash."""

    name = models.CharField(max_length=80)
    version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64, unique=True)
    file = models.FileField(upload_to="models/", max_length=255)
    card = models.JSONField(default=dict)
    input_size_px = models.PositiveIntegerField(default=512)
    threshold = models.FloatField(default=0.5, help_text=_("p_asteroid at which a cutout may become a candidate"))
    active = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="model_version_once"),
            models.UniqueConstraint(fields=["active"], condition=Q(active=True), name="model_one_active"),
            models.CheckConstraint(condition=Q(threshold__gte=0, threshold__lte=1), name="model_threshold_in_range"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Activation(models.Model):
    """Which model was put to work when, instead of which, by whom and why. Rows are only added."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="activations")
    replaced = models.ForeignKey(Model, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    why = models.CharField(max_length=300, blank=True)
    rolled_back = models.BooleanField(default=False)
    job = models.ForeignKey(
        "jobs.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text=_("the scoring that was asked for with it"),
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="activation_newest")]

    def __str__(self) -> str:
        return f"{self.model} since {self.created_at:%Y-%m-%d %H:%M}"


def _probability(name: str) -> models.CheckConstraint:
    in_range = Q(**{f"{name}__gte": 0, f"{name}__lte": 1}) | Q(**{name: None})
    return models.CheckConstraint(condition=in_range, name=f"score_{name}_in_range")


class Score(models.Model):
    """What one model says of one cutout: a probability per class, and where the trail's ends are."""

    cutout = models.ForeignKey("archive.Cutout", on_delete=models.CASCADE, related_name="scores")
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="scores")
    p_asteroid = models.FloatField()
    p_satellite = models.FloatField()
    p_arc = models.FloatField(null=True, blank=True)
    p_nothing = models.FloatField()
    end1_x = models.FloatField(null=True, blank=True, help_text=_("pixels of the cutout, FITS orientation, from 0"))
    end1_y = models.FloatField(null=True, blank=True)
    end2_x = models.FloatField(null=True, blank=True)
    end2_y = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cutout", "model"], name="score_once_per_cutout_and_model"),
            *(_probability(name) for name in ("p_asteroid", "p_satellite", "p_arc", "p_nothing")),
        ]
        indexes = [models.Index(fields=["model", "-p_asteroid"], name="score_best_first")]


class TrainingLabel(models.Model):
    """What people decided of a cutout; later rooms write down into this inbox, training reads it.

    Written by `ml.labels.labels_write` only. Where sources differ on a cutout, the stronger one counts.
    """

    class Source(models.TextChoices):
        CONSENSUS = "consensus", _("consensus of volunteers")
        VALIDATION = "validation", _("validation by the team")
        GOLD = "gold", _("known answer")
        TALK = "talk", _("Talk")

    class Label(models.TextChoices):
        ASTEROID = "asteroid", _("asteroid")
        SATELLITE = "satellite", _("satellite")
        ARC = "arc", _("lens or arc")
        NOTHING = "nothing", _("nothing of these")

    cutout = models.ForeignKey("archive.Cutout", on_delete=models.CASCADE, related_name="labels")
    source = models.CharField(max_length=12, choices=Source.choices)
    label = models.CharField(max_length=20, choices=Label.choices)
    weight = models.FloatField(default=1.0, help_text=_("how sure people are, 0 to 1"))
    ends = models.JSONField(null=True, blank=True, help_text=_("[x1, y1, x2, y2] of the trail, pixels of the cutout"))
    drawn = models.BooleanField(default=False, help_text=_("shown to people whatever the model said of it"))
    strength = models.GeneratedField(
        expression=Case(
            When(source="gold", then=Value(3)),
            When(source="validation", then=Value(2)),
            When(source="talk", then=Value(1)),
            default=Value(0),
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    decided_at = models.DateTimeField(default=timezone.now, help_text=_("when it became what it says now"))
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cutout", "source"], name="label_once_per_cutout_and_source"),
            models.CheckConstraint(
                condition=Q(label__in=["asteroid", "satellite", "arc", "nothing"]), name="label_known"
            ),
            models.CheckConstraint(condition=Q(weight__gte=0, weight__lte=1), name="label_weight_in_range"),
        ]
        indexes = [
            # Trails that people saw and a model may have missed: one cutout in a hundred.
            models.Index(fields=["cutout"], name="label_of_asteroids", condition=Q(label="asteroid")),
            # What is new since a model was made.
            models.Index(fields=["decided_at", "source"], name="label_by_time"),
            # The sample on which a model's misses are measured.
            models.Index(fields=["cutout"], name="label_drawn", condition=Q(drawn=True)),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.get_source_display()})"
