"""The cameras the simulator knows, in figures.

Zero points (AB), pivot wavelengths, sky rates and read noise are the handbook values rounded: ACS from
Sirianni et al. 2005 (PASP 117, 1049, table 10) and the ACS Instrument Handbook; WFC3/UVIS from
Deustua et al. 2017 (WFC3 ISR 2017-14) and the WFC3 Instrument Handbook; WFPC2 from the PHOTFLAM of its files at
gain 7 (WFPC2 Data Handbook, table 5.1) and the WFPC2 Instrument Handbook, chapters 2 and 4. Sky is a typical
high-latitude one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sky.photometry import photflam_of


@dataclass(frozen=True, slots=True)
class Band:
    """A filter: AB zero point (1 e-/s), pivot wavelength (Angstrom), sky (e-/s/pixel), core FWHM (pixels)."""

    zero_point: float
    pivot_angstrom: float
    sky_rate: float
    psf_fwhm_px: float

    @property
    def photflam(self) -> float:
        return photflam_of(self.zero_point, self.pivot_angstrom)


@dataclass(frozen=True, slots=True)
class Camera:
    """A detector: pixel side, noise, full well and the filters that Hubble Asteroid Hunter used.

    WFPC2 stands for its three wide-field chips, at full size.
    """

    instrument: str
    detector: str
    pixel_scale_arcsec: float
    read_noise_e: float
    row_noise_e: float
    dark_rate: float
    pedestal_e: float
    full_well_e: float
    cosmic_ray_rate: float
    charge_diffusion_px: float
    bands: dict[str, Band]


ACS_WFC = Camera(
    "ACS", "WFC", 0.05, 4.2, 0.6, 0.008, 0.0, 84_700.0, 2.3, 0.42,
    {
        "F435W": Band(25.673, 4318.9, 0.030, 1.80),
        "F475W": Band(26.068, 4746.9, 0.055, 1.80),
        "F555W": Band(25.718, 5361.0, 0.055, 1.82),
        "F606W": Band(26.486, 5921.1, 0.125, 1.88),
        "F775W": Band(25.654, 7692.4, 0.080, 2.02),
        "F814W": Band(25.937, 8057.0, 0.105, 2.08),
        "F850LP": Band(24.862, 9033.1, 0.045, 2.25),
    },
)  # fmt: skip
WFC3_UVIS = Camera(
    "WFC3", "UVIS", 0.04, 3.1, 0.3, 0.003, 12.0, 72_500.0, 1.7, 0.40,
    {
        "F350LP": Band(26.96, 5873.9, 0.150, 1.95),
        "F438W": Band(24.84, 4326.2, 0.015, 1.85),
        "F475W": Band(25.70, 4773.1, 0.040, 1.85),
        "F555W": Band(25.81, 5308.4, 0.050, 1.85),
        "F606W": Band(26.08, 5889.2, 0.070, 1.90),
        "F775W": Band(24.87, 7651.4, 0.030, 2.05),
        "F814W": Band(25.11, 8039.1, 0.038, 2.10),
    },
)  # fmt: skip
WFPC2_WF = Camera(
    "WFPC2", "WF", 0.0996, 5.5, 0.3, 0.0045, 0.0, 53_000.0, 2.9, 0.35,
    {
        "F450W": Band(24.02, 4557.3, 0.030, 1.42),
        "F555W": Band(24.67, 5442.9, 0.083, 1.42),
        "F606W": Band(25.12, 5996.8, 0.141, 1.43),
        "F702W": Band(24.82, 6917.1, 0.120, 1.45),
        "F814W": Band(24.19, 7995.9, 0.084, 1.50),
    },
)  # fmt: skip
CAMERAS = {(camera.instrument, camera.detector): camera for camera in (ACS_WFC, WFC3_UVIS, WFPC2_WF)}

VISIBILITY_S = (2_900.0, 3_500.0)
ACQUISITION_S, OVERHEAD_S = 380.0, 140.0
EXPOSURES_AN_ORBIT = {1: 0.04, 2: 0.31, 3: 0.19, 4: 0.25, 5: 0.08, 6: 0.06, 8: 0.07}


def draw_exposure_s(rng: np.random.Generator) -> float:
    """Length of one exposure, in seconds, as HST's observers divide their orbits.

    A target is visible for 50-60 minutes of each orbit; after the guide stars are found (6 minutes) the rest
    is cut into equal exposures, each with 2-3 minutes of overhead (HST Primer, chapter 6; ACS and WFC3 Instrument
    Handbooks on orbit planning). Median 630 s; 4 % fill the orbit; a tenth are short ones of 100-350 s beside them.
    """
    if rng.random() < 0.1:
        return float(np.exp(rng.uniform(np.log(100), np.log(350))))
    parts = list(EXPOSURES_AN_ORBIT)
    count = parts[int(rng.choice(len(parts), p=list(EXPOSURES_AN_ORBIT.values())))]
    return float((rng.uniform(*VISIBILITY_S) - ACQUISITION_S) / count - OVERHEAD_S)


def camera_of(instrument: str, detector: str) -> Camera:
    """The camera of a name pair.

    Raises
    ------
    ValueError
        Not one of those simulated.
    """
    try:
        return CAMERAS[instrument, detector]
    except KeyError:
        known = ", ".join("/".join(names) for names in CAMERAS)
        raise ValueError(f"The simulator knows {known}, not {instrument}/{detector}.") from None


def band_of(camera: Camera, filter_name: str) -> Band:
    """The filter of a camera by name; ValueError names those there are."""
    try:
        return camera.bands[filter_name]
    except KeyError:
        raise ValueError(f"{camera.detector} is simulated in {', '.join(camera.bands)}, not {filter_name}.") from None
