"""Other exposures of what a cutout shows: those of its visit, lined up with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from django.db.models import F, Q

from archive.models import Cutout, Observation
from sky.alignment import picture_affines, share_covered
from sky.naming import visit_prefix

MOST_OTHERS = 3
"""How many exposures a cutout is compared with at most; the nearest in time."""
LEAST_SHARE = 0.5
"""Of the cutout's area, what another exposure's tile must show."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A cutout of another exposure, and where it lies: CSS's ``matrix()`` from its middle to the first one's middle."""

    cutout_id: int
    affine: tuple[float, ...]


def visit_observations(cutout_ids: Collection[int]) -> list[list[int]]:
    """The observations that these cutouts belong to, with all others of their visits: one list for each visit.

    Of names that are not HST's, the observation alone is the visit.
    """
    names = Observation.objects.filter(exposures__cutouts__in=cutout_ids).distinct().values_list("pk", "name")
    alone = [[pk] for pk, name in names if visit_prefix(name) is None]
    prefixes = sorted({prefix for _, name in names if (prefix := visit_prefix(name)) is not None})
    visits = (Observation.objects.filter(name__startswith=prefix).order_by("pk") for prefix in prefixes)
    return [
        *alone,
        *([pk for pk, name in one.values_list("pk", "name") if visit_prefix(name) is not None] for one in visits),
    ]


def frames_of_visit(observations: Collection[int]) -> Iterator[tuple[int, list[Frame]]]:
    """Each cutout of these observations with the tiles of other exposures that show the same area.

    At most `MOST_OTHERS`, the nearest in time, in the order of time; none where there is no other exposure. Both chips
    of a file are one exposure, and what is made of several exposures is compared with its like only.
    """
    rows = Cutout.objects.filter(~Q(exposure__cut_recipe=""), recipe=F("exposure__cut_recipe"))
    rows = rows.filter(exposure__observation__in=observations).select_related("exposure").order_by("pk")
    by_file: dict[int, list[Cutout]] = defaultdict(list)
    for cutout in rows.defer("exposure__wcs", "exposure__footprint"):
        by_file[cutout.exposure.source_file_id].append(cutout)
    for cutouts in by_file.values():
        first = cutouts[0].exposure
        others = [tiles for tiles in by_file.values() if _is_another(tiles[0], cutouts[0])]
        others.sort(key=lambda tiles: abs(tiles[0].exposure.start_mjd_utc - first.start_mjd_utc))
        for cutout in cutouts:
            yield cutout.pk, _frames(cutout, others)


def _is_another(one: Cutout, other: Cutout) -> bool:
    """Whether two cutouts are of exposures worth comparing: another time, made the same way."""
    return one.exposure.kind == other.exposure.kind and one.exposure.start_mjd_utc != other.exposure.start_mjd_utc


def _frames(cutout: Cutout, others: list[list[Cutout]]) -> list[Frame]:
    found: list[tuple[float, Frame]] = []
    for tiles in others:
        if len(found) == MOST_OTHERS:
            break
        nearest = _nearest(cutout, tiles)
        size, its_size = (cutout.width, cutout.height), (nearest.width, nearest.height)
        affine = picture_affines(cutout.footprint, size, [nearest.footprint], [its_size])[0]
        if share_covered(affine, size, its_size) >= LEAST_SHARE:
            frame = Frame(nearest.pk, tuple(round(float(value), 6) for value in affine))
            found.append((nearest.exposure.start_mjd_utc, frame))
    return [frame for _, frame in sorted(found, key=lambda pair: pair[0])]


def _nearest(cutout: Cutout, tiles: list[Cutout]) -> Cutout:
    """The tile whose middle is nearest on the sky."""
    ra, dec = np.array([(tile.ra_deg, tile.dec_deg) for tile in tiles]).T
    east = ((ra - cutout.ra_deg + 180) % 360 - 180) * np.cos(np.radians(cutout.dec_deg))
    return tiles[int(np.argmin(np.hypot(east, dec - cutout.dec_deg)))]
