"""Reads of the archive."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import get_script_prefix, reverse

from archive.models import Cutout, Exposure, Observation, SourceFile
from jobs.paging import Page, keyset_page
from sky.stretch import rg16_scaling

OBSERVATIONS_A_PAGE = 24
CUTOUTS_A_PAGE = 48
FILES_A_PAGE = 50
MAP_SIZE = 100.0


def observation_page(at: str = "", *, query: str = "") -> Page[Observation]:
    """Observations, newest first, each with a thumbnail's id, filters, start, and how much there is of it."""
    exposures = Exposure.objects.filter(observation=OuterRef("pk")).order_by()
    first = Cutout.objects.filter(exposure__observation=OuterRef("pk")).order_by("-data_fraction", "pk")
    found = Observation.objects.annotate(
        thumbnail=Subquery(first.values("public_id")[:1]),
        filter_name=Subquery(exposures.order_by("pk").values("filter_name")[:1]),
        start=Subquery(exposures.order_by("start").values("start")[:1]),
        exposure_count=_counted(exposures.values("observation"), Count("pk")),
        cutout_count=_counted(exposures.values("observation"), Count("cutouts")),
    )
    if query:
        words = Q(name__icontains=query) | Q(target__icontains=query) | Q(instrument__icontains=query)
        found = found.filter(words | Q(proposal_id=query))
    return keyset_page(found, at=at, size=OBSERVATIONS_A_PAGE)


def _counted(grouped: QuerySet[Any, Any], count: Count) -> Coalesce:
    return Coalesce(Subquery(grouped.annotate(n=count).values("n")), 0)


def exposures_of(observation: Observation) -> list[Exposure]:
    """The exposures of an observation, with the number of their cutouts; without the stored WCS."""
    rows = observation.exposures.select_related("source_file").defer("wcs").order_by("start", "pk")
    return list(rows.annotate(cutout_count=Count("cutouts")))


def cutout_page(observation: Observation, at: str = "") -> Page[Cutout]:
    """The cutouts of an observation, tile by tile."""
    cutouts = Cutout.objects.filter(exposure__observation=observation).select_related("exposure").defer("exposure__wcs")
    return keyset_page(cutouts, at=at, size=CUTOUTS_A_PAGE)


def file_page(at: str = "", *, state: str = "") -> Page[SourceFile]:
    """Files that were offered, newest first, of one state if given."""
    files = SourceFile.objects.all()
    return keyset_page(files.filter(state=state) if state else files, at=at, size=FILES_A_PAGE)


def cutout_by_public_id(public_id: uuid.UUID) -> Cutout | None:
    """A cutout with what its renderings are made from."""
    cutouts = Cutout.objects.select_related("exposure__source_file", "exposure__observation")
    return cutouts.filter(public_id=public_id).first()


def footprints_svg(footprints: Sequence[Sequence[Sequence[float]]]) -> list[str]:
    """Polygons (``points`` of an SVG of 100 x 100, north up, east left) of footprints in degrees.

    Projected on the plane that touches the sky at their mean direction; all fit with a margin.
    """
    if not footprints:
        return []
    sky = np.radians(np.asarray(footprints, dtype=np.float64))
    ra, dec = sky[..., 0], sky[..., 1]
    towards = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)
    middle = towards.reshape(-1, 3).mean(axis=0)
    ra0, dec0 = np.arctan2(middle[1], middle[0]), np.arctan2(middle[2], np.hypot(middle[0], middle[1]))
    # The gnomonic projection (Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3).
    depth = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(ra - ra0)
    depth = np.maximum(depth, 0.05)
    east = np.cos(dec) * np.sin(ra - ra0) / depth
    north = (np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(ra - ra0)) / depth
    reach = max(float(np.abs([east, north]).max()), 1e-12)
    x = MAP_SIZE / 2 - east / reach * MAP_SIZE * 0.45
    y = MAP_SIZE / 2 - north / reach * MAP_SIZE * 0.45
    return [" ".join(f"{a:.2f},{b:.2f}" for a, b in zip(*polygon, strict=True)) for polygon in zip(x, y, strict=True)]


def esasky_url(ra_deg: float, dec_deg: float, width_deg: float) -> str:
    """ESA's sky atlas at a place; a link out, nothing of it is embedded."""
    place = {"target": f"{ra_deg:.6f} {dec_deg:+.6f}", "fov": f"{max(width_deg, 0.02):.4f}", "cooframe": "J2000"}
    return f"https://sky.esa.int/esasky/?{urlencode(place | {'sci': 'true', 'lang': 'en'})}"


def cutout_viewer(cutout: Cutout) -> dict[str, Any]:
    """What an image viewer needs to show a cutout, the 16-bit picture included (which need not be made yet)."""
    exposure = cutout.exposure
    zero, scale = rg16_scaling(exposure.sky_level, exposure.sky_sigma)
    prefix = get_script_prefix()
    return {
        "image": _address("archive:image", prefix) % cutout.public_id,
        "rg16": _address("archive:image_rg16", prefix) % cutout.public_id,
        "rg16_zero": zero,
        "rg16_scale": scale,
        "low": cutout.low,
        "high": cutout.high,
        "width": cutout.width,
        "height": cutout.height,
        "simulated": exposure.observation.simulated,
    }


@cache
def _address(name: str, prefix: str) -> str:
    """The address of all cutouts' pictures of a kind, ``%s`` for the id: finding each anew is slow."""
    no_id = uuid.UUID(int=0)
    return reverse(name, args=[no_id]).replace("%", "%%").replace(str(no_id), "%s")
