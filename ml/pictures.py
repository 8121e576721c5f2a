"""Pictures (PNG, JPEG, WebP) as pixels for the network: what people have where no FITS is at hand.

A picture is undone as far as it can be: plot frames cut off, coloured marks left out, repeated rows and columns
of one blown up without blending dropped, rows turned to FITS order. What a stretch to 256 greys has clipped
stays lost. No Django here.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from scipy.ndimage import binary_dilation, label

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 100_000_000
MIN_SIDE_PX = 8
BLOCK_ROWS = 256
COLOURED = 24
"""Channels that differ by more than this many of 256 steps are a mark: JPEG alone makes grey differ by some ten."""
COLOUR_PICTURE = 0.1
"""A larger share of coloured pixels is a picture in colour, not one with marks."""
FRAME_SHARE = 0.6
FRAME_DEPTH = 0.25
FRAME_GAP = 0.03
EMPTY_SIDE_PX = 8
EMPTY_SHARE = 0.01
REPEATED = 0.02
FEW_LEVELS = 512
TOOTH, VALLEY = 0.1, 0.35
"""Teeth of a comb are at least this high beside the highest; the valley between two is lower than this share."""

Bools = NDArray[np.bool_]


class UnusablePicture(ValueError):
    """The file is no picture that can be scored, with the reason in one sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels of a picture and where they are in it.

    ``pixels`` is (rows, columns) float32 in the picture's own steps, row 0 at the bottom, NaN where a mark, a
    border or nothing is. ``left`` and ``top`` hold where each column and each row (from the top) of them begins
    in the file's picture, one more entry for where the last one ends.
    """

    pixels: NDArray[np.float32]
    left: NDArray[np.intp]
    top: NDArray[np.intp]

    def file_xy(self, x: float, y: float) -> tuple[float, float]:
        """Position in the file's picture (0-based, y from the top, integers at pixel centres) of one in ``pixels``."""
        return _between(self.left, x), _between(self.top, len(self.pixels) - 1 - y)

    def file_box(self, x0: int, y0: int, x1: int, y1: int) -> tuple[int, int, int, int]:
        """The box x0, y0, x1, y1 (last two exclusive) in the file's picture, y from the top."""
        rows = len(self.pixels)
        return int(self.left[x0]), int(self.top[rows - y1]), int(self.left[x1]), int(self.top[rows - y0])


def _between(starts: NDArray[np.intp], at: float) -> float:
    """Position among the file's pixels of a fractional index into its distinct ones, by their edges."""
    return float(np.interp(at + 0.5, np.arange(len(starts)), starts)) - 0.5


def read_picture(path: Path) -> Picture:
    """Read a picture of 8 or 16 bits per channel: grey, colour, palette, with or without transparency.

    Raises
    ------
    UnusablePicture
        It is none of the known formats, damaged, or too large; no size is believed before it is checked.
    """
    grey, absent = _grey(path)
    rows, columns = _without_frame(grey, absent)
    grey, absent = grey[rows, columns], absent[rows, columns]
    if min(grey.shape) < MIN_SIDE_PX:
        raise UnusablePicture(f"It holds no picture of at least {MIN_SIDE_PX} x {MIN_SIDE_PX} pixels.")
    left, top = (_distinct(grey, absent, axis) for axis in (1, 0))
    if len(left) < grey.shape[1] or len(top) < grey.shape[0]:
        grey, absent = grey[np.ix_(top, left)], absent[np.ix_(top, left)]
    absent |= _empty_border(grey)
    pixels = _dithered(grey)
    pixels[absent] = np.nan
    if not np.isfinite(pixels).any():
        raise UnusablePicture("The picture is blank: it shows nothing but borders and marks.")
    return Picture(
        np.ascontiguousarray(pixels[::-1]),
        np.append(left, columns.stop - columns.start) + columns.start,
        np.append(top, rows.stop - rows.start) + rows.start,
    )


def _grey(path: Path) -> tuple[NDArray[np.float32], Bools]:
    """Brightness (rows from the top), and where there is none: transparent or under a coloured mark."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow's own limit, which is lower; the check below is what counts
            with Image.open(path, formats=FORMATS) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise UnusablePicture(
                        f"The picture is too large: {width} x {height} pixels (at most {MAX_PIXELS // 10**6} million)."
                    )
                return _channels(_loaded(image))
    except UnusablePicture:
        raise
    except UnidentifiedImageError:
        raise UnusablePicture("This is not a PNG, JPEG or WebP picture.") from None
    except Image.DecompressionBombError:
        raise UnusablePicture(f"The picture is too large (at most {MAX_PIXELS // 10**6} million pixels).") from None
    except FileNotFoundError:
        raise UnusablePicture("The file is gone.") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:  # as Pillow's readers raise
        raise UnusablePicture(f"The picture is damaged ({type(error).__name__}).") from error


def _loaded(image: Image.Image) -> NDArray[np.generic]:
    """All channels: (rows, columns) of 8 or 16 bits, or (rows, columns, 2 or 4) with the last one alpha."""
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;"):
        return np.asarray(image)
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    if image.mode == "LA":
        return np.asarray(image)
    return np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGBA"))


def _channels(channels: NDArray[np.generic]) -> tuple[NDArray[np.float32], Bools]:
    if channels.ndim == 2:
        return channels.astype(np.float32), np.zeros(channels.shape, dtype=bool)
    shape = channels.shape[:2]
    absent = channels[..., -1] == 0 if channels.shape[2] in (2, 4) else np.zeros(shape, dtype=bool)
    if channels.shape[2] == 2:
        return channels[..., 0].astype(np.float32), absent
    grey, coloured = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=bool)
    for start in range(0, shape[0], BLOCK_ROWS):  # whole, the sums of a large picture would take gigabytes
        part = slice(start, start + BLOCK_ROWS)
        colours = channels[part, :, :3]
        low, high = colours.min(axis=2), colours.max(axis=2)
        coloured[part] = high - low > COLOURED
        grey[part] = colours.mean(axis=2, dtype=np.float32)
    if 0 < coloured.mean() <= COLOUR_PICTURE:
        # The edge of a mark is blended with what is under it.
        absent |= binary_dilation(coloured, structure=np.ones((3, 3)))
    return grey, absent


def _without_frame(grey: NDArray[np.float32], absent: Bools) -> tuple[slice, slice]:
    """Rows and columns of the picture proper, without margins and axes of a plot around it.

    A line belongs to a frame when more than 60 % of it have one value, if the middle of the picture is not
    like that itself (a sky clipped to black); a frame begins at the edge and is at most a quarter deep.
    """
    rows, columns = slice(0, grey.shape[0]), slice(0, grey.shape[1])
    for _ in range(2):  # with the margins off, the axes' lines span what is left
        rows = _proper(grey[:, columns], absent[:, columns], rows)
        columns = _proper(grey[rows].T, absent[rows].T, columns)
    return rows, columns


def _proper(lines: NDArray[np.float32], absent: Bools, span: slice) -> slice:
    """The part of ``span`` of these lines that is no frame."""
    count = span.stop - span.start
    depth, gap = int(FRAME_DEPTH * count), max(3, int(FRAME_GAP * count))
    middle = [_constant(lines[i], absent[i]) for i in range(span.start + depth, span.stop - depth, max(1, count // 64))]
    if not middle or float(np.median(middle)) > FRAME_SHARE / 2:
        return span
    start, stop = span.start, span.stop
    for offset in range(depth):
        if _constant(lines[span.start + offset], absent[span.start + offset]) > FRAME_SHARE:
            start = span.start + offset + 1
        elif span.start + offset - start >= gap:
            break
    for offset in range(depth):
        if _constant(lines[span.stop - 1 - offset], absent[span.stop - 1 - offset]) > FRAME_SHARE:
            stop = span.stop - 1 - offset
        elif stop - (span.stop - 1 - offset) > gap:
            break
    return slice(start, stop)


def _constant(line: NDArray[np.float32], absent: Bools) -> float:
    """Largest share of a line that has one value or is absent."""
    values = line[~absent]
    if not values.size:
        return 1.0
    _, counts = np.unique(values, return_counts=True)
    return float(counts.max() + line.size - values.size) / line.size


def _distinct(grey: NDArray[np.float32], absent: Bools, axis: int) -> NDArray[np.intp]:
    """Index of each line that differs from the one before: pictures are often blown up by repeating pixels.

    Nothing is dropped unless an eighth of the lines are repeated, as where an empty part is.
    """
    if axis == 1:
        grey, absent = grey.T, absent.T
    seen = ~(absent[1:] | absent[:-1])
    changes = ((grey[1:] != grey[:-1]) & seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    different = np.concatenate([[True], (changes > REPEATED) | (seen.mean(axis=1) < 0.5)])
    if np.mean(~different) < 0.125:
        return np.arange(len(grey))
    return np.flatnonzero(different)


def _empty_border(grey: NDArray[np.float32]) -> Bools:
    """Parts of the lowest value, 1 % of the picture or more, that touch its edge: no sky was exposed there.

    Sought among squares of 8 pixels that are empty throughout, so that a sky clipped to black is not taken.
    """
    empty, side = grey == grey.min(), EMPTY_SIDE_PX
    rows, columns = -(-grey.shape[0] // side), -(-grey.shape[1] // side)
    squares = np.logical_and.reduceat(empty, np.arange(rows) * side, axis=0)
    squares = np.logical_and.reduceat(squares, np.arange(columns) * side, axis=1)
    groups, count = label(squares)
    sizes = np.bincount(groups.ravel(), minlength=count + 1)
    edge = np.unique(np.concatenate([groups[0], groups[-1], groups[:, 0], groups[:, -1]]))
    wanted = np.zeros(count + 1, dtype=bool)
    wanted[edge[edge > 0]] = True
    wanted &= sizes >= EMPTY_SHARE * groups.size
    if not wanted.any():
        return np.zeros(grey.shape, dtype=bool)
    beside = binary_dilation(wanted[groups], structure=np.ones((3, 3)))
    return empty & beside.repeat(side, axis=0)[: grey.shape[0]].repeat(side, axis=1)[:, : grey.shape[1]]


def _dithered(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spread each of few greys evenly over its step, so that noise below one step still has a width.

    The values come from the picture itself: the same picture gives the same pixels. Clipped ends stay as they
    are. A sky of one sole grey then has a noise of 0.29 steps, its rounding error.
    """
    levels, counts = np.unique(grey[:: max(1, grey.shape[0] // 256)], return_counts=True)
    if len(levels) < 2 or len(levels) > FEW_LEVELS:
        return grey.copy()
    step = _step(levels, counts)
    seed = int.from_bytes(hashlib.sha256(grey.tobytes()).digest()[:8], "big")
    spread = np.random.default_rng(seed).random(grey.shape, dtype=np.float32)
    spread -= np.float32(0.5)
    spread *= np.float32(step)
    spread[(grey == levels[0]) | (grey == levels[-1])] = 0.0
    spread += grey
    return spread


def _step(levels: NDArray[np.float32], counts: NDArray[np.intp]) -> float:
    """Width of a step of the sky: of the picture's greys, or of the counts behind them.

    Where the camera's counts were coarser than the picture's greys, the histogram of the sky is a comb: the step
    is the distance of its teeth. Clipping at 3 sigma would take one tooth for the whole sky.
    """
    fine = float(np.diff(levels).min())
    share = np.cumsum(counts) / counts.sum()
    low, high = (float(levels[np.searchsorted(share, part)]) for part in (0.03, 0.97))
    bins = int(round((high - low) / fine)) + 1
    if not 5 <= bins <= FEW_LEVELS:
        return fine
    inside = (levels >= low) & (levels <= high)
    comb = np.bincount(np.rint((levels[inside] - low) / fine).astype(int), counts[inside], minlength=bins)
    comb = np.convolve(np.pad(comb, 2), np.ones(3, dtype=np.intp), mode="same")
    teeth: list[int] = []
    for at in np.flatnonzero((comb[1:-1] >= comb[:-2]) & (comb[1:-1] > comb[2:]) & (comb[1:-1] > TOOTH * comb.max())):
        place = int(at) + 1
        valley = comb[teeth[-1] : place].min() if teeth else 0
        if not teeth or valley < VALLEY * min(comb[place], comb[teeth[-1]]):
            teeth.append(place)
        elif comb[place] > comb[teeth[-1]]:
            teeth[-1] = place
    return fine * float(np.median(np.diff(teeth))) if len(teeth) > 2 else fine
