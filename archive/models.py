"""What came in from the archive: files, observations, exposures, and the cutouts people and models look at."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class SourceFile(models.Model):
    """One file that was offered, by its content: taken in, or refused with the reason."""

    class State(models.TextChoices):
        PENDING = "pending", _("being read")
        ACCEPTED = "accepted", _("taken in")
        REJECTED = "rejected", _("refused")

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    size_bytes = models.PositiveBigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=500, blank=True)
    stored = models.FileField(upload_to="originals/", blank=True, max_length=255)
    job = models.ForeignKey("jobs.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="files")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(state="rejected") | ~Q(reason=""), name="file_refused_with_reason"),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="file_by_state")]

    def __str__(self) -> str:
        return self.name


class FileSeen(models.Model):
    """What lay at a path when it was last read: a file that was not touched since need not be read to be known."""

    path_sha256 = models.CharField(max_length=64, unique=True, help_text=_("paths are bytes, and can be long"))
    size_bytes = models.PositiveBigIntegerField()
    written_ns = models.BigIntegerField(help_text=_("the file's mtime"))
    changed_ns = models.BigIntegerField(help_text=_("the file's ctime"))
    source = models.ForeignKey(SourceFile, on_delete=models.CASCADE, related_name="seen")
    job = models.ForeignKey("jobs.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.source}"


class Observation(models.Model):
    """A dataset of the archive, under the name the archive gives it."""

    name = models.CharField(max_length=80, unique=True)
    telescope = models.CharField(max_length=20, default="HST")
    instrument = models.CharField(max_length=20)
    detector = models.CharField(max_length=20, blank=True)
    target = models.CharField(max_length=80, blank=True)
    proposal_id = models.CharField(max_length=20, blank=True)
    simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Exposure(models.Model):
    """One science image of an observation (one chip of one file): when, through which filter, where on the sky."""

    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="exposures")
    source_file = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="exposures")
    extension = models.PositiveSmallIntegerField(help_text=_("index of the HDU in the file"))
    chip = models.PositiveSmallIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=10, help_text=_("flc, flt, drc, drz or image"))
    combined = models.BooleanField(default=False, help_text=_("made of several exposures"))
    filter_name = models.CharField(max_length=20, blank=True)
    start = models.DateTimeField()
    end = models.DateTimeField()
    start_mjd_utc = models.FloatField()
    end_mjd_utc = models.FloatField()
    exposure_s = models.FloatField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    pixel_scale_arcsec = models.FloatField()
    ra_deg = models.FloatField()
    dec_deg = models.FloatField()
    footprint = models.JSONField(help_text=_("RA/Dec of the four corners, degrees"))
    wcs = models.BinaryField(help_text=_("the full WCS, SIP and tables included, as compressed FITS"))
    unit = models.CharField(max_length=40, blank=True)
    photflam = models.FloatField(null=True, blank=True)
    photplam = models.FloatField(null=True, blank=True)
    photzpt = models.FloatField(null=True, blank=True)
    sky_level = models.FloatField()
    sky_sigma = models.FloatField()
    cutouts_blank = models.PositiveIntegerField(default=0, help_text=_("tiles without data, skipped"))
    cut_recipe = models.CharField(max_length=40, blank=True, help_text=_("set when all tiles are cut"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_file", "extension"], name="exposure_once_per_file_and_extension"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="exposure_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(ra_deg__gte=0, ra_deg__lt=360), name="exposure_ra_in_range"),
            models.CheckConstraint(condition=Q(dec_deg__gte=-90, dec_deg__lte=90), name="exposure_dec_in_range"),
        ]
        indexes = [models.Index(fields=["start"], name="exposure_by_time")]

    def __str__(self) -> str:
        return f"{self.observation.name}[{self.extension}]"


def cutout_path(cutout: Cutout, filename: str) -> str:
    """Where a rendering lies: spread over 256 folders, so that none holds 600,000 files."""
    return f"cutouts/{cutout.public_id.hex[:2]}/{filename}"


class Cutout(models.Model):
    """A tile of an exposure, with its own WCS (the exposure's, shifted exactly) and renderings."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    exposure = models.ForeignKey(Exposure, on_delete=models.CASCADE, related_name="cutouts")
    x0 = models.PositiveIntegerField()
    y0 = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    recipe = models.CharField(max_length=40, help_text=_("how it was cut and rendered, e.g. t512o64v1"))
    ra_deg = models.FloatField()
    dec_deg = models.FloatField()
    footprint = models.JSONField()
    low = models.FloatField(help_text=_("black point of the rendering, in the image's unit"))
    high = models.FloatField(help_text=_("white point of the rendering, in the image's unit"))
    data_fraction = models.FloatField(default=1.0)
    jpeg = models.FileField(upload_to=cutout_path, max_length=255)
    rg16 = models.FileField(upload_to=cutout_path, max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["exposure", "x0", "y0", "width", "height", "recipe"], name="cutout_once_per_box_and_recipe"
            ),
            models.CheckConstraint(condition=Q(data_fraction__gt=0, data_fraction__lte=1), name="cutout_has_data"),
        ]

    def __str__(self) -> str:
        return f"{self.exposure} ({self.x0}, {self.y0})"
