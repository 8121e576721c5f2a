"""Training tiles with known truth: trails, arcs and their look-alikes put into scenes. Seeded; no Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter

from ml.contract import HEATMAP_CLASSES, INPUT_SIZE_PX, STRIDE_PX
from ml.lookalikes import ARC_SHARE, add_arcs, add_lookalikes, add_on_detector
from ml.pictured import Zoom, as_picture, resized
from ml.scenes import Scene, real_scene, simulate_scene
from sky.hst import ARCSEC_PER_RADIAN, hst_position_km, parallax_factors
from sky.simulate.background import Background
from sky.simulate.orbits import apparent_motion
from sky.simulate.trails import add_satellite, render_trail, ridge_peak

FloatArray = NDArray[np.float64]
Line = tuple[FloatArray, FloatArray]
Mix = Literal["nothing", "asteroid", "satellite", "both"]
MIX: dict[Mix, float] = {"nothing": 0.40, "asteroid": 0.38, "satellite": 0.15, "both": 0.07}
SNR_RANGE = (0.7, 21.0)
BRIGHT_SNR_RANGE = (21.0, 200.0)
LENGTH_RANGE_PX = (10.0, 450.0)
SATELLITE_SNR_RANGE = (0.7, 60.0)
AS_FOUND_SHARE = 0.4
"""Trails as long as their orbit and the exposure make them; the others even in the logarithm of the length."""
SECONDS_PER_DAY = 86_400.0
POINTS = 64
VISIBLE_CELLS = 3
UNKNOWN = 255
FAINTEST = 4.5
"""Peak SNR times root length below which nobody could tell: about 5.5 sigma for the best filter there is, barely
above what noise alone shows in a tile's many places and directions."""


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
    """One training tile and its truth.

    ``pixels`` in electrons or grey levels, row 0 at the bottom; ``labels`` (3, size/4, size/4) by the classes of
    the contract: 0, 1, or 255 where a trail is too faint for anybody. ``satellites`` and ``arcs`` are the points
    of their centre lines; ``real``: the background is a real frame.
    """

    pixels: NDArray[np.float32]
    labels: NDArray[np.uint8]
    asteroids: list[Trail] = field(default_factory=list)
    satellites: list[Line] = field(default_factory=list)
    arcs: list[Line] = field(default_factory=list)
    real: bool = False

    @property
    def has_asteroid(self) -> bool:
        return bool(self.asteroids)


@dataclass(slots=True)
class _Drawn:
    """What was put into a window, in its pixels."""

    asteroids: list[Trail] = field(default_factory=list)
    satellites: list[Line] = field(default_factory=list)
    arcs: list[Line] = field(default_factory=list)


def asteroid_path(rng: np.random.Generator, scene: Scene, length_px: float | None = None) -> Line:
    """Path of an asteroid around (0, 0) as HST draws it: the motion of an orbit plus the parallax of HST's own.

    The object moves on a drawn orbit (:mod:`sky.simulate.orbits`), HST is at a random phase of its own. With
    ``length_px``, the even motion is made so long (so that all lengths are taught, not only the common ones); where
    the curve would then make the path more than half longer, the object is moved further away.
    """
    moments = np.linspace(0.0, scene.exposure_s / SECONDS_PER_DAY, POINTS)
    motion = apparent_motion(rng)
    node, phase = rng.uniform(0, 360, 2)
    place = hst_position_km(moments, node_deg=node, phase_deg=phase, epoch_mjd_utc=0.0)
    factors = parallax_factors(place, motion.ra_deg, motion.dec_deg)
    scale = scene.camera.pixel_scale_arcsec
    curve = factors * ARCSEC_PER_RADIAN / scale
    even = np.array([motion.motion_east, motion.motion_north]) * scene.exposure_s / 3600 / scale
    if length_px is not None:
        # Without the part of HST's own motion that is even over the exposure: the length is given.
        curve = curve - np.linspace(0, 1, POINTS)[:, None] * (curve[-1] - curve[0])
        even = even / np.hypot(*even) * length_px
    angle = rng.uniform(0, 2 * np.pi)
    roll = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    distance_au = motion.distance_au
    while True:
        path = (np.linspace(0, 1, POINTS)[:, None] * even + curve / distance_au) @ roll
        if length_px is None or np.hypot(*np.diff(path, axis=0).T).sum() <= 1.5 * length_px:
            break
        distance_au *= 1.5
    path = path - (path.max(axis=0) + path.min(axis=0)) / 2
    return path[:, 0], path[:, 1]


def _add_asteroid(
    image: NDArray[np.float32], rng: np.random.Generator, scene: Scene, longest_px: float, bright: float
) -> Trail:
    size = image.shape[0]
    low, high = np.log(LENGTH_RANGE_PX[0]), np.log(longest_px)
    length_px = float(np.exp(rng.uniform(low, high)))
    snr = float(np.exp(rng.uniform(*np.log(BRIGHT_SNR_RANGE if rng.random() < bright else SNR_RANGE))))
    xs, ys = asteroid_path(rng, scene, None if rng.random() < AS_FOUND_SHARE else length_px)
    path_px = _length(xs, ys)
    if not LENGTH_RANGE_PX[0] <= path_px <= longest_px:
        xs, ys = asteroid_path(rng, scene, length_px)
        path_px = _length(xs, ys)
    xs, ys = xs + rng.uniform(0, size), ys + rng.uniform(0, size)
    flux_per_px = snr * scene.sigma_e / _peak(scene)
    light = np.full(POINTS, flux_per_px * path_px)
    if rng.random() < 0.5:  # rotation: up to 0.3 mag peak to peak
        light *= 1 + 0.13 * np.sin(np.linspace(0, rng.uniform(0.2, 6.0), POINTS) + rng.uniform(0, 6.28))
    render_trail(image.shape, xs, ys, light, scene.band.psf_fwhm_px, out=image)
    return Trail(snr, path_px, xs, ys)


def _length(xs: FloatArray, ys: FloatArray) -> float:
    return float(np.hypot(np.diff(xs), np.diff(ys)).sum())


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


def compose(
    rng: np.random.Generator,
    scene: Scene,
    *,
    mix: Mix | None = None,
    zoom: Zoom | None = None,
    size: int | None = None,
    often: float = 1.0,
    bright: float = 0.0,
) -> Tile:
    """Put trails, arcs and what looks like them (``often`` times its usual shares) into a scene and draw the noise.

    A share ``bright`` of the asteroids is brighter than those that models are judged on.
    With ``zoom``, the scene is a window (:meth:`Zoom.window_px`) that is brought to a tile of ``size``.
    """
    image = scene.electrons.copy()
    window = image.shape[0]
    size = size or window
    kind: Mix = mix or tuple(MIX)[int(rng.choice(len(MIX), p=list(MIX.values())))]
    drawn = _Drawn()
    add_lookalikes(image, rng, scene, often)
    if kind in ("asteroid", "both"):
        for _ in range(1 + int(rng.random() < 0.14) + int(rng.random() < 0.03)):
            drawn.asteroids.append(_add_asteroid(image, rng, scene, LENGTH_RANGE_PX[1] * window / size, bright))
    if kind in ("satellite", "both"):
        for _ in range(1 + int(rng.random() < 0.1)):
            peak = float(np.exp(rng.uniform(*np.log(SATELLITE_SNR_RANGE)))) * scene.sigma_e
            fwhm, scale = scene.band.psf_fwhm_px, scene.camera.pixel_scale_arcsec
            drawn.satellites.append(add_satellite(image, rng, peak, psf_fwhm_px=fwhm, pixel_scale_arcsec=scale))
    if rng.random() < often * ARC_SHARE:
        drawn.arcs += add_arcs(image, rng, scene)
    pixels = _with_noise(image, rng, scene) if not scene.real else _with_photon_noise(image, rng, scene)
    add_on_detector(pixels, rng, scene, often)
    if zoom:
        pixels, drawn = resized(pixels, size, zoom), _scaled(drawn, size / window)
    return _tile(pixels, drawn, scene.real)


def _scaled(drawn: _Drawn, factor: float) -> _Drawn:
    """The same in the pixels of a window brought to another size."""

    def to(values: FloatArray) -> FloatArray:
        return (values + 0.5) * factor - 0.5

    return _Drawn(
        [Trail(trail.snr, trail.length_px * factor, to(trail.xs), to(trail.ys)) for trail in drawn.asteroids],
        [(to(xs), to(ys)) for xs, ys in drawn.satellites],
        [(to(xs), to(ys)) for xs, ys in drawn.arcs],
    )


def _tile(pixels: NDArray[np.float32], drawn: _Drawn, real: bool) -> Tile:
    size = pixels.shape[0]
    labels = np.zeros((len(HEATMAP_CLASSES), size // STRIDE_PX, size // STRIDE_PX), dtype=np.uint8)
    seen: list[Trail] = []
    faint = np.zeros(labels.shape[1:], dtype=bool)
    for trail in drawn.asteroids:
        cells = label_cells(trail.xs, trail.ys, size)
        # A trail whose middle lies at the very corner may show a stub only: nobody could call it one.
        if cells.sum() >= VISIBLE_CELLS:
            seen.append(trail)
        if trail.snr * trail.length_inside_px(size) ** 0.5 < FAINTEST:
            faint |= cells
        else:
            labels[0] |= cells
    labels[0][faint & (labels[0] == 0)] = UNKNOWN
    for xs, ys in drawn.satellites:
        labels[1] |= label_cells(xs, ys, size, radius_px=3.0)
    for xs, ys in drawn.arcs:
        labels[2] |= label_cells(xs, ys, size)
    return Tile(pixels, labels, seen, drawn.satellites, drawn.arcs, real)


def _with_noise(image: NDArray[np.float32], rng: np.random.Generator, scene: Scene) -> NDArray[np.float32]:
    """Photon and read-out noise (Gaussian: the sky has tens of electrons), smoothed where images were combined."""
    spread = np.sqrt(np.maximum(image, 0) + np.float32(scene.sky_e + scene.read_noise_e**2))
    image = np.asarray(image + scene.sky_e + spread * rng.standard_normal(image.shape, dtype=np.float32), np.float32)
    return gaussian_filter(image, scene.smoothing_px) if scene.smoothing_px else image


def _with_photon_noise(image: NDArray[np.float32], rng: np.random.Generator, scene: Scene) -> NDArray[np.float32]:
    """A real frame has its noise; what was put into it brings the noise of its own light."""
    added = image - scene.electrons
    lit = added > 0.05 * scene.sigma_e
    if lit.any():
        image[lit] += np.sqrt(added[lit]) * rng.standard_normal(int(lit.sum()), dtype=np.float32)
    return image


def simulate_tile(
    seed: int, mix: Mix | None = None, size: int = INPUT_SIZE_PX, backgrounds: Sequence[Background] | None = None
) -> Tile:
    """The tile of a seed; the same seed (and backgrounds) give the same tile.

    ``mix`` fixes what it contains; with ``backgrounds``, trails are put into a part of one of these real frames.
    """
    rng = np.random.default_rng([seed, size])
    if backgrounds:
        return compose(rng, real_scene(rng, backgrounds[int(rng.integers(len(backgrounds)))], size), mix=mix)
    return compose(rng, simulate_scene(rng, size), mix=mix)


def pictured(tile: Tile, rng: np.random.Generator) -> Tile:
    """The same tile as somebody's picture of it (:mod:`ml.pictured`)."""
    return Tile(as_picture(tile.pixels, rng), tile.labels, tile.asteroids, tile.satellites, tile.arcs, tile.real)
