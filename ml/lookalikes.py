"""What is taken for a trail: arcs and rings, and what the detector, the optics and the reduction draw. No Django."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.scenes import Scene
from sky.simulate.ghosts import add_dragon_breath, add_line_defect, add_window_ghost
from sky.simulate.lookalikes import add_edge_on, add_jet, add_rejection_residuals, add_ring
from sky.simulate.sources import add_arc, add_galaxy
from sky.simulate.trails import ridge_peak

FloatArray = NDArray[np.float64]
ARC_RADIUS_PX = (8.0, 90.0)
ARC_SNR = (1.0, 14.0)
RING_SHARE = 0.4
LENS_SHARE = 0.85
"""Arcs bend around a galaxy or cluster that is seen, but for a few."""
ARC_SHARE = 0.04
EDGE_ON_SHARE = 0.06
JET_SHARE = 0.006
GHOST_SHARE = 0.012
BREATH_SHARE = 0.012
DEFECT_SHARE = 0.025
RESIDUAL_SHARE = 0.6
"""Shares of tiles, above those of the sky: in the blind search of Hubble's archive one quadrant in a hundred was taken
for a trail because of each of artefacts and spikes, one in 270 of arcs, one in 400 of thin galaxies, one in 1,200
of jets (docs/explanation/detection.md), and a tile is a small part of a quadrant. A training takes more of them."""


def add_arcs(image: NDArray[np.float32], rng: np.random.Generator, scene: Scene) -> list[tuple[FloatArray, FloatArray]]:
    """A gravitational arc, ring or pair of images somewhere in the tile, in place; the ridges of its pieces."""
    size = image.shape[0]
    radius_px = float(np.exp(rng.uniform(*np.log(ARC_RADIUS_PX))))
    x, y = (float(v) for v in rng.uniform(0, size, 2))
    peak = float(np.exp(rng.uniform(*np.log(ARC_SNR)))) * scene.sigma_e
    fwhm = scene.band.psf_fwhm_px
    per_px = peak / ridge_peak(1.0, 1.4 * fwhm)
    if rng.random() < LENS_SHARE:
        re_px = float(rng.uniform(0.15, 0.45)) * radius_px
        lens_e = peak * float(np.exp(rng.uniform(0, np.log(8.0)))) * 2 * np.pi * re_px**2
        add_galaxy(
            image, rng, x, y, lens_e, re_px=re_px, psf_fwhm_px=fwhm, bulge_share=float(rng.uniform(0.6, 1.0)),
            axis_ratio=float(rng.uniform(0.6, 1.0)), angle=float(rng.uniform(0, np.pi)),
        )  # fmt: skip
    if rng.random() < RING_SHARE:
        return add_ring(image, rng, x, y, per_px * radius_px * 2 * np.pi, radius_px=radius_px, psf_fwhm_px=fwhm)
    return [add_arc(image, rng, x, y, per_px * radius_px * 1.3, radius_px=radius_px, psf_fwhm_px=fwhm)]


def add_lookalikes(image: NDArray[np.float32], rng: np.random.Generator, scene: Scene, often: float = 1.0) -> None:
    """Thin galaxies, jets, ghosts and scattered light, in place, before the noise is drawn.

    ``often`` multiplies their shares.
    """
    size, sigma_e, fwhm = image.shape[0], scene.sigma_e, scene.band.psf_fwhm_px
    for _ in range(int(rng.poisson(often * EDGE_ON_SHARE))):
        x, y = (float(v) for v in rng.uniform(0, size, 2))
        add_edge_on(image, rng, x, y, sigma_e=sigma_e, psf_fwhm_px=fwhm)
    if rng.random() < often * JET_SHARE:
        x, y = (float(v) for v in rng.uniform(0, size, 2))
        add_jet(image, rng, x, y, sigma_e=sigma_e, psf_fwhm_px=fwhm)
    if rng.random() < often * GHOST_SHARE:
        add_window_ghost(image, rng, sigma_e=sigma_e)
    if rng.random() < often * BREATH_SHARE:
        add_dragon_breath(image, rng, sigma_e=sigma_e)
    if not scene.real and scene.combined and rng.random() < RESIDUAL_SHARE:
        add_rejection_residuals(image, rng, scene.exposure_s, sigma_e=sigma_e, rate=scene.camera.cosmic_ray_rate)


def add_on_detector(pixels: NDArray[np.float32], rng: np.random.Generator, scene: Scene, often: float = 1.0) -> None:
    """Faults of the detector and its read-out, in place, after the noise."""
    if not scene.real and rng.random() < often * DEFECT_SHARE:
        add_line_defect(pixels, rng, sigma_e=scene.sigma_e)
