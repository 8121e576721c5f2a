"""Tiles cover every pixel, overlap, and are as few as they can be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.tiling import Box, tiles


def test_an_acs_chip_gives_nine_by_five_tiles() -> None:
    boxes = tiles(4096, 2048)
    assert len(boxes) == 9 * 5
    assert boxes[0] == Box(0, 0, 512, 512)
    assert boxes[-1] == Box(4096 - 512, 2048 - 512, 512, 512)


def test_a_small_image_is_one_tile_of_its_own_size() -> None:
    assert tiles(200, 130) == [Box(0, 0, 200, 130)]
    assert tiles(512, 512) == [Box(0, 0, 512, 512)]
    assert tiles(513, 100) == [Box(0, 0, 512, 100), Box(1, 0, 512, 100)]


@settings(deadline=None, max_examples=150)
@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(8, 150).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size // 2))),
)
def test_every_pixel_is_covered_and_neighbours_overlap(width: int, height: int, sizes: tuple[int, int]) -> None:
    size, overlap = sizes
    boxes = tiles(width, height, size, overlap)
    assert len(set(boxes)) == len(boxes)
    seen = np.zeros((height, width), dtype=np.int32)
    for box in boxes:
        assert box.x0 >= 0 and box.x0 + box.width <= width
        assert box.y0 >= 0 and box.y0 + box.height <= height
        assert (box.width, box.height) == (min(size, width), min(size, height))
        seen[box.rows, box.columns] += 1
    assert seen.min() >= 1
    for axis in ("x0", "y0"):
        starts = sorted({getattr(box, axis) for box in boxes})
        assert all(first + size - second >= overlap for first, second in zip(starts, starts[1:], strict=False))


@pytest.mark.parametrize(
    ("width", "height", "size", "overlap"), [(0, 5, 8, 0), (5, 5, 0, 0), (5, 5, 8, 8), (5, 5, 8, -1)]
)
def test_impossible_tilings_are_refused(width: int, height: int, size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="cannot"):
        tiles(width, height, size, overlap)
