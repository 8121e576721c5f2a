"""Simulated exposures as files: HST-like FITS with the truth beside, and the sample of the demo."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from sky.simulate.exposure import SimulatedExposure, simulate_exposure

OBSERVER = "observer.csv"


def truth_path(path: Path) -> Path:
    """Where the truth of a simulated FITS file lies: ``name.fits`` → ``name.truth.json``."""
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".fits") + ".truth.json")


def primary_hdu(exposure: SimulatedExposure, path: Path) -> fits.PrimaryHDU:
    """The primary header of a file that holds an exposure."""
    header = exposure.header
    primary = fits.PrimaryHDU()
    cards: list[tuple[str, Any, str]] = [
        ("FILENAME", path.name, "name of file"),
        ("TELESCOP", "HST", "telescope this exposure imitates"),
        ("SIMULATE", True, "SIMULATED: these are not observed data"),
        ("INSTRUME", header.instrument, "instrument"),
        ("DETECTOR", header.detector, "detector"),
        ("ROOTNAME", header.dataset, "name of the data set"),
        ("TARGNAME", header.target, "target"),
        ("PROPOSID", 0, "no proposal"),
        ("DATE-OBS", header.start_utc.strftime("%Y-%m-%d"), "UTC date of start"),
        ("TIME-OBS", header.start_utc.strftime("%H:%M:%S"), "UTC time of start"),
        ("EXPSTART", header.start_mjd_utc, "start, MJD UTC"),
        ("EXPEND", header.end_mjd_utc, "end, MJD UTC"),
        ("EXPTIME", header.exposure_s, "exposure, s"),
    ]
    if header.instrument == "ACS":
        first = header.filter in ("F606W", "F850LP", "F775W", "F555W", "F475W")
        cards += [("FILTER1", header.filter if first else "CLEAR1L", "filter wheel 1")]
        cards += [("FILTER2", "CLEAR2L" if first else header.filter, "filter wheel 2")]
    else:
        cards.append(("FILTER", header.filter, "filter"))
    primary.header.extend(fits.Card(*card) for card in cards)
    return primary


def science_hdu(exposure: SimulatedExposure, number: int = 1) -> fits.ImageHDU:
    """An exposure as the science extension of that number."""
    science = fits.ImageHDU(exposure.pixels, exposure.wcs.to_header(relax=True), name="SCI")
    if number > 1:
        science.ver = number
    science.header["CRVAL1"], science.header["CRVAL2"] = (float(v) for v in exposure.wcs.wcs.crval)
    science.header["BUNIT"] = exposure.header.unit
    science.header["CCDCHIP"] = number
    science.header["PHOTFLAM"] = exposure.header.photflam
    science.header["PHOTPLAM"] = exposure.header.photplam
    science.header["PHOTZPT"] = exposure.header.photzpt
    return science


def write_fits(exposure: SimulatedExposure, path: str | Path) -> Path:
    """Write an exposure as FITS and its truth as JSON beside it; returns the path of the FITS file.

    The file holds a primary header and one SCI extension in electrons, ``SIMULATE = T``.
    """
    path = Path(path)
    header = exposure.header
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits.HDUList([primary_hdu(exposure, path), science_hdu(exposure)]).writeto(path, overwrite=True)
    truth = {
        "dataset": header.dataset,
        "file": path.name,
        "start_mjd_utc": header.start_mjd_utc,
        "exposure_s": header.exposure_s,
        "orbit": asdict(exposure.orbit),
        "trails": [trail.as_dict() for trail in exposure.truth],
    }
    truth_path(path).write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return path


def write_observer(exposures: Iterable[SimulatedExposure], path: str | Path) -> Path:
    """Write where the telescope was, as state vectors for each exposure: a row a minute, from 10 before to 10 after.

    Columns ``mjd_utc,x_km,y_km,z_km``: from the Earth's centre, ICRF.
    """
    path = Path(path)
    with path.open("w", encoding="utf-8") as file:
        file.write("mjd_utc,x_km,y_km,z_km\n")
        for exposure in sorted(exposures, key=lambda one: one.header.start_mjd_utc):
            header = exposure.header
            minutes = np.arange(-10.0, header.exposure_s / 60 + 11.0)
            times = header.start_mjd_utc + minutes / 1440
            for time, (x, y, z) in zip(times, exposure.orbit.position_km(times), strict=True):
                file.write(f"{time:.9f},{x:.6f},{y:.6f},{z:.6f}\n")
    return path


@dataclass(frozen=True, slots=True)
class Recipe:
    """One exposure of the sample."""

    instrument: str
    filter_name: str
    exposure_s: float
    shape: tuple[int, int]
    asteroids: int = 0
    satellites: int = 0
    arcs: int = 0
    cosmic_ray_scale: float = 0.5
    length_px: tuple[float, float] = (60.0, 300.0)


SAMPLE = (
    Recipe("ACS", "F814W", 507.0, (960, 1408), asteroids=1),
    Recipe("ACS", "F606W", 1200.0, (960, 960), asteroids=1, length_px=(180.0, 350.0)),
    Recipe("WFC3", "F606W", 700.0, (1408, 960), asteroids=2),
    Recipe("ACS", "F775W", 520.0, (960, 960), satellites=1),
    Recipe("WFC3", "F814W", 1320.0, (960, 1408), asteroids=1, cosmic_ray_scale=0.3, length_px=(200.0, 350.0)),
    Recipe("ACS", "F814W", 350.0, (960, 1408), asteroids=1, cosmic_ray_scale=1.0, length_px=(60.0, 140.0)),
    Recipe("ACS", "F606W", 1800.0, (960, 960), asteroids=1, cosmic_ray_scale=0.2, length_px=(230.0, 350.0)),
    Recipe("WFC3", "F350LP", 420.0, (960, 960), arcs=1),
    Recipe("ACS", "F475W", 680.0, (960, 1408), asteroids=1, satellites=1),
    Recipe("ACS", "F850LP", 900.0, (1408, 960), asteroids=1, cosmic_ray_scale=0.4),
    Recipe("WFC3", "F606W", 500.0, (960, 1408)),
    Recipe("ACS", "F814W", 1000.0, (960, 960), asteroids=2, cosmic_ray_scale=0.3, length_px=(120.0, 330.0)),
    Recipe("WFC3", "F555W", 360.0, (960, 1408), satellites=1, cosmic_ray_scale=0.8),
    Recipe("ACS", "F435W", 1500.0, (960, 960), asteroids=1, cosmic_ray_scale=0.2, length_px=(200.0, 350.0)),
)


def sample_exposure(index: int, seed: int) -> SimulatedExposure:
    """Exposure ``index`` (0 …) of the sample of a seed, without writing it."""
    recipe = SAMPLE[index]
    its_seed = int(np.random.SeedSequence(seed).generate_state(len(SAMPLE))[index])
    detector, letter = ("WFC", "j") if recipe.instrument == "ACS" else ("UVIS", "i")
    return simulate_exposure(
        seed=its_seed,
        shape=recipe.shape,
        instrument=recipe.instrument,
        detector=detector,
        filter_name=recipe.filter_name,
        exposure_s=recipe.exposure_s,
        n_asteroids=recipe.asteroids,
        n_satellites=recipe.satellites,
        n_arcs=recipe.arcs,
        cosmic_ray_scale=recipe.cosmic_ray_scale,
        asteroid_snr=(3.5, 18.0),
        asteroid_length_px=recipe.length_px,
        largest_turn_deg=70.0,
        dataset=f"{letter}sim{index + 1:02d}s1q",
    )


def make_sample(folder: str | Path, seed: int = 20_260, count: int | None = None) -> list[Path]:
    """Write the sample observations of the demo: 14 exposures, 10 with asteroids, 3 with satellites.

    Where the telescope was is in ``observer.csv`` beside them. The same seed gives the same files, byte by byte;
    ``count`` writes only the first of them. Returns the FITS paths in order.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths, written = [], []
    for index in range(len(SAMPLE))[:count]:
        exposure = sample_exposure(index, seed)
        paths.append(write_fits(exposure, folder / f"{exposure.header.dataset}_flc.fits"))
        written.append(replace(exposure, pixels=_NO_PIXELS))
    write_observer(written, folder / OBSERVER)
    return paths


_NO_PIXELS = np.zeros((0, 0), dtype=np.float32)
