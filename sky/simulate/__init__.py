"""Simulated HST exposures with known truth: for the demo, for tests, and for teaching the network."""

from sky.simulate.background import Background, mask_beside, read_background
from sky.simulate.cosmic import add_bad_columns, add_cosmic_rays, add_hot_pixels
from sky.simulate.exposure import Field, SimulatedExposure, add_asteroid, make_wcs, simulate_exposure
from sky.simulate.ghosts import add_bright_star, add_dragon_breath, add_line_defect, add_window_ghost
from sky.simulate.instruments import ACS_WFC, WFC3_UVIS, WFPC2_WF, Band, Camera, band_of, camera_of, draw_exposure_s
from sky.simulate.lookalikes import add_edge_on, add_jet, add_rejection_residuals, add_ring
from sky.simulate.orbits import Motion, apparent_motion, apparent_motions
from sky.simulate.output import SAMPLE, make_sample, sample_exposure, truth_path, write_fits
from sky.simulate.sources import add_arc, add_galaxies, add_galaxy, add_star, add_stars, bleed
from sky.simulate.trails import add_satellite, render_trail, ridge_peak
from sky.simulate.truth import TrailTruth

__all__ = [
    "ACS_WFC",
    "Background",
    "Band",
    "Camera",
    "Field",
    "Motion",
    "SAMPLE",
    "SimulatedExposure",
    "TrailTruth",
    "WFC3_UVIS",
    "WFPC2_WF",
    "add_arc",
    "add_asteroid",
    "add_bad_columns",
    "add_bright_star",
    "add_cosmic_rays",
    "add_dragon_breath",
    "add_edge_on",
    "add_galaxies",
    "add_galaxy",
    "add_hot_pixels",
    "add_jet",
    "add_line_defect",
    "add_rejection_residuals",
    "add_ring",
    "add_satellite",
    "add_star",
    "add_stars",
    "add_window_ghost",
    "apparent_motion",
    "apparent_motions",
    "band_of",
    "bleed",
    "camera_of",
    "draw_exposure_s",
    "make_sample",
    "make_wcs",
    "mask_beside",
    "read_background",
    "render_trail",
    "ridge_peak",
    "sample_exposure",
    "simulate_exposure",
    "truth_path",
    "write_fits",
]
