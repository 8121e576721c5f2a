"""Releases: the catalogue as it was published. The database refuses to change them, whoever asks.

What its owner may do to it (TRUNCATE, dropping triggers) no trigger stops: there the checksums tell.
"""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _


class Transaction(Func):
    """The number of the transaction that is running."""

    template = "pg_current_xact_id()::text::bigint"
    output_field = models.BigIntegerField()


def _with_its_release(name: str) -> Any:
    """Rows come in the transaction that makes their release, and never after."""
    return pgtrigger.Trigger(
        name=name,
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        func="""
            IF NOT EXISTS (
                SELECT 1 FROM catalogue_release
                WHERE id = NEW.release_id AND made_in = pg_current_xact_id()::text::bigint
            ) THEN RAISE EXCEPTION 'a release cannot be changed after it was made'; END IF;
            RETURN NEW;
        """,
    )


class Release(models.Model):
    """A named snapshot of the catalogue: rows, files, checksums, and what made them."""

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=140)
    description = models.TextField(blank=True)
    citation = models.TextField(help_text=_("how to cite it"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="releases")
    previous = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="following")
    software = models.CharField(max_length=60)
    made_of = models.JSONField(help_text=_("the models and workflows with their versions"))
    columns = models.JSONField(help_text=_("name, kind, unit, UCD and description of each column, in order"))
    figures = models.JSONField(help_text=_("the numbers of its figures: funnel, histograms"))
    changes = models.JSONField(help_text=_("rows added, removed and changed since the previous release"))
    rows_count = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, help_text=_("of the rows, as JSON lines in their order"))
    made_in = models.BigIntegerField(db_default=Transaction(), editable=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-created_at"], name="release_newest")]
        triggers = [pgtrigger.Protect(name="releases_stay", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.title


class ReleaseRow(models.Model):
    """One trail of a release: its columns as they were. ``toward`` is the unit vector of its place."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="rows")
    number = models.PositiveIntegerField(help_text=_("from 1"))
    candidate_id = models.UUIDField()
    values = models.JSONField()
    ra_deg = models.FloatField()
    dec_deg = models.FloatField()
    toward = ArrayField(models.FloatField(), size=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "number"], name="release_row_number"),
            models.UniqueConstraint(fields=["release", "candidate_id"], name="release_row_candidate"),
        ]
        indexes = [models.Index(fields=["release", "dec_deg"], name="release_row_place")]
        triggers = [
            pgtrigger.Protect(name="release_rows_stay", operation=pgtrigger.Update | pgtrigger.Delete),
            _with_its_release("release_rows_with_it"),
        ]


class ReleaseFile(models.Model):
    """A release as a file, kept compressed; ``sha256`` and ``size_bytes`` are of what people download."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="files")
    format = models.CharField(max_length=10)
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=80)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    gzipped = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "format"], name="release_file_once"),
            models.CheckConstraint(condition=~Q(sha256=""), name="release_file_checksum"),
        ]
        triggers = [
            pgtrigger.Protect(name="release_files_stay", operation=pgtrigger.Update | pgtrigger.Delete),
            _with_its_release("release_files_with_it"),
        ]
