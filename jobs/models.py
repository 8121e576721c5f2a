"""Durable background work: one row per piece of long work. The row is the truth, the broker a hint."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class JobState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


OPEN_STATES = [JobState.QUEUED, JobState.RUNNING]


class Job(models.Model):
    """A piece of long work: who asked, how far it is, who holds it, and until when (the lease)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    arguments = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    total = models.PositiveIntegerField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    done_at_start = models.PositiveIntegerField(default=0, help_text=_("the most that earlier attempts had done"))
    message = models.CharField(max_length=500, blank=True)
    result = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs"
    )
    # The database's clock, as for leases and ends: hosts' clocks differ, and a job must not end before it began.
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(finished_at__gte=F("created_at")), name="job_ends_after_it_began"
            ),
        ]
        indexes = [
            # The sweep asks each few seconds for open jobs only; finished ones pile up for ever.
            models.Index(fields=["lease_until"], name="job_open", condition=Q(state__in=["queued", "running"])),
            models.Index(fields=["-created_at"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES
