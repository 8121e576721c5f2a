"""Reads of releases: the list, a file, a cone around a place, what is different between two."""

from __future__ import annotations

import gzip
import hashlib
import math
from typing import Any

from django.db.models import F, FloatField, OuterRef, QuerySet, Subquery
from django.db.models.expressions import ExpressionWrapper

from catalogue.models import Release, ReleaseFile, ReleaseRow
from jobs import paging

PER_PAGE = 20
CONE_ROWS = 10_000


class Damaged(Exception):
    """A stored file is not what its checksum says."""


def releases_page(at: str = "") -> paging.Page[Release]:
    """Releases, the newest first."""
    rows = Release.objects.select_related("by").defer("columns", "figures", "changes")
    return paging.keyset_page(rows, at=at, size=PER_PAGE, key="created_at")


def releases_brief() -> QuerySet[Release]:
    """Releases without their figures and the list of changes, which may name every row."""
    return Release.objects.select_related("by").defer("figures", "changes")


def release_files(release: Release) -> list[ReleaseFile]:
    """The files of a release, without their content."""
    return list(release.files.defer("gzipped").order_by("format"))


def file_content(found: ReleaseFile) -> bytes:
    """What people download, checked against the checksum that was published.

    Raises
    ------
    Damaged
        It is something else than what was released.
    """
    content = gzip.decompress(bytes(found.gzipped))
    if hashlib.sha256(content).hexdigest() != found.sha256:
        raise Damaged(found.name)
    return content


def rows_in_cone(release: Release, *, ra_deg: float, dec_deg: float, radius_deg: float) -> QuerySet[ReleaseRow]:
    """The rows of a release within a radius of a place, the nearest first.

    The square of the chord between unit vectors is compared, which stays exact for the smallest radii.
    """
    ra, dec = math.radians(ra_deg), math.radians(dec_deg)
    toward = (math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec))
    chord2: Any = sum(
        (F(f"toward__{axis}") - value) * (F(f"toward__{axis}") - value) for axis, value in enumerate(toward)
    )
    limit = (2 * math.sin(math.radians(min(radius_deg, 180.0)) / 2)) ** 2
    rows = release.rows.filter(dec_deg__gte=dec_deg - radius_deg - 1e-9, dec_deg__lte=dec_deg + radius_deg + 1e-9)
    near = rows.annotate(chord2=ExpressionWrapper(chord2, output_field=FloatField()))
    return near.filter(chord2__lte=limit * (1 + 1e-12)).order_by("chord2", "number")


def releases_compared(before: Release, after: Release) -> dict[str, Any]:
    """What is different between two releases; only the rows that differ are read, one by one."""
    known, now = ({column["name"] for column in one.columns} for one in (before, after))
    old, new = (list(one.rows.order_by("number").values_list("candidate_id", flat=True)) for one in (before, after))
    was = before.rows.filter(candidate_id=OuterRef("candidate_id")).values("values")
    differ = (
        after.rows.annotate(was=Subquery(was)).filter(was__isnull=False).exclude(was=F("values")).order_by("number")
    )
    changed = {
        str(key): names
        for key, one, other in differ.values_list("candidate_id", "was", "values").iterator(chunk_size=500)
        if (names := sorted(name for name in known & now if one[name] != other[name]))
    }
    kept, there = set(old), set(new)
    return {
        "added": [str(key) for key in new if key not in kept],
        "removed": [str(key) for key in old if key not in there],
        "changed": changed,
        "columns_added": sorted(now - known),
        "columns_removed": sorted(known - now),
    }
