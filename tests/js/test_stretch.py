"""The 16-bit stretch: every value survives the browser, and the curve is the one it claims to be."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route

DECODE = """async () => {
  const { decodeRG16 } = await import("/js/stretch.js");
  const { width, height, values, maximum } = await decodeRG16("/field.webp");
  return { width, height, maximum, values: Array.from(values) };
}"""
TABLE = """async curve => {
  const { lookupTable } = await import("/js/stretch.js");
  return Array.from(lookupTable(curve));
}"""


def rg16(values: np.ndarray) -> bytes:
    """A lossless WebP with the high byte in red and the low byte in green."""
    channels = np.dstack([values >> 8, values & 255, np.zeros_like(values)]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(channels).save(file, "WEBP", lossless=True, exact=True)
    return file.getvalue()


@pytest.fixture
def field() -> np.ndarray:
    """All 65,536 values once, shuffled: (256, 256)."""
    return np.random.default_rng(5).permutation(65536).astype(np.uint16).reshape(256, 256)


def test_it_reads_back_all_65536_values(page: Page, field: np.ndarray) -> None:
    def answer(route: Route) -> None:
        route.fulfill(body=rg16(field), content_type="image/webp")

    page.route("**/field.webp", answer)
    decoded = page.evaluate(DECODE)
    assert (decoded["width"], decoded["height"], decoded["maximum"]) == (256, 256, 65535)
    assert np.array_equal(np.array(decoded["values"], dtype=np.uint16).reshape(256, 256), field)


def test_it_says_when_the_file_is_missing(page: Page) -> None:
    page.route("**/field.webp", lambda route: route.fulfill(status=404, body=""))
    with pytest.raises(Exception, match="HTTP 404"):
        page.evaluate(DECODE)


@pytest.mark.parametrize("softening", [0.02, 0.15, 1.0])
def test_it_follows_the_asinh_curve_between_the_limits(page: Page, softening: float) -> None:
    low, high = 1000, 9000
    table = page.evaluate(TABLE, {"low": low, "high": high, "softening": softening})
    assert table[:1001] == [0] * 1001 and set(table[9000:]) == {255}
    assert all(a <= b for a, b in zip(table, table[1:], strict=False))
    for value in (1100, 2500, 5000, 8999):
        x = (value - low) / (high - low)
        assert table[value] == pytest.approx(255 * math.asinh(x / softening) / math.asinh(1 / softening), abs=0.51)


def test_it_inverts_to_the_exact_negative(page: Page) -> None:
    curve = {"low": 10.5, "high": 700.25, "softening": 0.1}
    plain, negative = page.evaluate(TABLE, curve), page.evaluate(TABLE, curve | {"invert": True})
    assert [255 - value for value in plain] == negative


def test_it_draws_what_the_table_says(page: Page) -> None:
    pixels = page.evaluate("""async () => {
      const { render } = await import("/js/stretch.js");
      const canvas = document.createElement("canvas");
      const image = { width: 2, height: 1, values: Uint16Array.of(0, 65535), maximum: 65535 };
      render(canvas, image, { low: 0, high: 65535, softening: 1 });
      return Array.from(canvas.getContext("2d").getImageData(0, 0, 2, 1).data);
    }""")
    assert pixels == [0, 0, 0, 255, 255, 255, 255, 255]
