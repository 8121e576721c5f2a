"""Pictures as people have them become the pixels they were made of, and places in them come back."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml.pictures import MAX_PIXELS, UnusablePicture, read_picture
from sky.stretch import sky_statistics


def sky(height: int = 300, width: int = 320, *, sigma: float = 12.0, seed: int = 1) -> np.ndarray:
    """8-bit noise with a bright spot near the TOP left of the picture."""
    values = np.random.default_rng(seed).normal(100, sigma, (height, width))
    values[20:24, 30:34] = 250
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def brightest(pixels: np.ndarray) -> tuple[float, float]:
    row, column = np.unravel_index(int(np.nanargmax(np.nan_to_num(pixels, nan=-1))), pixels.shape)
    return float(column), float(row)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_the_top_row_of_a_picture_is_the_last_row_of_the_pixels(tmp_path: Path, name: str) -> None:
    Image.fromarray(sky()).save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    picture = read_picture(tmp_path / name)
    assert picture.pixels.shape == (300, 320) and picture.pixels.dtype == np.float32
    x, y = brightest(picture.pixels)
    assert (x, y) == (pytest.approx(31.5, abs=2), pytest.approx(299 - 21.5, abs=2))
    assert picture.file_xy(x, y) == (pytest.approx(31.5, abs=2), pytest.approx(21.5, abs=2))


def test_all_kinds_of_pixels_give_the_same_image(tmp_path: Path) -> None:
    grey = sky()
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    Image.fromarray(np.dstack([grey] * 3)).save(tmp_path / "rgb.png")
    Image.fromarray(np.dstack([grey] * 3 + [np.full_like(grey, 255)])).save(tmp_path / "rgba.png")
    Image.fromarray(grey).convert("P").save(tmp_path / "palette.png")
    expected = read_picture(tmp_path / "grey.png").pixels
    for name, scale in (("deep", 257), ("rgb", 1), ("rgba", 1), ("palette", 1)):
        found = read_picture(tmp_path / f"{name}.png").pixels / scale
        assert np.abs(found - expected).max() <= 1, name


def test_coloured_marks_and_transparent_parts_are_no_data(tmp_path: Path) -> None:
    image = Image.fromarray(sky()).convert("RGBA")
    draw = ImageDraw.Draw(image)
    draw.ellipse([100, 100, 130, 130], outline=(0, 255, 0, 255), width=2)
    draw.rectangle([200, 200, 239, 239], fill=(0, 0, 0, 0))
    image.save(tmp_path / "marked.png")
    pixels = read_picture(tmp_path / "marked.png").pixels[::-1]
    assert np.isnan(pixels[115, 100]) and np.isnan(pixels[200:240, 200:240]).all()
    assert np.isfinite(pixels[115, 115])
    assert np.isnan(pixels).mean() < 0.03


def test_a_picture_in_colour_is_not_taken_for_marks(tmp_path: Path) -> None:
    grey = sky().astype(int)
    colour = np.clip(np.dstack([grey + 60, grey, grey - 60]), 0, 255).astype(np.uint8)
    Image.fromarray(colour).save(tmp_path / "colour.png")
    assert np.isfinite(read_picture(tmp_path / "colour.png").pixels).all()


def plot_of(grey: np.ndarray) -> Image.Image:
    """A picture in a white page with black axes, tick labels and an empty strip below, as plotting tools give."""
    height, width = grey.shape
    page = Image.new("L", (width + 60, height + 80), 255)
    page.paste(Image.fromarray(grey), (41, 11))
    draw = ImageDraw.Draw(page)
    draw.rectangle([40, 10, 41 + width, height + 50], outline=0)
    for tick in range(0, width, 50):
        draw.text((41 + tick, height + 55), str(tick), fill=0)
        draw.text((12, 11 + tick), str(tick), fill=0)
    return page


def test_the_frame_of_a_plot_is_cut_off(tmp_path: Path) -> None:
    plot_of(sky()).save(tmp_path / "plot.png")
    picture = read_picture(tmp_path / "plot.png")
    assert picture.pixels.shape == (300, 320)
    assert picture.file_box(0, 0, 320, 300) == (41, 11, 361, 311)
    assert picture.file_xy(*brightest(picture.pixels)) == (pytest.approx(72.5, abs=2), pytest.approx(32.5, abs=2))


def test_a_sky_clipped_to_black_is_no_frame(tmp_path: Path) -> None:
    black = np.where(np.random.default_rng(0).random((300, 320)) < 0.9, 0, 80).astype(np.uint8)
    Image.fromarray(black).save(tmp_path / "black.png")
    picture = read_picture(tmp_path / "black.png")
    assert picture.pixels.shape == (300, 320) and np.isfinite(picture.pixels).all()


def test_the_black_corners_of_a_turned_chip_are_no_data(tmp_path: Path) -> None:
    grey = sky(400, 400)
    row, column = np.indices(grey.shape)
    grey[row + column < 200] = 0
    Image.fromarray(grey).save(tmp_path / "corner.png")
    pixels = read_picture(tmp_path / "corner.png").pixels[::-1]
    assert np.isnan(pixels[:80, :80]).all()
    assert np.isfinite(pixels[150:, 150:]).all()


def test_repeated_rows_and_columns_are_dropped(tmp_path: Path) -> None:
    native = sky(240, 240)
    Image.fromarray(native).resize((320, 320), Image.Resampling.NEAREST).save(tmp_path / "blown.png")
    picture = read_picture(tmp_path / "blown.png")
    assert picture.pixels.shape == (240, 240)
    assert np.abs(picture.pixels[::-1] - native).max() <= 0.5
    # The middle of native pixel (30, 60 from the top) is at (30.5, 60.5) * 320 / 240, measured from the edges.
    assert picture.file_xy(30, 239 - 60) == (
        pytest.approx(30.5 * 4 / 3 - 0.5, abs=0.7),
        pytest.approx(60.5 * 4 / 3 - 0.5, abs=0.7),
    )
    assert picture.file_box(0, 0, 240, 240) == (0, 0, 320, 320)


def test_a_sky_of_a_few_greys_still_has_a_noise(tmp_path: Path) -> None:
    flat = np.full((300, 320), 100, np.uint8)
    flat[::7, ::5] = 101
    Image.fromarray(flat).save(tmp_path / "flat.png")
    level, sigma = sky_statistics(read_picture(tmp_path / "flat.png").pixels)
    assert level == pytest.approx(100, abs=0.5)
    assert 0.2 < sigma < 0.6


def test_counts_coarser_than_greys_are_not_taken_for_the_noise(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    counts = np.rint(rng.normal(0, 0.9, (300, 320)))  # a camera's counts: noise of one step
    grey = np.clip(127 + 23 * counts + rng.normal(0, 1.2, counts.shape), 0, 255).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "comb.png")
    _, sigma = sky_statistics(read_picture(tmp_path / "comb.png").pixels)
    assert sigma == pytest.approx(23 * np.hypot(0.9, 0.29), rel=0.25)


def test_the_same_picture_gives_the_same_pixels(tmp_path: Path) -> None:
    Image.fromarray(sky(sigma=0.6)).save(tmp_path / "a.png")
    first, second = (read_picture(tmp_path / "a.png").pixels for _ in range(2))
    assert np.array_equal(first, second, equal_nan=True)


def huge_png(path: Path, side: int) -> Path:
    """A few bytes that claim to be a square of ``side`` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize("side", [int(MAX_PIXELS**0.5) + 1, 30_000, 2**31 - 1])
def test_a_picture_that_claims_to_be_huge_is_refused_unread(tmp_path: Path, side: int) -> None:
    with pytest.raises(UnusablePicture, match="too large"):
        read_picture(huge_png(tmp_path / "bomb.png", side))


def test_what_is_no_picture_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(UnusablePicture, match="not a PNG"):
        read_picture(tmp_path / "text.png")
    Image.fromarray(sky()).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:20_000])
    with pytest.raises(UnusablePicture, match="damaged"):
        read_picture(tmp_path / "cut.png")
    with pytest.raises(UnusablePicture, match="damaged"):
        read_picture(huge_png(tmp_path / "short.png", 3000))
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    with pytest.raises(UnusablePicture, match="blank|no picture"):
        read_picture(tmp_path / "clear.png")
    Image.new("L", (4, 4)).save(tmp_path / "tiny.png")
    with pytest.raises(UnusablePicture, match="8 x 8"):
        read_picture(tmp_path / "tiny.png")


def test_real_cutouts_are_brought_back_to_their_own_pixels(shared_data: Path) -> None:
    shapes = {name: read_picture(shared_data / "images" / name).pixels.shape for name in (
        "sso_c011_2.png", "sso_c013_3.png", "sso_c020_7.png",
    )}  # fmt: skip
    assert shapes == {"sso_c011_2.png": (300, 300), "sso_c013_3.png": (400, 400), "sso_c020_7.png": (400, 400)}
