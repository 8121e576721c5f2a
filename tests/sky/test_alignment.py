"""Pictures of the same sky are lined up by their corners; held against full coordinate systems."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS, Sip

from sky.alignment import picture_affines, share_covered
from sky.wcs import footprint_deg, wcs_shift

SIZE = 512


def camera(ra: float = 150.0, dec: float = 2.0, *, angle: float = 30.0, scale: float = 0.05, distorted=True) -> WCS:
    """An image whose middle looks at a place; distorted about as much as ACS/WFC."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"] if distorted else ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix, wcs.wcs.crval = [2048.5, 1024.5], [ra, dec]
    turn, side = np.radians(angle), scale / 3600
    wcs.wcs.cd = side * np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if distorted:
        a, b = np.zeros((3, 3)), np.zeros((3, 3))
        a[2, 0], a[1, 1], b[0, 2] = 8e-6, -5e-6, 7e-6
        wcs.sip = Sip(a, b, None, None, wcs.wcs.crpix)
    wcs.wcs.set()
    return wcs


def in_picture(pixels: np.ndarray) -> np.ndarray:
    """From FITS pixels to a picture's, counted from its middle, rows downwards."""
    return np.stack([pixels[:, 0] - (SIZE - 1) / 2, (SIZE - 1) / 2 - pixels[:, 1]], axis=-1)


@pytest.mark.parametrize("tile", [(0, 0), (1536, 768), (3584, 1536)])
@pytest.mark.parametrize(
    ("moved", "error_px"),
    [
        ({"ra": 150.0 + 60 * 0.05 / 3600}, 0.4),  # what the distortion changes over an offset of 60 pixels
        ({"ra": 150.0 + 10 * 0.05 / 3600, "angle": 35.0}, 2.0),
        ({"ra": 150.0005, "scale": 0.1, "distorted": False}, None),
    ],
)
def test_pixels_land_where_the_full_coordinates_say(tile, moved, error_px):
    distorted = moved.get("distorted", True)
    one, other = (wcs_shift(camera(**({"distorted": distorted} | how)), *tile) for how in ({}, moved))
    corners = [footprint_deg(wcs, (SIZE, SIZE)) for wcs in (one, other)]
    a, b, c, d, e, f = picture_affines(corners[0], (SIZE, SIZE), [corners[1]], [(SIZE, SIZE)])[0]
    grid = np.stack(np.meshgrid(np.linspace(0, 511, 9), np.linspace(0, 511, 9)), axis=-1).reshape(-1, 2)
    expected = in_picture(one.all_world2pix(other.all_pix2world(grid, 0), 0, maxiter=50))
    x, y = in_picture(grid).T
    found = np.stack([a * x + c * y + e, b * x + d * y + f], axis=-1)
    assert np.abs(found - expected).max() < (error_px or 1e-3)


def test_a_picture_lies_on_itself_at_a_pole_and_at_the_zero_of_ra_too():
    for ra, dec in ((0.0, 0.0), (359.9999, -45.0), (10.0, 89.9999)):
        corners = footprint_deg(wcs_shift(camera(ra, dec, distorted=False), 1792, 768), (SIZE, SIZE))
        affine = picture_affines(corners, (SIZE, SIZE), [corners], [(SIZE, SIZE)])[0]
        assert affine == pytest.approx([1, 0, 0, 1, 0, 0], abs=1e-6)


def test_the_share_that_is_covered():
    assert share_covered([1, 0, 0, 1, 0, 0], (512, 512), (512, 512)) == 1
    assert share_covered([1, 0, 0, 1, 256, 0], (512, 512), (512, 512)) == 0.5
    assert share_covered([1, 0, 0, 1, -600, 0], (512, 512), (512, 512)) == 0
    assert share_covered([1, 0, 0, 1, 0, 0], (512, 512), (256, 512)) == 0.5
