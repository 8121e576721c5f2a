"""What was measured of a trail, which known object it may be, how far it was. Measurements and fits are only added."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models.candidates import Candidate


class TrailMeasurement(models.Model):
    """One measurement of a candidate's trail on one exposure; the newest is the one that holds.

    Pixel coordinates as in ``Candidate``. ``centre_line`` holds x, y, ra_deg, dec_deg, sigma_arcsec, across_arcsec and
    role of points along the trail, from end 1 to end 2, and then those of the ends; which end was first is not known
    from one trail. ``covariance`` is that of (end1_x, end1_y, end2_x, end2_y) in pixels squared.
    """

    class Start(models.TextChoices):
        MARKS = "marks", _("the volunteers' marks")
        MODEL = "model", _("the model")
        HAND = "hand", _("set by hand")

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="measurements")
    exposure = models.ForeignKey("archive.Exposure", on_delete=models.PROTECT, related_name="measurements")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    started_from = models.CharField(max_length=6, choices=Start.choices)
    software = models.CharField(max_length=40, help_text=_("name and version of what measured"))
    end1_x = models.FloatField()
    end1_y = models.FloatField()
    end2_x = models.FloatField()
    end2_y = models.FloatField()
    end1_ra_deg = models.FloatField()
    end1_dec_deg = models.FloatField()
    end2_ra_deg = models.FloatField()
    end2_dec_deg = models.FloatField()
    mid_ra_deg = models.FloatField()
    mid_dec_deg = models.FloatField()
    sigma_arcsec = models.FloatField(help_text=_("error of an end, 1 sigma per axis"))
    covariance = models.JSONField(default=list)
    centre_line = models.JSONField(default=list)
    length_px = models.FloatField()
    length_arcsec = models.FloatField()
    position_angle_deg = models.FloatField()
    sagitta_arcsec = models.FloatField()
    width_fwhm_px = models.FloatField()
    ridge_snr = models.FloatField()
    flux = models.FloatField(null=True, blank=True, help_text=_("total, in the image's unit"))
    flux_sigma = models.FloatField(null=True, blank=True)
    magnitude_ab = models.FloatField(null=True, blank=True)
    magnitude_sigma = models.FloatField(null=True, blank=True)
    surface_brightness = models.FloatField(null=True, blank=True, help_text=_("AB mag per square arcsecond"))
    flags = models.JSONField(default=list, help_text=_("end1_edge, end2_edge, covered, faint, …"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["candidate", "-id"], name="measurement_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(length_px__gt=0, sigma_arcsec__gt=0), name="measurement_has_extent"),
        ]
        triggers = [pgtrigger.Protect(name="measurements_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


class ObjectCheck(models.Model):
    """A candidate was held against a catalogue of orbits: what was looked for, and how deep. None found is a result."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="object_checks")
    catalogue = models.CharField(max_length=120, help_text=_("name and date of the orbit catalogue"))
    orbits_count = models.PositiveIntegerField()
    observer = models.CharField(max_length=60, help_text=_("where HST's position came from, and its error"))
    radius_arcsec = models.FloatField()
    limit_v_mag = models.FloatField(null=True, blank=True, help_text=_("fainter objects were not looked at"))
    found_count = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["candidate", "-id"], name="object_check_newest")]
        triggers = [pgtrigger.Protect(name="object_checks_stay", operation=pgtrigger.Update | pgtrigger.Delete)]


@pghistory.track(pghistory.UpdateEvent(), fields=["state", "decided_by", "note"], model_name="ObjectMatchEvent")
class ObjectMatch(models.Model):
    """A known object that may have made a candidate's trail. A person accepts or rejects it."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="matches")
    designation = models.CharField(max_length=40)
    catalogue = models.CharField(max_length=120)
    rank = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    reversed = models.BooleanField(help_text=_("the object moved from end 2 to end 1"))
    separation_arcsec = models.FloatField(help_text=_("of the middles"))
    along_arcsec = models.FloatField()
    cross_arcsec = models.FloatField()
    angle_deg = models.FloatField(help_text=_("between the motions"))
    length_ratio = models.FloatField()
    v_mag = models.FloatField(null=True, blank=True)
    magnitude_difference = models.FloatField(null=True, blank=True)
    rate_arcsec_h = models.FloatField()
    uncertainty_arcsec = models.FloatField(null=True, blank=True)
    delta_au = models.FloatField()
    r_au = models.FloatField()
    phase_deg = models.FloatField()
    within_limits = models.BooleanField(help_text=_("all of the thresholds hold"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "designation"], name="match_once_per_object"),
            models.UniqueConstraint(
                fields=["candidate"],
                condition=Q(state="accepted"),
                name="match_one_accepted",
                violation_error_message=_("Another object is accepted for this trail; reject that one first."),
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") | Q(decided_by__isnull=False), name="match_decided_by_somebody"
            ),
        ]
        indexes = [models.Index(fields=["designation"], name="match_of_object")]


class DistanceFit(models.Model):
    """A distance from the shape of a trail. A refit is a new row; the newest is the one that holds."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="distance_fits")
    measurements = models.ManyToManyField(TrailMeasurement, related_name="distance_fits")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    software = models.CharField(max_length=40)
    observer = models.CharField(max_length=60, help_text=_("where HST's position came from, and its error"))
    parallax_per_au = models.FloatField()
    parallax_sigma = models.FloatField()
    distance_au = models.FloatField(null=True, blank=True)
    distance_low_au = models.FloatField(null=True, blank=True)
    distance_high_au = models.FloatField(null=True, blank=True)
    at_least_au = models.FloatField(null=True, blank=True)
    main_belt_au = models.FloatField(null=True, blank=True, help_text=_("if it is of the main belt, by its motion"))
    direction = models.CharField(max_length=8)
    delta_chi2 = models.FloatField()
    chi2 = models.FloatField()
    degrees_of_freedom = models.IntegerField()
    motion_east_arcsec_h = models.FloatField()
    motion_north_arcsec_h = models.FloatField()
    details = models.JSONField(default=dict, help_text=_("parameters, covariance, what was left out"))
    flags = models.JSONField(default=list)
    r_au = models.FloatField(null=True, blank=True)
    phase_deg = models.FloatField(null=True, blank=True)
    ecliptic_latitude_deg = models.FloatField(null=True, blank=True, help_text=_("heliocentric"))
    h_mag = models.FloatField(null=True, blank=True)
    h_sigma = models.FloatField(null=True, blank=True)
    diameter_05_km = models.FloatField(null=True, blank=True, help_text=_("for an albedo of 0.05"))
    diameter_15_km = models.FloatField(null=True, blank=True, help_text=_("for an albedo of 0.15"))
    diameter_25_km = models.FloatField(null=True, blank=True, help_text=_("for an albedo of 0.25"))
    least_a_au = models.FloatField(null=True, blank=True)
    least_e = models.FloatField(null=True, blank=True)
    least_i_deg = models.FloatField(null=True, blank=True)
    most_i_deg = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["candidate", "-id"], name="distance_newest")]
        constraints = [models.CheckConstraint(condition=Q(parallax_sigma__gt=0), name="distance_has_error")]
        triggers = [pgtrigger.Protect(name="distances_stay", operation=pgtrigger.Update | pgtrigger.Delete)]
