"""The light of a trail across its centre line and at its ends: the trailed PSF of Veres et al. 2012.

Veres et al. (2012, PASP 124, 1197) trail a Gaussian; HST's core has rings and a skirt, so the PSF here is the
mixture of Gaussians that ``sky.simulate.psf`` draws with, each widened by the pixel (sigma^2 + 1/12).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sky.simulate.psf import FWHM_TO_SIGMA, MIXTURE

Floats = NDArray[np.float64]
PIXEL_VARIANCE = 1 / 12


def _widths(fwhm_px: float) -> list[tuple[float, float]]:
    return [
        (share, float(np.sqrt((relative * fwhm_px * FWHM_TO_SIGMA) ** 2 + PIXEL_VARIANCE)))
        for share, relative in MIXTURE
    ]


def across(w: Floats, fwhm_px: float) -> Floats:
    """Light per pixel at a distance ``w`` (pixels) from the centre line, for one unit per pixel of length."""
    total = np.zeros_like(w)
    for share, sigma in _widths(fwhm_px):
        total += share * np.exp(-0.5 * (w / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    return total


def across_slope(w: Floats, fwhm_px: float) -> Floats:
    """Derivative of :func:`across` by ``w``."""
    total = np.zeros_like(w)
    for share, sigma in _widths(fwhm_px):
        total -= share * w / sigma**2 * np.exp(-0.5 * (w / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    return total


def near_end(inward: Floats, w: Floats, fwhm_px: float) -> tuple[Floats, Floats]:
    """Light near an end (``inward``: pixels along the trail from it), and its derivative by ``inward``."""
    total, slope = np.zeros_like(w), np.zeros_like(w)
    for share, sigma in _widths(fwhm_px):
        ridge = share * np.exp(-0.5 * (w / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
        total += ridge * ndtr(inward / sigma)
        slope += ridge * np.exp(-0.5 * (inward / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    return total, slope
