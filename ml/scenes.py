"""Fields without trails: simulated ones, and real frames into which trails can be put. Seeded; no Django."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.contract import INPUT_SIZE_PX
from sky.simulate.background import Background
from sky.simulate.cosmic import add_bad_columns, add_cosmic_rays, add_hot_pixels
from sky.simulate.ghosts import add_bright_star
from sky.simulate.instruments import CAMERAS, Band, Camera, draw_exposure_s
from sky.simulate.sources import add_galaxies, add_galaxy, add_stars, bleed
from sky.stretch import sky_statistics

PICTURE_SIGMA_E = 12.0
"""A picture's grey levels have no unit: its sky noise is taken as so many electrons."""
BRIGHT_STAR_SHARE = 0.06


@dataclass(frozen=True, slots=True)
class Scene:
    """What is in a field besides trails, in electrons.

    Simulated ones are without sky and noise, with what is needed to add them. ``real`` ones have both already;
    NaN is where a frame ends or a pixel is masked. ``combined``: cosmic rays were rejected by comparing exposures.
    """

    electrons: NDArray[np.float32]
    sky_e: float
    read_noise_e: float
    smoothing_px: float
    exposure_s: float
    camera: Camera
    band: Band
    real: bool = False
    combined: bool = False

    @property
    def noise_e(self) -> float:
        """Standard deviation of a sky pixel before smoothing, electrons."""
        return float(np.hypot(np.sqrt(max(self.sky_e, 0.0)), self.read_noise_e))

    @property
    def sigma_e(self) -> float:
        """Standard deviation of a sky pixel as the tile has it, electrons."""
        return self.read_noise_e if self.real else self.noise_e * smoothed_share(self.smoothing_px)


def smoothed_share(smoothing_px: float) -> float:
    """What is left of white noise per pixel after a Gaussian of that width."""
    if smoothing_px == 0:
        return 1.0
    reach = np.arange(-8, 9)
    weights = np.exp(-0.5 * (reach / smoothing_px) ** 2)
    weights /= weights.sum()
    return float(np.sum(weights**2))


def simulate_scene(rng: np.random.Generator, size: int = INPUT_SIZE_PX) -> Scene:
    """A random field: camera, filter, exposure, stars, galaxies, cosmic rays, defects. About 60 ms of CPU.

    Six in ten are single exposures with all their cosmic rays; the rest are combined images, where few
    are left and the noise of neighbouring pixels is correlated.
    """
    camera = list(CAMERAS.values())[int(rng.integers(len(CAMERAS)))]
    name = str(rng.choice(sorted(camera.bands)))
    band = camera.bands[name]
    exposure_s = draw_exposure_s(rng) if rng.random() < 0.5 else float(10 ** rng.uniform(2.0, 3.4))
    single = bool(rng.random() < 0.6)
    image = np.zeros((size, size), dtype=np.float32)
    crowding = float(rng.lognormal(0.0, 0.9)) * (12.0 if rng.random() < 0.05 else 1.0)
    look: dict[str, Any] = {"camera": camera, "filter_name": name, "exposure_s": exposure_s}
    add_galaxies(image, rng, per_megapixel=150 * float(rng.uniform(0.2, 1.4)), **look)
    add_stars(image, rng, per_megapixel=45 * crowding, brightest=15.5, **look)
    sky_e = (band.sky_rate * float(rng.lognormal(0, 0.35)) + camera.dark_rate) * exposure_s + camera.pedestal_e
    if rng.random() < 0.12:
        _add_large_galaxy(image, rng, band, np.sqrt(sky_e + camera.read_noise_e**2))
    if rng.random() < BRIGHT_STAR_SHARE:
        add_bright_star(image, rng, camera=camera, band=band, exposure_s=exposure_s)
    if single:
        add_hot_pixels(image, rng, exposure_s)
        add_bad_columns(image, rng, exposure_s)
    rate = camera.cosmic_ray_rate * float(rng.uniform(0.6, 1.6))
    scale = 1.0 if single else float(rng.choice([0.0, rng.uniform(0, 0.08)]))
    add_cosmic_rays(image, rng, exposure_s, rate=rate, scale=scale)
    if (image > camera.full_well_e).any():
        bleed(image, camera.full_well_e)
    smoothing_px = 0.0 if single or rng.random() < 0.4 else float(rng.uniform(0.35, 0.7))
    return Scene(image, sky_e, camera.read_noise_e, smoothing_px, exposure_s, camera, band, combined=not single)


def _add_large_galaxy(image: NDArray[np.float32], rng: np.random.Generator, band: Band, sigma_e: float) -> None:
    """A near galaxy that fills much of the tile: its gradient, arms and clumps."""
    size = image.shape[0]
    re_px = float(rng.uniform(60, 160))
    flux_e = sigma_e * float(np.exp(rng.uniform(np.log(1.0), np.log(40.0)))) * 2 * np.pi * re_px**2
    x, y = rng.uniform(-0.3, 1.3, 2) * size
    add_galaxy(
        image, rng, float(x), float(y), flux_e, re_px=re_px, psf_fwhm_px=band.psf_fwhm_px,
        bulge_share=float(rng.uniform(0, 1)), axis_ratio=float(rng.uniform(0.2, 1)), angle=float(rng.uniform(0, np.pi)),
    )  # fmt: skip


def real_scene(rng: np.random.Generator, background: Background, size: int = INPUT_SIZE_PX) -> Scene:
    """A random part of a real frame as a scene; what the frame does not cover is NaN."""
    pixels = background.pixels
    height, width = pixels.shape
    y0 = int(rng.integers(0, height - size + 1)) if height > size else -int(rng.integers(0, size - height + 1))
    x0 = int(rng.integers(0, width - size + 1)) if width > size else -int(rng.integers(0, size - width + 1))
    part = np.full((size, size), np.nan, dtype=np.float32)
    rows, columns = slice(max(0, y0), min(height, y0 + size)), slice(max(0, x0), min(width, x0 + size))
    part[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] = pixels[rows, columns]
    level, sigma = sky_statistics(part)
    gain = PICTURE_SIGMA_E / sigma if background.picture else background.gain
    camera, name = _like(background)
    band = replace(camera.bands[name], psf_fwhm_px=background.psf_fwhm_px)
    camera = replace(camera, pixel_scale_arcsec=background.pixel_scale_arcsec)
    return Scene(
        (part - np.float32(level)) * np.float32(gain), level * gain, sigma * gain, 0.0,
        background.exposure_s, camera, band, real=True,
    )  # fmt: skip


def _like(background: Background) -> tuple[Camera, str]:
    """The simulated camera whose pixels are nearest in size: only its pixel and PSF matter for a real frame."""
    camera = min(CAMERAS.values(), key=lambda c: abs(c.pixel_scale_arcsec - background.pixel_scale_arcsec))
    return camera, min(camera.bands, key=lambda n: abs(camera.bands[n].psf_fwhm_px - background.psf_fwhm_px))


def turned(scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene mirrored and turned at random (its spikes stay on the diagonals)."""
    electrons = np.rot90(scene.electrons, int(rng.integers(4)))
    if rng.random() < 0.5:
        electrons = electrons[::-1]
    return replace(scene, electrons=np.ascontiguousarray(electrons))


def part_of(scene: Scene, size: int, rng: np.random.Generator) -> Scene:
    """A random square of ``size`` pixels of a scene."""
    height, width = scene.electrons.shape
    y0, x0 = int(rng.integers(0, height - size + 1)), int(rng.integers(0, width - size + 1))
    return replace(scene, electrons=scene.electrons[y0 : y0 + size, x0 : x0 + size])
