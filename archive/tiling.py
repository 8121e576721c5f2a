"""How an image is cut into overlapping tiles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels: columns x0 … x0+width-1, rows y0 … y0+height-1."""

    x0: int
    y0: int
    width: int
    height: int

    @property
    def rows(self) -> slice:
        return slice(self.y0, self.y0 + self.height)

    @property
    def columns(self) -> slice:
        return slice(self.x0, self.x0 + self.width)


def _starts(length: int, size: int, overlap: int) -> list[int]:
    """First pixels of the tiles along one axis; the last one is moved inward to end at the edge."""
    if length <= size:
        return [0]
    step = size - overlap
    starts = list(range(0, length - size, step))
    return [*starts, length - size]


def tiles(width: int, height: int, size: int = 512, overlap: int = 64) -> list[Box]:
    """Cover an image with equal square tiles, row by row from the first pixel.

    Every pixel lies in a tile and neighbours share at least ``overlap`` pixels. All tiles are
    ``size`` wide and high; only an image smaller than that gives smaller ones.

    Raises
    ------
    ValueError
        ``size`` or the image is not positive, or ``overlap`` is not in 0 … size-1.
    """
    if width < 1 or height < 1:
        raise ValueError(f"An image of {width} x {height} pixels cannot be cut into tiles.")
    if size < 1 or not 0 <= overlap < size:
        raise ValueError(f"Tiles of {size} pixels cannot overlap by {overlap}.")
    columns, rows = _starts(width, size, overlap), _starts(height, size, overlap)
    return [Box(x0, y0, min(size, width), min(size, height)) for y0 in rows for x0 in columns]
