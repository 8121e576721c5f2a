"""Single tiles that teach: one clear thing in each, with its truth; for training subjects and the field guide."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from sky.simulate.cosmic import DIFFUSION_PX, ELECTRONS_PER_PX, add_cosmic_rays
from sky.simulate.exposure import Field, SimulatedExposure, add_asteroid, simulate_exposure
from sky.simulate.ghosts import add_bright_star, add_dragon_breath, add_window_ghost
from sky.simulate.lookalikes import add_edge_on, add_jet
from sky.simulate.output import primary_hdu, science_hdu, truth_path
from sky.simulate.psf import splat_gaussians
from sky.simulate.sources import add_arc, add_galaxy
from sky.simulate.trails import add_satellite, ridge_peak
from sky.simulate.truth import TrailTruth

Image = NDArray[np.float32]
Place = tuple[float, float]
STORM = 45.0
"""As many cosmic rays as 45 such exposures have: how it looks when Hubble flies through the radiation belt."""
TRIES = 12


@dataclass(frozen=True, slots=True)
class Look:
    """Camera, filter, exposure time and share of the cosmic rays left: what lessons of one file have in common."""

    instrument: str
    filter_name: str
    exposure_s: float
    cosmic_ray_scale: float = 0.4


LOOKS = (
    Look("ACS", "F814W", 507.0),
    Look("ACS", "F606W", 680.0, 0.3),
    Look("WFC3", "F606W", 700.0, 0.3),
    Look("ACS", "F775W", 1000.0, 0.2),
    Look("WFC3", "F814W", 900.0, 0.25),
    Look("ACS", "F475W", 800.0, 0.3),
    Look("WFC3", "F350LP", 600.0, 0.4),
    Look("ACS", "F850LP", 1200.0, 0.2),
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A tile with one thing to learn. ``kind`` is what is in it; ``place`` where (pixels, row 0 at the bottom).

    ``trails`` are the asteroids; nothing else in the tile is one.
    """

    kind: str
    difficulty: int
    exposure: SimulatedExposure
    place: Place

    @property
    def trails(self) -> list[TrailTruth]:
        return [trail for trail in self.exposure.truth if trail.kind == "asteroid"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What to draw: a kind of `KINDS`, how hard (1-3), and which form of it if there are several."""

    kind: str
    difficulty: int = 2
    form: str = ""


def simulate_lesson(ask: Ask, look: Look, seed: int, *, size: int = 512, dataset: str = "jtrn00000q") -> Lesson:
    """The tile of a seed; the same arguments give the same pixels.

    Raises
    ------
    ValueError
        There is no such kind, or no asteroid could be drawn that fits into the tile.
    """
    if ask.kind not in KINDS:
        raise ValueError(f"The kinds are {', '.join(KINDS)}, not {ask.kind}.")
    for attempt in range(TRIES):
        places: list[Place] = []

        def draw(
            image: Image, rng: np.random.Generator, field: Field, places: list[Place] = places
        ) -> list[TrailTruth]:
            found, place = KINDS[ask.kind](image, rng, field, ask)
            places.append(place)
            return found

        made = simulate_exposure(
            seed=int(np.random.SeedSequence([seed, attempt]).generate_state(1)[0]), shape=(size, size),
            instrument=look.instrument, detector="WFC" if look.instrument == "ACS" else "UVIS",
            filter_name=look.filter_name, exposure_s=look.exposure_s, n_asteroids=0,
            cosmic_ray_scale=look.cosmic_ray_scale, dataset=dataset, draw=draw, sip=False,
        )  # fmt: skip
        if (ask.kind == "asteroid") == any(trail.kind == "asteroid" for trail in made.truth):
            pixels = _on_detector(made.pixels, np.random.default_rng([seed, 1]), ask, places[0])
            return Lesson(ask.kind, ask.difficulty, replace(made, pixels=pixels), places[0])
    raise ValueError("No asteroid fits into this tile at this exposure time; make it larger or longer.")


def _somewhere(image: Image, rng: np.random.Generator, margin: float = 0.28) -> Place:
    height, width = image.shape
    return float(rng.uniform(margin, 1 - margin) * width), float(rng.uniform(margin, 1 - margin) * height)


# By difficulty: range of the ridge's SNR and of the length as a share of the tile's side.
TRAILS = {1: ((12.0, 28.0), (0.24, 0.6)), 2: ((6.0, 12.0), (0.16, 0.55)), 3: ((3.2, 6.0), (0.12, 0.4))}


def _asteroid(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    snr, share = TRAILS[ask.difficulty]
    length = share[0] * image.shape[0], share[1] * image.shape[0]
    cut = ask.form == "cut"
    for _ in range(TRIES):
        copy = image.copy()
        first = add_asteroid(copy, rng, field, snr=snr, length_px=length, inside=not cut, largest_turn_deg=60)
        if first is not None and first.length_px >= 0.8 * length[0] and cut != first.fully_inside:
            break
    else:
        return [], (0.0, 0.0)
    image[:] = copy
    found = [first]
    if ask.form == "two":
        second = add_asteroid(image, rng, field, snr=snr, length_px=length, largest_turn_deg=60)
        found += [second] if second else []
    return found, (first.middle_x, first.middle_y)


def _satellite(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    peak = float(rng.uniform(5, 25)) * field.sigma_e
    look = {"psf_fwhm_px": field.band.psf_fwhm_px, "pixel_scale_arcsec": field.scale_arcsec}
    add_satellite(image, rng, peak, tumbling={"flashing": True, "steady": False}.get(ask.form), crossing=True, **look)
    return [], (image.shape[1] / 2, image.shape[0] / 2)


def _cosmic_ray(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    """Some that grazed the detector and left long scratches, besides the ordinary ones."""
    add_cosmic_rays(image, rng, field.exposure_s, rate=field.camera.cosmic_ray_rate, scale=0.8)
    place = _somewhere(image, rng)
    for number in range(int(rng.integers(1, 4)) if ask.form != "one" else 1):
        x, y = place if number == 0 else _somewhere(image, rng, 0.1)
        length = float(rng.uniform(28, 75))
        points = int(length / 0.4)
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.02, points))
        xs = x + np.cumsum(np.cos(heading)) * 0.4 - np.cos(heading[0]) * length / 2
        ys = y + np.cumsum(np.sin(heading)) * 0.4 - np.sin(heading[0]) * length / 2
        charge = ELECTRONS_PER_PX * float(rng.uniform(0.4, 1.0)) * 0.4 * rng.lognormal(0, 0.5, points)
        splat_gaussians(image, xs, ys, charge, DIFFUSION_PX)
    return [], place


def _artefact(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    form = ask.form or ("column", "ghost", "breath", "bleeding")[int(rng.integers(4))]
    if form == "ghost":
        ghosts = add_window_ghost(image, rng, sigma_e=3.0 * field.sigma_e)  # none so faint that nobody sees it
        x, y, _ = ghosts[len(ghosts) // 2]
        return [], (x, y)
    if form == "breath":
        xs, ys = add_dragon_breath(image, rng, sigma_e=2.5 * field.sigma_e)
        return [], (float(xs[len(xs) // 3]), float(ys[len(ys) // 3]))
    place = _somewhere(image, rng)
    if form == "bleeding":
        mag = float(rng.uniform(12.2, 13.2))
        add_bright_star(
            image, rng, camera=field.camera, band=field.band, exposure_s=field.exposure_s, magnitude=mag, at=place
        )
    return [], place


def _spike(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    """A bright star; with the form ``outside``, only a spike of it reaches into the tile."""
    height, width = image.shape
    x, y = _somewhere(image, rng)
    mag = float(rng.uniform(14.6, 16.2))
    if ask.form == "outside":
        mag, x = float(rng.uniform(11.8, 12.8)), float(rng.choice([-45.0, width + 45.0]))
    add_bright_star(
        image, rng, camera=field.camera, band=field.band, exposure_s=field.exposure_s, magnitude=mag, at=(x, y)
    )
    return [], (float(np.clip(x, 0.2 * width, 0.8 * width)), y if ask.form != "outside" else float(height / 2))


def _arc(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    x, y = _somewhere(image, rng)
    fwhm, radius = field.band.psf_fwhm_px, float(rng.uniform(20, 48))
    lens_e = float(rng.uniform(8, 20)) * field.sigma_e * 2 * np.pi * (0.35 * radius) ** 2
    add_galaxy(
        image, rng, x, y, lens_e, re_px=0.3 * radius, psf_fwhm_px=fwhm, bulge_share=0.9,
        axis_ratio=float(rng.uniform(0.7, 0.95)), angle=float(rng.uniform(0, 3)),
    )  # fmt: skip
    snr = float(rng.uniform(4, 9))
    flux = snr * field.sigma_e / ridge_peak(1.0, 1.4 * fwhm) * 1.1 * radius
    add_arc(image, rng, x, y, flux, radius_px=radius, psf_fwhm_px=fwhm)
    return [], (x, y)


def _galaxy(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    x, y = _somewhere(image, rng)
    sigma_e, length = float(rng.uniform(1.5, 3.0)) * field.sigma_e, float(rng.uniform(50, 130))
    add_edge_on(image, rng, x, y, sigma_e=sigma_e, psf_fwhm_px=field.band.psf_fwhm_px, length_px=length)
    return [], (x, y)


def _jet(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    x, y = _somewhere(image, rng)
    sigma_e, length = float(rng.uniform(1.5, 3.0)) * field.sigma_e, float(rng.uniform(45, 110))
    add_jet(image, rng, x, y, sigma_e=sigma_e, psf_fwhm_px=field.band.psf_fwhm_px, length_px=length)
    return [], (x, y)


def _empty(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    return [], (image.shape[1] / 2, image.shape[0] / 2)


def _unusable(image: Image, rng: np.random.Generator, field: Field, ask: Ask) -> tuple[list[TrailTruth], Place]:
    scale = STORM * 500 / field.exposure_s
    add_cosmic_rays(image, rng, field.exposure_s, rate=field.camera.cosmic_ray_rate, scale=scale)
    return [], (image.shape[1] / 2, image.shape[0] / 2)


Drawing = Callable[[Image, np.random.Generator, Field, Ask], tuple[list[TrailTruth], Place]]
KINDS: dict[str, Drawing] = {
    "asteroid": _asteroid,
    "satellite": _satellite,
    "cosmic_ray": _cosmic_ray,
    "artefact": _artefact,
    "spike": _spike,
    "arc": _arc,
    "galaxy": _galaxy,
    "jet": _jet,
    "empty": _empty,
    "unusable": _unusable,
}


def _on_detector(pixels: Image, rng: np.random.Generator, ask: Ask, place: Place) -> Image:
    """Hot columns: read out after everything else, so they are sharp."""
    if ask.kind != "artefact" or ask.form != "column":
        return pixels
    made = pixels.copy()
    height, width = made.shape
    sigma = float(np.median(np.abs(made - np.median(made)))) * 1.4826
    column, start = int(np.clip(place[0], 2, width - 4)), int(rng.uniform(0, 0.4) * height)
    made[start:, column : column + int(rng.integers(1, 3))] += np.float32(rng.uniform(5, 12) * sigma)
    return made


def write_lessons(lessons: Sequence[Lesson], path: str | Path) -> Path:
    """Write lessons of one look as the science extensions of one FITS file, and their truth as JSON beside it."""
    path = Path(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        images = [science_hdu(lesson.exposure, number) for number, lesson in enumerate(lessons, start=1)]
        fits.HDUList([primary_hdu(lessons[0].exposure, path), *images]).writeto(path, overwrite=True)
    truth = {
        "dataset": lessons[0].exposure.header.dataset,
        "file": path.name,
        "images": [
            {
                "extension": number,
                "kind": lesson.kind,
                "difficulty": lesson.difficulty,
                "trails": [trail.as_dict() for trail in lesson.trails],
            }
            for number, lesson in enumerate(lessons, start=1)
        ],
    }
    truth_path(path).write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return path
