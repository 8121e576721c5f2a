"""Making a release: what the team accepted, as it stands, is written down for good."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Role, User
from archive.hubble import hubble_orbit
from archive.locks import Busy, one_at_a_time, patience
from catalogue.columns import entries
from catalogue.exports import software_version
from catalogue.models import Release, ReleaseFile, ReleaseRow, TrailMeasurement
from catalogue.releases.ades import Header, Measured, ades_bytes
from catalogue.releases.figures import figures_of
from catalogue.releases.frozen import FrozenColumn, Values, columns_frozen, row_frozen, rows_changes, rows_sha256
from catalogue.tables import FORMATS, Format, table_bytes, table_of
from classify.models import Workflow
from ml.models import Model
from sky.wcs import wcs_name

LOCK = "catalogue release"
WAIT_S = 20.0
BATCH = 1000
TAKEN = ("new",)
"""Addresses under /releases/ that are other pages."""
NO_MIDDLE = {"end1_edge", "end2_edge", "combined"}
"""Trails whose middle is not where the object was at the middle of the exposure."""
ADES = Format("ades", "ADES", "psv", "text/plain; charset=utf-8")
"""A release has this beside `FORMATS`: astrometry for the Minor Planet Center, of asteroids alone."""


def release_make(
    *, by: User, title: str, description: str = "", citation: str = "", with_simulated: bool = False
) -> Release:
    """Publish what is accepted now under a title. All of it is written in one transaction, or none of it.

    Simulated exposures are left out unless they are asked for (for exercises: the release then says so).

    Raises
    ------
    ValidationError
        ``by`` may not publish, the title is missing or taken, or there is nothing to publish.
    """
    if not by.has_role(Role.SCIENTIST):
        raise ValidationError(_("Only scientists can publish a release."))
    title = " ".join(title.split())
    slug = slugify(title)[:60]
    if not slug or slug in TAKEN:
        raise ValidationError({"title": _("Give the release a title with letters or digits, such as “2026 December”.")})
    try:
        with one_at_a_time(LOCK, patience(WAIT_S)), _as_of_one_moment():
            if Release.objects.filter(slug=slug).exists():
                raise ValidationError({"title": _("There is a release with this title; a release is never changed.")})
            every = (row_frozen(entry) for entry in entries())
            rows = [row for row in every if with_simulated or not row["simulated"]]
            if not rows:
                raise ValidationError(_("Nothing is accepted that could be released. Validate candidates first."))
            return _written(by, slug, title, description.strip(), citation.strip(), rows)
    except Busy as error:
        raise ValidationError(_("Another release is being made. Look at the releases in a minute.")) from error


@contextlib.contextmanager
def _as_of_one_moment() -> Iterator[None]:
    """A transaction that sees everything as it was when it began, whatever others decide or measure meanwhile."""
    is_first = not connection.in_atomic_block
    with transaction.atomic():
        if is_first:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _written(by: User, slug: str, title: str, description: str, citation: str, rows: list[Values]) -> Release:
    now = timezone.now()
    previous = Release.objects.order_by("-created_at").first()
    columns = columns_frozen()
    release = Release.objects.create(
        slug=slug,
        title=title,
        description=description,
        citation=citation or _citation(by, title, now),
        by=by,
        previous=previous,
        software=f"Asteroid Hunter {software_version()}",
        made_of=_made_of(),
        columns=columns,
        figures=figures_of(rows),
        changes=rows_changes(release_rows(previous) if previous else (), rows),
        rows_count=len(rows),
        sha256=rows_sha256(rows),
        created_at=now,
    )
    ReleaseRow.objects.bulk_create(_rows(release, rows), batch_size=BATCH)
    ReleaseFile.objects.bulk_create(_files(release, columns, rows))
    return release


def release_rows(release: Release) -> Iterator[Values]:
    """The values of a release's rows, in their order."""
    return release.rows.order_by("number").values_list("values", flat=True).iterator(chunk_size=BATCH)


def _rows(release: Release, rows: Sequence[Values]) -> list[ReleaseRow]:
    ra, dec = (np.radians([row[name] for row in rows]) for name in ("ra", "dec"))
    toward = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    return [
        ReleaseRow(
            release=release,
            number=number,
            candidate_id=row["candidate_id"],
            values=row,
            ra_deg=row["ra"],
            dec_deg=row["dec"],
            toward=toward[number - 1].tolist(),
        )
        for number, row in enumerate(rows, start=1)
    ]


def _files(release: Release, columns: list[dict[str, Any]], rows: list[Values]) -> list[ReleaseFile]:
    described = [FrozenColumn(**column) for column in columns]
    made = []
    for kind in FORMATS.values():
        table = table_of(described, [[row[column.name] for column in described] for row in rows], release_meta(release))
        made.append(_file(release, kind, table_bytes(kind.name, table)))
    header = Header(submitter=release.by.public_name, title=release.title, software=release.software)
    return [*made, _file(release, ADES, ades_bytes(rows, _measured(rows), hubble_orbit, header))]


def _file(release: Release, kind: Format, content: bytes) -> ReleaseFile:
    return ReleaseFile(
        release=release,
        format=kind.name,
        name=f"{release.slug}.{kind.suffix}",
        content_type=kind.content_type,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        gzipped=gzip.compress(content, mtime=0),
    )


def _measured(rows: Sequence[Values]) -> dict[str, Measured]:
    """By candidate, of those measured from end to end in a single exposure, what their rows do not hold."""
    newest = (
        TrailMeasurement.objects.filter(
            candidate__in=[row["candidate_id"] for row in rows], exposure=F("candidate__exposure")
        )
        .order_by("candidate", "-id")
        .distinct("candidate")
        .values_list("candidate", "sigma_arcsec", "exposure__wcs", "flags")
    )
    return {
        str(key): Measured(sigma, wcs_name(bytes(wcs)))
        for key, sigma, wcs, flags in newest.iterator(chunk_size=100)
        if NO_MIDDLE.isdisjoint(flags)
    }


def release_meta(release: Release) -> dict[str, Any]:
    """What each file of a release says of it."""
    return {
        "NAME": release.title,
        "CREATOR": release.by.public_name,
        "DATE": release.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SOFTWARE": release.software,
        "RELEASE": release.slug,
        "ROWSHASH": release.sha256,
        "CITATION": " ".join(release.citation.split()),
    }


def _made_of() -> dict[str, Any]:
    models = Model.objects.filter(active=True).values("name", "version", "sha256")
    workflows = Workflow.objects.order_by("pk").values_list("slug", "version_major", "version_minor")
    return {
        "models": list(models),
        "workflows": [{"slug": slug, "version": f"{major}.{minor}"} for slug, major, minor in workflows],
    }


def _citation(by: User, title: str, now: datetime) -> str:
    return f"{by.public_name} and the volunteers of Asteroid Hunter ({now:%Y}): {title}. Release of {now:%Y-%m-%d}."
