"""One science image becomes an exposure and its cutouts. Repeated from any point, it gives the same rows and files."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray
from PIL import Image

from archive.models import Cutout, Exposure, Observation, SourceFile, cutout_path
from archive.storing import bytes_put
from archive.tiling import Box, tiles
from sky.fits import ScienceImage, UnusableImage
from sky.stretch import asinh_8bit, limits, sky_statistics
from sky.wcs import centre_deg, footprint_deg, pixel_scale_arcsec, wcs_to_bytes

JPEG_QUALITY = 90
BATCH = 64
WRITERS = 4
RECIPE_VERSION = 1
OFF_THE_SKY = "Its coordinate system does not reach all of the image."
_CUTOUTS = uuid.UUID("5e0f7a0c-5b0e-4f62-8d8c-6d1f8a3c9b17")  # the namespace of our cutouts' ids


@dataclass(frozen=True, slots=True)
class Recipe:
    """How exposures are cut and rendered now."""

    size: int
    overlap: int

    @classmethod
    def current(cls) -> Recipe:
        return cls(settings.TILE_SIZE, settings.TILE_OVERLAP)

    @property
    def name(self) -> str:
        return f"t{self.size}o{self.overlap}v{RECIPE_VERSION}"


def cutout_id(sha256: str, extension: int, box: Box, recipe: str) -> uuid.UUID:
    """The public id of a tile: the same content, cut the same way, has the same id everywhere."""
    return uuid.uuid5(_CUTOUTS, f"{sha256} {extension} {box.x0} {box.y0} {box.width} {box.height} {recipe}")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything about an image that must be sound before a row or a file is made of it."""

    recipe: Recipe
    fields: dict[str, Any]
    boxes: list[Box]
    places: NDArray[np.float64]
    low: float
    high: float


def plan_of(image: ScienceImage, recipe: Recipe) -> Plan:
    """What will be written about an image.

    Raises
    ------
    UnusableImage
        Its times, coordinates or values cannot be stored or shown; nothing has been written.
    """
    header = image.header
    height, width = image.pixels.shape
    if header.end_utc <= header.start_utc:
        raise UnusableImage("Its exposure ends before it starts, or has no duration.")
    boxes = tiles(width, height, recipe.size, recipe.overlap)
    level, sigma = sky_statistics(image.pixels)
    low, high = limits(image.pixels)
    if not (np.isfinite([level, sigma, low, high]).all() and high > low):
        raise UnusableImage("Its pixel values have no range that can be shown.")
    fields = {
        "extension": image.extension,
        "chip": image.chip,
        "kind": header.kind,
        "combined": header.combined,
        "filter_name": header.filter[:20],
        "start": header.start_utc,
        "end": header.end_utc,
        "start_mjd_utc": header.start_mjd_utc,
        "end_mjd_utc": header.end_mjd_utc,
        "exposure_s": header.exposure_s,
        "width": width,
        "height": height,
        "unit": header.unit[:40],
        "photflam": header.photflam,
        "photplam": header.photplam,
        "photzpt": header.photzpt,
        "sky_level": level,
        "sky_sigma": sigma,
    }
    return Plan(recipe, fields | _sky_fields(image), boxes, _places(image, boxes), low, high)


def _sky_fields(image: ScienceImage) -> dict[str, Any]:
    shape = image.pixels.shape
    try:
        corners = footprint_deg(image.wcs, shape)
        ra_deg, dec_deg = centre_deg(image.wcs, shape)
        scale = pixel_scale_arcsec(image.wcs)
        packed = wcs_to_bytes(image.wcs)
    except Exception as error:  # wcslib raises many kinds where a projection ends
        raise UnusableImage(OFF_THE_SKY) from error
    if not np.isfinite([*corners.ravel(), ra_deg, dec_deg, scale]).all() or scale <= 0:
        raise UnusableImage(OFF_THE_SKY)
    return {
        "pixel_scale_arcsec": scale,
        "ra_deg": _ra(ra_deg),
        "dec_deg": dec_deg,
        "footprint": corners.tolist(),
        "wcs": packed,
    }


def _places(image: ScienceImage, boxes: list[Box]) -> NDArray[np.float64]:
    """(n, 5, 2) RA/Dec in degrees of each tile's middle, then its four corners at the pixel edges.

    One call with the exposure's WCS; a tile's own WCS is that one shifted, so both agree exactly.
    """
    x = np.array([[b.x0 + (b.width - 1) / 2, *_sides(b.x0, b.width, (0, 1, 1, 0))] for b in boxes])
    y = np.array([[b.y0 + (b.height - 1) / 2, *_sides(b.y0, b.height, (0, 0, 1, 1))] for b in boxes])
    try:
        ra, dec = image.wcs.all_pix2world(x.ravel(), y.ravel(), 0)
    except Exception as error:  # as above
        raise UnusableImage(OFF_THE_SKY) from error
    places = np.stack([np.asarray(ra) % 360.0, dec], axis=-1).reshape(len(boxes), 5, 2)
    if not np.isfinite(places).all():
        raise UnusableImage(OFF_THE_SKY)
    return places


def _sides(start: int, length: int, far: tuple[int, ...]) -> list[float]:
    return [start - 0.5 + length * side for side in far]


def exposure_record(source: SourceFile, image: ScienceImage, plan: Plan) -> Exposure:
    """The row of a science image, made when it is not there yet."""
    known = Exposure.objects.filter(source_file=source, extension=image.extension).first()
    if known:
        return known
    with transaction.atomic():
        return Exposure.objects.create(observation=_observation(source, image), source_file=source, **plan.fields)


def _ra(ra_deg: float) -> float:
    return 0.0 if ra_deg >= 360 else ra_deg  # -1e-17 % 360 is 360


def _observation(source: SourceFile, image: ScienceImage) -> Observation:
    """The dataset the image belongs to. Two datasets that happen to share a name stay two."""
    header = image.header
    known = {
        "instrument": header.instrument[:20],
        "target": header.target[:80],
        "proposal_id": header.proposal[:20],
        "simulated": header.simulated,
    }
    other = {"telescope": header.telescope[:20], "detector": header.detector[:20]}
    same = Exposure.objects.filter(source_file=source).select_related("observation").first()
    if same:
        return same.observation
    name = header.dataset[:64]
    found, made = Observation.objects.get_or_create(name=name, defaults=known | other)
    if not made and any(getattr(found, field) != value for field, value in known.items()):
        found, _ = Observation.objects.get_or_create(name=f"{name}-{source.sha256[:12]}", defaults=known | other)
    return found


def exposure_cut(exposure: Exposure, image: ScienceImage, plan: Plan, progress: Callable[[int, int], None]) -> None:
    """Cut all tiles of an exposure that are not there yet, batch by batch; files come before their rows.

    ``progress(tiles done, tiles in all)`` may raise: what is committed by then stays, and a later call goes on.
    """
    if exposure.cut_recipe == plan.recipe.name:
        return
    there = set(exposure.cutouts.filter(recipe=plan.recipe.name).values_list("x0", "y0"))
    rows: list[Cutout] = []
    stored: list[Future[None]] = []
    blank = 0

    def commit() -> None:
        for file in stored:
            file.result()  # complete and on disk, or raises
        Cutout.objects.bulk_create(rows, ignore_conflicts=True)
        rows.clear()
        stored.clear()

    with ThreadPoolExecutor(WRITERS, thread_name_prefix="cutouts") as writers:
        for number, (box, place) in enumerate(zip(plan.boxes, plan.places, strict=True)):
            progress(number, len(plan.boxes))
            pixels = image.pixels[box.rows, box.columns]
            share = _data_share(pixels, image.header.kind)
            if share == 0:
                blank += 1
            elif (box.x0, box.y0) not in there:
                rows.append(_cutout(exposure, plan, box, place, share))
                stored.append(writers.submit(_store, str(rows[-1].jpeg.name), pixels, plan))
            if len(rows) == BATCH:
                commit()
        with transaction.atomic():
            commit()
            exposure.cutouts_blank, exposure.cut_recipe = blank, plan.recipe.name
            exposure.save(update_fields=["cutouts_blank", "cut_recipe"])


def _data_share(pixels: NDArray[np.float32], kind: str) -> float:
    """The share of pixels that hold data: drizzled images fill their empty border with zeros."""
    data = np.isfinite(pixels)
    if kind in ("drz", "drc"):
        data &= pixels != 0
    return np.count_nonzero(data) / pixels.size


def _cutout(exposure: Exposure, plan: Plan, box: Box, place: NDArray[np.float64], share: float) -> Cutout:
    """The row of one tile, not yet saved."""
    cutout = Cutout(
        public_id=cutout_id(exposure.source_file.sha256, exposure.extension, box, plan.recipe.name),
        exposure=exposure,
        x0=box.x0,
        y0=box.y0,
        width=box.width,
        height=box.height,
        recipe=plan.recipe.name,
        ra_deg=_ra(place[0, 0]),
        dec_deg=place[0, 1],
        footprint=place[1:].tolist(),
        low=plan.low,
        high=plan.high,
        data_fraction=share,
    )
    cutout.jpeg.name = cutout_path(cutout, f"{cutout.public_id}.jpg")
    return cutout


def _store(name: str, pixels: NDArray[np.float32], plan: Plan) -> None:
    """Render and store one tile; runs beside others, as the disk is slower than the rendering."""
    bytes_put(name, jpeg(pixels, plan.low, plan.high))


def jpeg(pixels: NDArray[np.float32], low: float, high: float) -> bytes:
    """The picture for people: 8 bits, asinh stretch between black and white point, row 0 at the top."""
    buffer = io.BytesIO()
    Image.fromarray(asinh_8bit(pixels, low, high)).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
