"""What people decided, as a file that a training reads: pixels as the network takes them, and what is known of them.

The arrays of the file are described in `ml.training.labels`, which reads it where PyTorch is at hand.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
from django.db.models import Case, F, FloatField, OuterRef, Subquery, Value, When
from django.db.models.functions import Abs, Coalesce
from numpy.typing import NDArray

from archive.models import Exposure
from ml.contract import HEATMAP_CLASSES, INPUT_SIZE_PX
from ml.inference import TileReader
from ml.labels import labels_that_count
from ml.models import Score, TrainingLabel
from ml.skyfields import sky_fields
from sky.naming import visit_of

MAX_EXAMPLES = 1_000
"""A network's input is half a megabyte; a training holds all of them in memory."""
TRAIL_SHARE = 0.5
"""So many of the examples may be trails of any kind: they are rare, and what is to be learnt."""
SMALLEST_WEIGHT = 0.5
NOTHING = TrainingLabel.Label.NOTHING
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Examples:
    """What was written: how many cutouts, how many could not be read, up to when people's decisions went in (ISO)."""

    count: int = 0
    unreadable: int = 0
    until: str = ""


def labels_chosen(most: int = MAX_EXAMPLES) -> list[TrainingLabel]:
    """The labels worth learning from: trails first, then what surprises the active model most, then the newest."""
    score = Score.objects.filter(cutout=OuterRef("cutout"), model__active=True).values("p_asteroid")[:1]
    said = Coalesce(Subquery(score), Value(0.5))
    true = Case(When(label="asteroid", then=Value(1.0)), default=Value(0.0), output_field=FloatField())
    labels = labels_that_count().filter(weight__gte=SMALLEST_WEIGHT).annotate(surprise=Abs(true - said))
    labels = labels.select_related("cutout").order_by(F("surprise").desc(), "-decided_at", "pk")
    trails: list[TrainingLabel] = list(labels.exclude(label=NOTHING)[: round(most * TRAIL_SHARE)])
    return trails + list(labels.filter(label=NOTHING)[: most - len(trails)])


def examples_write(path: Path, *, most: int = MAX_EXAMPLES, tell: Tell = lambda done, total: None) -> Examples:
    """Write the examples into an ``.npz`` file; nothing is written where there are none.

    Each exposure's original is read once. ``tell(done, total)`` is called after each exposure.
    """
    labels = sorted(labels_chosen(most), key=lambda label: (label.cutout.exposure_id, label.cutout_id))
    if not labels:
        return Examples()
    raw = path.with_suffix(".inputs.part")
    try:
        kept = _inputs_write(raw, labels, tell)
        if kept:
            _npz_write(path, raw, len(kept), _arrays(kept))
    finally:
        raw.unlink(missing_ok=True)
    return Examples(len(kept), len(labels) - len(kept), max(label.decided_at for label in labels).isoformat())


def _inputs_write(path: Path, labels: list[TrainingLabel], tell: Tell) -> list[TrainingLabel]:
    """Append the pixels of each label's cutout to a plain file; the labels whose original could be read."""
    kept: list[TrainingLabel] = []
    done = 0
    with path.open("wb") as file:
        for exposure, group in _by_exposure(labels):
            for label, tile in zip(group, TileReader(exposure).read([one.cutout for one in group]), strict=True):
                if not isinstance(tile, str):
                    file.write(tile.array[0].astype(np.float16).tobytes())
                    kept.append(label)
            done += len(group)
            tell(done, len(labels))
    return kept


def _by_exposure(labels: list[TrainingLabel]) -> Iterator[tuple[Exposure, list[TrainingLabel]]]:
    for exposure_id, group in groupby(labels, key=attrgetter("cutout.exposure_id")):
        exposure = Exposure.objects.select_related("source_file", "observation").defer("wcs").get(pk=exposure_id)
        some = list(group)
        for label in some:
            label.cutout.exposure = exposure
        yield exposure, some


def _arrays(labels: list[TrainingLabel]) -> dict[str, NDArray[np.generic]]:
    """What is known of each: its own class, and whether it is an asteroid, which is what people were asked."""
    count, classes = len(labels), list(HEATMAP_CLASSES)
    present, known = np.zeros((count, len(classes)), np.uint8), np.zeros((count, len(classes)), np.uint8)
    known[:, classes.index("asteroid")] = 1
    for row, label in enumerate(labels):
        if label.label in classes:
            present[row, classes.index(label.label)] = known[row, classes.index(label.label)] = 1
    ends = [label.ends if label.ends else [math.nan] * 4 for label in labels]
    return {
        "present": present,
        "known": known,
        "weight": np.array([label.weight for label in labels], np.float32),
        "field": _fields(labels),
        "ends": np.array(ends, np.float32),
    }


def _fields(labels: list[TrainingLabel]) -> NDArray[np.int64]:
    """A number per label: the same for all exposures of one piece of sky or one visit."""
    exposures = {label.cutout.exposure_id: label.cutout.exposure for label in labels}
    rows = [exposures[pk] for pk in sorted(exposures)]
    numbers = sky_fields(
        [row.pk for row in rows],
        [row.ra_deg for row in rows],
        [row.dec_deg for row in rows],
        [math.hypot(row.width, row.height) * row.pixel_scale_arcsec / 7200 for row in rows],
        [visit_of(row.observation.name) for row in rows],
    )
    by_exposure = {row.pk: number for row, number in zip(rows, numbers, strict=True)}
    return np.array([by_exposure[label.cutout.exposure_id] for label in labels], np.int64)


def _npz_write(path: Path, inputs: Path, count: int, arrays: dict[str, NDArray[np.generic]]) -> None:
    """An .npz file whose largest array comes from a plain file, so that it is never whole in memory."""
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        with archive.open("inputs.npy", "w", force_zip64=True) as file, inputs.open("rb") as pixels:
            shape = (count, INPUT_SIZE_PX, INPUT_SIZE_PX)
            header = {
                "descr": np.lib.format.dtype_to_descr(np.dtype(np.float16)),
                "fortran_order": False,
                "shape": shape,
            }
            np.lib.format.write_array_header_2_0(file, header)
            while block := pixels.read(1 << 22):
                file.write(block)
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    part.replace(path)
