"""Point spread functions: HST's diffraction pattern for stars, Gaussian mixtures for what moves.

The star pattern is the Fourier transform of HST's pupil (2.4 m, central obscuration 0.33, four vanes at
45 degrees to the detector's axes, three pads; Krist, Hook and Stoehr 2011, Proc. SPIE 8127), summed over
the band, so rings and spikes come out as they are. Mixtures are integrated over pixels analytically.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import erf

APERTURE_M = 2.4
OBSCURATION = 0.33
VANE_WIDTH = 0.022
PUPIL_SIDE = 300
FINE_SCALE_ARCSEC = 0.05
CORE_HALF_PX = 12
CORE_OVERSAMPLING = 5
HALO_HALF_PX = 150
RADIAN_ARCSEC = 206_264.80624709636
FWHM_TO_SIGMA = 0.42466090014400953
MIXTURE = ((0.80, 0.92), (0.15, 2.1), (0.05, 5.0))
"""(share of the flux, sigma relative to the core): core, first rings, skirt."""


@lru_cache(maxsize=2)
def _pupil(side: int) -> NDArray[np.float32]:
    axis = (np.arange(side) - (side - 1) / 2) / (side / 2)
    x, y = np.meshgrid(axis, axis)
    radius = np.hypot(x, y)
    open_ = (radius <= 1) & (radius >= OBSCURATION)
    for sign in (1, -1):
        open_ &= np.abs(x + sign * y) / np.sqrt(2) > VANE_WIDTH
    for angle in (0.4, 2.5, 4.6):  # the pads that hold the mirror, about a third of a turn apart
        open_ &= np.hypot(x - 0.89 * np.cos(angle), y - 0.89 * np.sin(angle)) > 0.065
    return open_.astype(np.float32)


def _pattern(wavelength_m: float, scale_arcsec: float, half: int, oversampling: int) -> NDArray[np.float64]:
    """|FT of the pupil|^2 on a grid of ``scale/oversampling`` by matrix Fourier transform."""
    step = scale_arcsec / oversampling / RADIAN_ARCSEC
    sky = np.arange(-half * oversampling, half * oversampling + 1) * step
    # The pattern repeats after wavelength / pupil step: coarse pixels reach further out and need a finer pupil.
    side = PUPIL_SIDE * max(1, round(scale_arcsec / FINE_SCALE_ARCSEC))
    pupil = (np.arange(side) - (side - 1) / 2) * (APERTURE_M / side)
    kernel = np.exp(-2j * np.pi / wavelength_m * np.outer(sky, pupil)).astype(np.complex64)
    field = kernel @ _pupil(side).astype(np.complex64) @ kernel.T
    return np.abs(field).astype(np.float64) ** 2


@lru_cache(maxsize=16)
def star_patterns(
    pivot_angstrom: float, scale_arcsec: float, diffusion_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(core, halo) of a star of one electron.

    ``core`` has a grid of 1/5 pixel, each value the flux of a whole pixel centred there; ``halo`` is a
    (301, 301) stamp on whole pixels. Both are read-only and cached.
    """
    waves = pivot_angstrom * 1e-10 * np.linspace(0.87, 1.13, 9)
    halo = sum(_pattern(w, scale_arcsec, HALO_HALF_PX, 1) / w**2 for w in waves)
    core = sum(_pattern(w, scale_arcsec, CORE_HALF_PX + 2, CORE_OVERSAMPLING) / w**2 for w in waves)
    halo, core = np.asarray(halo), np.asarray(core)
    core = gaussian_filter(core, diffusion_px * CORE_OVERSAMPLING)
    halo = gaussian_filter(halo, 0.7)
    box = np.ones(CORE_OVERSAMPLING) / CORE_OVERSAMPLING
    core = np.apply_along_axis(np.convolve, 0, core, box, "same")
    core = np.apply_along_axis(np.convolve, 1, core, box, "same")
    edge = 2 * CORE_OVERSAMPLING
    core = core[edge:-edge, edge:-edge]
    total = halo.sum() / 0.985
    halo, core = halo / total, core / total
    halo.setflags(write=False)
    core.setflags(write=False)
    return core, halo


def core_stamp(core: NDArray[np.float64], shift_x: float, shift_y: float) -> NDArray[np.float64]:
    """Whole-pixel stamp (23 x 23) of the core of a star ``shift`` (-0.5 … 0.5 px) from its middle pixel."""
    middle = core.shape[0] // 2
    reach = middle - CORE_OVERSAMPLING
    first_x = middle - reach - round(CORE_OVERSAMPLING * shift_x)
    first_y = middle - reach - round(CORE_OVERSAMPLING * shift_y)
    span = 2 * reach + 1
    return core[first_y : first_y + span : CORE_OVERSAMPLING, first_x : first_x + span : CORE_OVERSAMPLING]


def splat_gaussians(
    out: NDArray[np.float32],
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    flux: NDArray[np.floating],
    sigma_px: float,
) -> None:
    """Add round Gaussians to an image in place, each integrated over the pixels; flux is conserved.

    ``x``, ``y`` (n,) are 0-based positions, ``flux`` (n,) the total of each. What falls outside is dropped.
    """
    half = max(2, int(np.ceil(3.7 * sigma_px + 0.5)))
    height, width = out.shape
    near = (x > -half - 1) & (x < width + half) & (y > -half - 1) & (y < height + half)
    x, y, flux = x[near], y[near], flux[near]
    if not x.size:
        return
    reach = np.arange(-half, half + 1)
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    edges = (np.arange(-half, half + 2) - 0.5)[None, :]
    root = 1.0 / (np.sqrt(2.0) * sigma_px)
    along_x = np.diff(0.5 * erf((edges - (x - column)[:, None]) * root), axis=1)
    along_y = np.diff(0.5 * erf((edges - (y - row)[:, None]) * root), axis=1) * flux[:, None]
    columns, rows = column[:, None] + reach, row[:, None] + reach
    along_x = np.where((columns >= 0) & (columns < width), along_x, 0.0)
    along_y = np.where((rows >= 0) & (rows < height), along_y, 0.0)
    np.clip(columns, 0, width - 1, out=columns)
    np.clip(rows, 0, height - 1, out=rows)
    # Adding in a box around everything keeps bincount small for one trail in a large image.
    x0, x1, y0, y1 = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    index = (rows - y0)[:, :, None] * (x1 - x0) + (columns - x0)[:, None, :]
    values = along_y[:, :, None] * along_x[:, None, :]
    box = np.bincount(index.ravel(), values.ravel(), minlength=(y1 - y0) * (x1 - x0)).reshape(y1 - y0, x1 - x0)
    out[y0:y1, x0:x1] += box.astype(np.float32)


def splat_psf(
    out: NDArray[np.float32],
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    flux: NDArray[np.floating],
    psf_fwhm_px: float,
    mixture: tuple[tuple[float, float], ...] = MIXTURE,
) -> None:
    """Add points with the Gaussian-mixture PSF of a core of ``psf_fwhm_px`` to an image in place."""
    for share, relative in mixture:
        splat_gaussians(out, x, y, flux * share, relative * psf_fwhm_px * FWHM_TO_SIGMA)


def add_stamp(out: NDArray[np.float32], stamp: NDArray[np.floating], column: int, row: int) -> None:
    """Add a stamp of odd sides to an image in place, its middle at (column, row); cut at the edges."""
    half_y, half_x = stamp.shape[0] // 2, stamp.shape[1] // 2
    y0, x0 = row - half_y, column - half_x
    top, left = max(0, -y0), max(0, -x0)
    bottom = min(stamp.shape[0], out.shape[0] - y0)
    right = min(stamp.shape[1], out.shape[1] - x0)
    if bottom > top and right > left:
        out[y0 + top : y0 + bottom, x0 + left : x0 + right] += stamp[top:bottom, left:right].astype(np.float32)
