"""Simulated HST exposures with known truth: for the demo, for tests, and for teaching the network."""

from sky.simulate.cosmic import add_bad_columns, add_cosmic_rays, add_hot_pixels
from sky.simulate.exposure import Field, SimulatedExposure, add_asteroid, make_wcs, simulate_exposure
from sky.simulate.instruments import ACS_WFC, WFC3_UVIS, Band, Camera, band_of, camera_of
from sky.simulate.output import SAMPLE, make_sample, sample_exposure, truth_path, write_fits
from sky.simulate.sources import add_arc, add_galaxies, add_galaxy, add_star, add_stars, bleed
from sky.simulate.trails import add_satellite, render_trail, ridge_peak
from sky.simulate.truth import TrailTruth

__all__ = [
    "ACS_WFC",
    "SAMPLE",
    "WFC3_UVIS",
    "Band",
    "Camera",
    "Field",
    "SimulatedExposure",
    "TrailTruth",
    "add_arc",
    "add_asteroid",
    "add_bad_columns",
    "add_cosmic_rays",
    "add_galaxies",
    "add_galaxy",
    "add_hot_pixels",
    "add_satellite",
    "add_star",
    "add_stars",
    "band_of",
    "bleed",
    "camera_of",
    "make_sample",
    "make_wcs",
    "render_trail",
    "ridge_peak",
    "sample_exposure",
    "simulate_exposure",
    "truth_path",
    "write_fits",
]
