"""World coordinate systems of tiles: shift, store, and describe them.

Pixel coordinates are 0-based everywhere in this project: the centre of the first pixel is (0, 0),
x counts columns, y counts rows, and a pixel reaches half a pixel to each side of its centre.
"""

from __future__ import annotations

import io
import warnings
import zlib

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, DistortionLookupTable, Sip
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray

STORED_MAX_BYTES = 64 * 1024 * 1024
"""Largest decompressed WCS accepted by :func:`wcs_from_bytes`; a real one has tens of kilobytes."""


class WcsError(ValueError):
    """Stored bytes are not a celestial WCS."""


def _table_shifted(table: DistortionLookupTable | None, x0: float, y0: float) -> DistortionLookupTable | None:
    """Move a lookup table with its image: it is read at (pixel - CRVAL)/CDELT + CRPIX."""
    if table is None:
        return None
    crval = (table.crval[0] - x0, table.crval[1] - y0)
    return DistortionLookupTable(np.array(table.data, dtype=np.float32), tuple(table.crpix), crval, tuple(table.cdelt))


def wcs_shift(wcs: WCS, x0: float, y0: float, shape: tuple[int, int] | None = None) -> WCS:
    """Give the exact WCS of the tile whose first pixel is the parent's pixel (x0, y0).

    CRPIX, the SIP origin and both kinds of lookup table (``CPDIS``, ``D2IM``) move together, so a tile
    pixel has the parent's sky position with every distortion. ``shape`` is the tile's (height, width).
    """
    tile = wcs.deepcopy()
    tile.wcs.crpix = np.asarray(wcs.wcs.crpix) - (x0, y0)
    if wcs.sip is not None:
        old = wcs.sip
        tile.sip = Sip(old.a, old.b, old.ap, old.bp, np.asarray(old.crpix) - (x0, y0))
    for name in ("cpdis1", "cpdis2", "det2im1", "det2im2"):
        setattr(tile, name, _table_shifted(getattr(wcs, name), x0, y0))
    tile.pixel_bounds = None
    tile.pixel_shape = None if shape is None else (shape[1], shape[0])
    return tile


def wcs_to_bytes(wcs: WCS) -> bytes:
    """Pack a WCS with its SIP polynomials and lookup tables: a small FITS file, zlib-compressed."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hdus = wcs.to_fits(relax=True)
        header = hdus[0].header
        # wcslib writes 14 digits; repeat the values that matter with all 17.
        header["CRPIX1"], header["CRPIX2"] = (float(v) for v in wcs.wcs.crpix)
        header["CRVAL1"], header["CRVAL2"] = (float(v) for v in wcs.wcs.crval)
        hdus.writeto(buffer)
    return zlib.compress(buffer.getvalue(), 6)


def wcs_from_bytes(stored: bytes) -> WCS:
    """Unpack what :func:`wcs_to_bytes` packed.

    Raises
    ------
    WcsError
        The bytes are damaged, or hold no celestial WCS.
    """
    try:
        opener = zlib.decompressobj()
        raw = opener.decompress(stored, STORED_MAX_BYTES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(raw), memmap=False) as hdus:
                wcs = WCS(hdus[0].header, fobj=hdus)
    except (zlib.error, OSError, ValueError, KeyError, MemoryError) as error:
        raise WcsError("The stored coordinate system is damaged.") from error
    if not wcs.has_celestial:
        raise WcsError("The stored coordinate system is not celestial.")
    return wcs


def wcs_name(stored: bytes) -> str:
    """The name (WCSNAME) of what :func:`wcs_to_bytes` packed, empty if it has none, without building the WCS."""
    try:
        raw = zlib.decompressobj().decompress(stored, STORED_MAX_BYTES)
        return str(fits.Header.fromfile(io.BytesIO(raw)).get("WCSNAME", ""))
    except (zlib.error, OSError, ValueError, EOFError):
        return ""


def footprint_deg(wcs: WCS, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Sky corners of an image of ``shape`` (height, width) at its pixel edges.

    Returns a (4, 2) array of (RA, Dec) in degrees, going round from (-0.5, -0.5) along x first.
    """
    height, width = shape
    x = np.array([-0.5, width - 0.5, width - 0.5, -0.5])
    y = np.array([-0.5, -0.5, height - 0.5, height - 0.5])
    ra, dec = wcs.all_pix2world(x, y, 0)
    return np.column_stack([np.asarray(ra) % 360.0, dec])


def centre_deg(wcs: WCS, shape: tuple[int, int]) -> tuple[float, float]:
    """Sky position (RA, Dec) in degrees of the middle of an image of ``shape`` (height, width)."""
    ra, dec = wcs.all_pix2world((shape[1] - 1) / 2, (shape[0] - 1) / 2, 0)
    return float(ra) % 360.0, float(dec)


def pixel_scale_arcsec(wcs: WCS) -> float:
    """Side in arcseconds of a square pixel of the same area, at the reference point."""
    scales = proj_plane_pixel_scales(wcs.celestial)
    return float(np.sqrt(scales[0] * scales[1]) * 3600.0)


def separation_arcsec(ra1_deg: float, dec1_deg: float, ra2_deg: float, dec2_deg: float) -> float:
    """Great-circle distance by the haversine formula, exact at small angles."""
    ra1, dec1, ra2, dec2 = np.radians([ra1_deg, dec1_deg, ra2_deg, dec2_deg])
    half = np.sin((dec2 - dec1) / 2) ** 2 + np.cos(dec1) * np.cos(dec2) * np.sin((ra2 - ra1) / 2) ** 2
    return float(np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))) * 3600.0)
