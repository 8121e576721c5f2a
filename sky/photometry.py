"""AB magnitudes from the calibration keywords of HST images."""

from __future__ import annotations

import math

AB_CONSTANT = -2.408
"""ACS Data Handbook, section 5.1.1: ZP_AB = -2.5 log10(PHOTFLAM) - 5 log10(PHOTPLAM) - 2.408."""


def ab_zero_point(photflam: float, photplam: float) -> float:
    """AB magnitude of a source of one electron (or DN, as PHOTFLAM says) per second.

    ``photflam`` is in erg/cm2/s/Angstrom per count/s, ``photplam`` the pivot wavelength in Angstrom.
    """
    if not (photflam > 0 and photplam > 0):
        raise ValueError("PHOTFLAM and PHOTPLAM must be positive.")
    return -2.5 * math.log10(photflam) - 5 * math.log10(photplam) + AB_CONSTANT


def photflam_of(zero_point: float, photplam: float) -> float:
    """Inverse sensitivity that gives an AB zero point at a pivot wavelength (Angstrom)."""
    return 10 ** (-0.4 * (zero_point + 5 * math.log10(photplam) - AB_CONSTANT))


def magnitude(rate_per_s: float, zero_point: float) -> float:
    """AB magnitude of a source that gives ``rate_per_s`` counts per second."""
    if not rate_per_s > 0:
        raise ValueError("A magnitude needs a positive rate.")
    return zero_point - 2.5 * math.log10(rate_per_s)


def magnitude_sigma(rate_per_s: float, sigma_per_s: float) -> float:
    """Error of the magnitude of a rate with an error: 1.0857 times the relative error, right while that is small."""
    if not (rate_per_s > 0 and sigma_per_s >= 0):
        raise ValueError("A magnitude's error needs a positive rate and an error of at least 0.")
    return 2.5 / math.log(10) * sigma_per_s / rate_per_s


def rate_of(ab_magnitude: float, zero_point: float) -> float:
    """Counts per second of a source of a given AB magnitude."""
    return float(10 ** (-0.4 * (ab_magnitude - zero_point)))
