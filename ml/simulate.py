"""Training tiles with known truth, composed of what :mod:`sky.simulate` draws. Seeded; no Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter

from ml.contract import INPUT_SIZE_PX, STRIDE_PX
from sky.hst import ARCSEC_PER_RADIAN, hst_position_km, parallax_factors
from sky.simulate.cosmic import add_bad_columns, add_cosmic_rays, add_hot_pixels
from sky.simulate.instruments import CAMERAS, Band, Camera
from sky.simulate.sources import add_arc, add_galaxies, add_stars, bleed
from sky.simulate.trails import add_satellite, render_trail, ridge_peak

FloatArray = NDArray[np.float64]
Mix = Literal["nothing", "asteroid", "satellite", "both"]
MIX: dict[Mix, float] = {"nothing": 0.42, "asteroid": 0.38, "satellite": 0.15, "both": 0.05}
SNR_RANGE = (1.0, 15.0)
LENGTH_RANGE_PX = (20.0, 400.0)
POINTS = 64
VISIBLE_CELLS = 3


@dataclass(frozen=True, slots=True)
class Scene:
    """What is in a field besides trails, in electrons and without noise, with what is needed to add that."""

    electrons: NDArray[np.float32]
    sky_e: float
    read_noise_e: float
    smoothing_px: float
    exposure_s: float
    camera: Camera
    band: Band

    @property
    def noise_e(self) -> float:
        """Standard deviation of a sky pixel before smoothing, electrons."""
        return float(np.hypot(np.sqrt(self.sky_e), self.read_noise_e))

    @property
    def sigma_e(self) -> float:
        """Standard deviation of a sky pixel as the tile has it, electrons."""
        return self.noise_e * smoothed_share(self.smoothing_px)


@dataclass(frozen=True, slots=True)
class Trail:
    """Truth about one asteroid's trail: ridge peak over sky noise per pixel, path length, its points."""

    snr: float
    length_px: float
    xs: FloatArray
    ys: FloatArray

    def length_inside_px(self, size: int) -> float:
        """Path length within a tile of ``size`` pixels."""
        inside = (self.xs >= 0) & (self.xs < size) & (self.ys >= 0) & (self.ys < size)
        steps = np.hypot(np.diff(self.xs), np.diff(self.ys))
        return float(steps[inside[1:] & inside[:-1]].sum())


@dataclass(frozen=True, slots=True)
class Tile:
    """One training tile: pixels in electrons, (2, size/4, size/4) labels 0 or 1, and the truth."""

    pixels: NDArray[np.float32]
    labels: NDArray[np.uint8]
    asteroids: list[Trail] = field(default_factory=list)
    satellites: int = 0
    arcs: int = 0

    @property
    def has_asteroid(self) -> bool:
        return bool(self.asteroids)


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
    exposure_s = float(10 ** rng.uniform(2.3, 3.4))
    single = bool(rng.random() < 0.6)
    image = np.zeros((size, size), dtype=np.float32)
    crowding = float(rng.lognormal(0.0, 0.9))
    add_galaxies(
        image,
        rng,
        camera=camera,
        filter_name=name,
        exposure_s=exposure_s,
        per_megapixel=150 * float(rng.uniform(0.2, 1.4)),
    )
    add_stars(
        image, rng, camera=camera, filter_name=name, exposure_s=exposure_s, per_megapixel=45 * crowding, brightest=15.5
    )
    if single:
        add_hot_pixels(image, rng, exposure_s)
        add_bad_columns(image, rng, exposure_s)
    add_cosmic_rays(
        image,
        rng,
        exposure_s,
        rate=camera.cosmic_ray_rate * float(rng.uniform(0.6, 1.5)),
        scale=1.0 if single else float(rng.choice([0.0, rng.uniform(0, 0.08)])),
    )
    if (image > camera.full_well_e).any():
        bleed(image, camera.full_well_e)
    sky_e = (band.sky_rate * float(rng.lognormal(0, 0.35)) + camera.dark_rate) * exposure_s + camera.pedestal_e
    smoothing_px = 0.0 if single or rng.random() < 0.4 else float(rng.uniform(0.35, 0.6))
    return Scene(image, sky_e, camera.read_noise_e, smoothing_px, exposure_s, camera, band)


def asteroid_path(rng: np.random.Generator, scene: Scene, length_px: float) -> tuple[FloatArray, FloatArray]:
    """Path of an asteroid around (0, 0) as HST draws it: even motion plus the parallax of the orbit.

    The object is 0.8-4.5 au away at a random place of the sky, HST at a random phase. ``length_px`` is the
    distance between the ends before the curve is added; where the curve would make the path more than half
    longer, the object is moved further away (slow objects near the Earth are rarer than that).
    """
    moments = np.linspace(0.0, scene.exposure_s / 86_400.0, POINTS)
    node, phase, ra = rng.uniform(0, 360, 3)
    place = hst_position_km(moments, node_deg=node, phase_deg=phase, epoch_mjd_utc=0.0)
    factors = parallax_factors(place, ra, float(np.degrees(np.arcsin(rng.uniform(-0.8, 0.8)))))
    curve = factors * ARCSEC_PER_RADIAN / scene.camera.pixel_scale_arcsec
    curve = curve - np.linspace(0, 1, POINTS)[:, None] * (curve[-1] - curve[0]) - curve[0]
    angle, roll = rng.uniform(0, 2 * np.pi, 2)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    straight = np.linspace(-0.5, 0.5, POINTS)[:, None] * length_px * np.array([np.cos(angle), np.sin(angle)])
    distance_au = float(rng.uniform(0.8, 4.5))
    while True:
        path = straight + curve @ turn / distance_au
        if np.hypot(*np.diff(path, axis=0).T).sum() <= 1.5 * length_px:
            break
        distance_au *= 1.5
    path -= (path.max(axis=0) + path.min(axis=0)) / 2
    return path[:, 0], path[:, 1]


def _add_asteroid(image: NDArray[np.float32], rng: np.random.Generator, scene: Scene) -> Trail:
    size = image.shape[0]
    low, high = np.log(LENGTH_RANGE_PX)
    length_px, snr = float(np.exp(rng.uniform(low, high))), float(np.exp(rng.uniform(*np.log(SNR_RANGE))))
    xs, ys = asteroid_path(rng, scene, length_px)
    xs, ys = xs + rng.uniform(0, size), ys + rng.uniform(0, size)
    fwhm_px = scene.band.psf_fwhm_px
    path_px = float(np.hypot(np.diff(xs), np.diff(ys)).sum())
    flux_per_px = snr * scene.sigma_e / _peak(scene)
    light = np.full(POINTS, flux_per_px * path_px)
    if rng.random() < 0.5:  # rotation: up to 0.3 mag peak to peak
        light *= 1 + 0.13 * np.sin(np.linspace(0, rng.uniform(0.2, 6.0), POINTS) + rng.uniform(0, 6.28))
    render_trail(image.shape, xs, ys, light, fwhm_px, out=image)
    return Trail(snr, path_px, xs, ys)


def _peak(scene: Scene) -> float:
    """Ridge height of a trail of one electron per pixel, in the tile as it will be (smoothed or not)."""
    return ridge_peak(1.0, float(np.hypot(scene.band.psf_fwhm_px, 2.3548 * scene.smoothing_px)))


def label_cells(xs: FloatArray, ys: FloatArray, size: int, radius_px: float = 0.0) -> NDArray[np.bool_]:
    """Which cells of 4 x 4 pixels a line through these points crosses: (size/4, size/4).

    ``radius_px`` widens the line by whole cells, for satellites that are out of focus.
    """
    cells = size // STRIDE_PX
    steps = np.hypot(np.diff(xs), np.diff(ys))
    along = np.concatenate([[0.0], np.cumsum(steps)])
    fine = np.linspace(0, along[-1], max(2, int(along[-1])))
    column = np.floor((np.interp(fine, along, xs) + 0.5) / STRIDE_PX).astype(int)
    row = np.floor((np.interp(fine, along, ys) + 0.5) / STRIDE_PX).astype(int)
    inside = (column >= 0) & (column < cells) & (row >= 0) & (row < cells)
    crossed = np.zeros((cells, cells), dtype=bool)
    crossed[row[inside], column[inside]] = True
    widen = round(radius_px / STRIDE_PX)
    return binary_dilation(crossed, iterations=widen) if widen else crossed


def compose(rng: np.random.Generator, scene: Scene, mix: Mix | None = None) -> Tile:
    """Put trails, and sometimes arcs that look like them, into a scene and draw the noise."""
    image = scene.electrons.copy()
    size = image.shape[0]
    kind: Mix = mix or tuple(MIX)[int(rng.choice(len(MIX), p=list(MIX.values())))]
    labels = np.zeros((2, size // STRIDE_PX, size // STRIDE_PX), dtype=bool)
    asteroids: list[Trail] = []
    arcs = satellites = 0
    if kind in ("asteroid", "both"):
        for _ in range(2 if rng.random() < 0.12 else 1):
            trail = _add_asteroid(image, rng, scene)
            cells = label_cells(trail.xs, trail.ys, size)
            # A trail whose middle lies at the very corner may show a stub only: nobody could call it one.
            if cells.sum() >= VISIBLE_CELLS:
                asteroids.append(trail)
            labels[0] |= cells
    if kind in ("satellite", "both"):
        peak = float(np.exp(rng.uniform(np.log(1.0), np.log(40.0)))) * scene.sigma_e
        xs, ys = add_satellite(
            image, rng, peak, psf_fwhm_px=scene.band.psf_fwhm_px, pixel_scale_arcsec=scene.camera.pixel_scale_arcsec
        )
        labels[1] = label_cells(xs, ys, size, radius_px=3.0)
        satellites = 1
    if rng.random() < 0.15:
        _add_arc(image, rng, scene)
        arcs = 1
    return Tile(_with_noise(image, rng, scene), labels.astype(np.uint8), asteroids, satellites, arcs)


def _add_arc(image: NDArray[np.float32], rng: np.random.Generator, scene: Scene) -> None:
    size = image.shape[0]
    radius_px = float(rng.uniform(15, 90))
    x, y = rng.uniform(0, size, 2)
    peak = float(np.exp(rng.uniform(np.log(1.0), np.log(10.0)))) * scene.sigma_e
    flux_e = peak / ridge_peak(1.0, 1.4 * scene.band.psf_fwhm_px) * radius_px * 1.3
    add_arc(image, rng, float(x), float(y), flux_e, radius_px=radius_px, psf_fwhm_px=scene.band.psf_fwhm_px)


def _with_noise(image: NDArray[np.float32], rng: np.random.Generator, scene: Scene) -> NDArray[np.float32]:
    """Photon and read-out noise (Gaussian: the sky has tens of electrons), smoothed where images were combined."""
    spread = np.sqrt(np.maximum(image, 0) + np.float32(scene.sky_e + scene.read_noise_e**2))
    image = np.asarray(image + scene.sky_e + spread * rng.standard_normal(image.shape, dtype=np.float32), np.float32)
    return gaussian_filter(image, scene.smoothing_px) if scene.smoothing_px else image


def simulate_tile(seed: int, mix: Mix | None = None, size: int = INPUT_SIZE_PX) -> Tile:
    """The tile of a seed; the same seed gives the same tile. ``mix`` fixes what it contains."""
    rng = np.random.default_rng([seed, size])
    return compose(rng, simulate_scene(rng, size), mix)
