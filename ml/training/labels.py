"""What people decided, as training samples: exported by the installation, read here, split by sky field."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.contract import HEATMAP_CLASSES, INPUT_SIZE_PX, STRIDE_PX
from ml.simulate import UNKNOWN, label_cells

HELD_OUT_SHARE = 0.2
MAX_BYTES = 4 * 1024**3
SHAPES: dict[str, tuple[int, ...]] = {
    "inputs": (INPUT_SIZE_PX, INPUT_SIZE_PX), "present": (len(HEATMAP_CLASSES),), "known": (len(HEATMAP_CLASSES),),
    "weight": (), "field": (), "ends": (4,),
}  # fmt: skip
KINDS = {"inputs": "f", "present": "u", "known": "u", "weight": "f", "field": "iu", "ends": "f"}
UNREADABLE = (OSError, ValueError, KeyError, EOFError, MemoryError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What a file that is damaged, or made to do harm, raises where it is read."""


class LabelsRefused(ValueError):
    """A file of labels that cannot be used, with the reason in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """n cutouts with people's decisions.

    ``inputs`` (n, 512, 512) as the network takes them; ``present`` and ``known`` (n, 3) by class: what was
    decided and whether it was; ``weight`` (n,) 0..1; ``field`` (n,) one number for all that shows the same
    sky; ``ends`` (n, 4) x1, y1, x2, y2 of the trail in pixels or NaN.
    """

    inputs: NDArray[np.float16]
    present: NDArray[np.uint8]
    known: NDArray[np.uint8]
    weight: NDArray[np.float32]
    field: NDArray[np.int64]
    ends: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.inputs)

    def chosen(self, which: NDArray[np.bool_]) -> Labelled:
        """Those marked."""
        return Labelled(*(getattr(self, name)[which] for name in SHAPES))

    def split(self) -> tuple[Labelled, Labelled]:
        """To learn from, and to judge by: fields go to one side whole, about a fifth of them to the second.

        Which side depends on the field's number alone, so a later training judges on the same fields.
        """
        mixed = (self.field.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
        aside = mixed / float(1 << 24) < HELD_OUT_SHARE
        return self.chosen(~aside), self.chosen(aside)

    def sample(
        self, rng: np.random.Generator, size: int
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
        """A random one, mirrored and turned; smaller than the cutout, a part around the trail if its ends are known.

        The heat map learns from absences everywhere, from presences only where the ends are known. A part of a
        cutout need not hold what the whole has: then only absences are taught.
        """
        i = int(rng.integers(len(self)))
        labels = np.zeros((len(HEATMAP_CLASSES), INPUT_SIZE_PX // STRIDE_PX, INPUT_SIZE_PX // STRIDE_PX), np.uint8)
        placed = bool(np.isfinite(self.ends[i]).all())
        for kind in range(len(HEATMAP_CLASSES)):
            if not self.known[i, kind] or (self.present[i, kind] and not (placed and kind == 0)):
                labels[kind] = UNKNOWN
            elif self.present[i, kind]:
                x1, y1, x2, y2 = (float(v) for v in self.ends[i])
                labels[kind] |= label_cells(np.array([x1, x2]), np.array([y1, y2]), INPUT_SIZE_PX, radius_px=4.0)
        pixels, labels, whole = _part(self.inputs[i].astype(np.float32), labels, rng, size)
        present = self.present[i].astype(np.float32)
        weight = self.known[i] * self.weight[i]
        if not whole:
            weight = weight * (present == 0)
        turns, flip = int(rng.integers(4)), bool(rng.random() < 0.5)
        pixels, labels = np.rot90(pixels, turns), np.rot90(labels, turns, axes=(1, 2))
        if flip:
            pixels, labels = pixels[::-1], labels[:, ::-1]
        return np.ascontiguousarray(pixels)[None], np.ascontiguousarray(labels), present, weight.astype(np.float32)


def _part(
    pixels: NDArray[np.float32], labels: NDArray[np.uint8], rng: np.random.Generator, size: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8], bool]:
    if size >= INPUT_SIZE_PX:
        return pixels, labels, True
    row, column = (int(v) for v in rng.integers(0, (INPUT_SIZE_PX - size) // STRIDE_PX + 1, 2))
    cells = size // STRIDE_PX
    y, x = row * STRIDE_PX, column * STRIDE_PX
    return pixels[y : y + size, x : x + size], labels[:, row : row + cells, column : column + cells], False


def read_labels(path: Path) -> Labelled:
    """Labels from a ``.npz`` file. Nothing of it is run: arrays of Python objects are refused.

    Raises
    ------
    LabelsRefused
        It cannot be read, is larger than a training can hold, or an array is missing, has another shape, or numbers
        that mean nothing.
    """
    try:
        arrays = _arrays(path)
    except UNREADABLE as error:
        words = str(error.args[0] if isinstance(error, KeyError) else error).rstrip(".")
        raise LabelsRefused(f"The labels {path.name} cannot be used: {words}.") from None
    return Labelled(**arrays)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(path) as archive:
        if sum(part.file_size for part in archive.infolist()) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES // 1024**3} GiB")
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in SHAPES}
    for name, shape in SHAPES.items():
        array, expected = arrays[name], (len(arrays["inputs"]) if arrays["inputs"].ndim else 0, *shape)
        if array.shape != expected:
            raise ValueError(f"{name!r} has shape {array.shape}, not {expected}")
        if array.dtype.kind not in KINDS[name]:
            raise ValueError(f"{name!r} has numbers of type {array.dtype}")
        if name != "ends" and array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
            raise ValueError(f"{name!r} has values that are no numbers")
        if name in ("present", "known", "weight") and array.size and not 0 <= array.min() <= array.max() <= 1:
            raise ValueError(f"{name!r} has values outside 0 to 1")
    return arrays
