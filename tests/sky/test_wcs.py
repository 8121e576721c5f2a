"""Tile WCS agree with their parent's, through storage too."""

from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS, DistortionLookupTable
from hypothesis import given, settings
from hypothesis import strategies as st

from sky.fits import read_images
from sky.simulate import make_wcs
from sky.wcs import (
    WcsError,
    centre_deg,
    footprint_deg,
    pixel_scale_arcsec,
    separation_arcsec,
    wcs_from_bytes,
    wcs_shift,
    wcs_to_bytes,
)


def distorted(seed: int = 3) -> WCS:
    """SIP and both kinds of lookup table at once, with distortions of up to a pixel."""
    rng = np.random.default_rng(seed)
    wcs = make_wcs((1000, 1200), 150.1, 2.2, 0.05, 33.0, sip=True)
    for number, name in enumerate(("cpdis1", "cpdis2", "det2im1", "det2im2")):
        table = rng.normal(0, 0.4, (17, 19)).astype(np.float32)
        grid = (64.0, 64.0) if number < 2 else (70.0, 61.0)
        setattr(wcs, name, DistortionLookupTable(table, (1.0, 1.0), (1.0, 1.0), grid))
    return wcs


def offset_px(parent: WCS, tile: WCS, x0: int, y0: int, shape: tuple[int, int]) -> float:
    x, y = (
        grid.ravel() for grid in np.meshgrid(np.linspace(-0.5, shape[1] - 0.5, 9), np.linspace(-0.5, shape[0] - 0.5, 9))
    )
    ra, dec = parent.all_pix2world(x + x0, y + y0, 0)
    tile_ra, tile_dec = tile.all_pix2world(x, y, 0)
    apart = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(tile_ra, tile_dec, unit="deg")).arcsec
    return float(apart.max()) / pixel_scale_arcsec(parent)


def test_the_tables_do_distort() -> None:
    plain = make_wcs((1000, 1200), 150.1, 2.2, 0.05, 33.0, sip=True)
    assert offset_px(plain, distorted(), 0, 0, (1000, 1200)) > 0.3


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 700), st.integers(0, 500))
def test_a_tile_agrees_with_its_parent_with_every_distortion(x0: int, y0: int) -> None:
    parent = distorted()
    tile = wcs_shift(parent, x0, y0, (512, 512))
    assert offset_px(parent, tile, x0, y0, (512, 512)) < 1e-6
    assert offset_px(parent, wcs_from_bytes(wcs_to_bytes(tile)), x0, y0, (512, 512)) < 1e-6


def test_shifting_leaves_the_parent_alone() -> None:
    parent, untouched = distorted(), distorted()
    wcs_shift(parent, 300, 200)
    assert offset_px(untouched, parent, 0, 0, (1000, 1200)) == 0.0


def test_real_tiles_agree_with_their_parents(shared_data: Path) -> None:
    files = [f for f in sorted((shared_data / "hst").glob("*.fits")) if "flt" not in f.name]
    seen = 0
    for path in files:
        for image in read_images(path):
            box = (image.pixels.shape[0] // 2, image.pixels.shape[1] // 2)
            tile = wcs_from_bytes(wcs_to_bytes(wcs_shift(image.wcs, 3, 4, box)))
            assert offset_px(image.wcs, tile, 3, 4, box) < 1e-5, path.name
            seen += 1
    assert seen == 6


def test_damaged_bytes_are_refused() -> None:
    stored = wcs_to_bytes(distorted())
    for bad in (b"", b"nonsense", stored[:200]):
        with pytest.raises(WcsError):
            wcs_from_bytes(bad)


def test_footprint_centre_and_scale() -> None:
    wcs = make_wcs((400, 600), 10.0, 0.0, 0.05, 0.0, sip=False)
    assert pixel_scale_arcsec(wcs) == pytest.approx(0.05, rel=1e-9)
    assert centre_deg(wcs, (400, 600)) == pytest.approx((10.0, 0.0), abs=1e-9)
    corners = footprint_deg(wcs, (400, 600))
    assert corners[:, 1] * 3600 == pytest.approx([-10, -10, 10, 10], abs=1e-5)
    assert (corners[:, 0] - 10) * 3600 == pytest.approx([15, -15, -15, 15], abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 359.9), st.floats(-89, 89), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
def test_separation_is_astropys(ra: float, dec: float, east: float, north: float) -> None:
    other = (ra + east, dec + north)
    expected = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(*other, unit="deg")).arcsec
    assert separation_arcsec(ra, dec, *other) == pytest.approx(float(expected), abs=1e-6)
