"""The catalogue of known orbits of this installation, and which of its objects cross an exposure or are a trail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from django.conf import settings

from sky.csv_tables import Row, TableFault, read_table
from sky.fits import read_images
from sky.known import CONE_ARCSEC, Crossings, Field, known_near
from sky.known_store import Catalogue, Manifest, catalogue_build, catalogue_open, checkpoint_times
from sky.match import Match, Thresholds, Trail, matches
from sky.observer import HubbleOrbit, ObserverFault, best, header_elements
from sky.tangent import plane_about
from sky.times import SECONDS_PER_DAY
from sky.wcs import footprint_deg, separation_arcsec

FIRST_MJD = 52_334.0
"""1 March 2002: the Advanced Camera for Surveys is put into Hubble."""


def catalogue_folder() -> Path:
    """Where the installation keeps its catalogue."""
    return Path(settings.DATA_DIR) / "orbits" / "current"


def catalogue_current() -> Catalogue:
    """The installation's catalogue.

    Raises
    ------
    CatalogueFault
        None was imported, or it is damaged.
    """
    return catalogue_open(catalogue_folder())


def catalogue_import(
    source: Path, *, as_of: str, first_mjd: float, last_mjd: float, processes: int,
    progress: Callable[[int, int, str], None],
) -> Manifest:  # fmt: skip
    """Make a file of orbits the installation's catalogue. Safe to repeat, and to kill: it goes on where it was.

    Raises
    ------
    OrbitFileFault, CatalogueFault
        The file holds no orbits; another import is under way.
    """
    return catalogue_build(
        source, catalogue_folder(), as_of=as_of, times=checkpoint_times(first_mjd, last_mjd), processes=processes,
        progress=progress,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExposureSpan:
    """What a search for known objects needs of an exposure. Without a field, trails are searched about themselves."""

    name: str
    start_mjd_utc: float
    end_mjd_utc: float
    ra_deg: float | None = None
    dec_deg: float | None = None
    radius_arcsec: float = 0.0

    @property
    def exposure_s(self) -> float:
        """Its length in seconds."""
        return (self.end_mjd_utc - self.start_mjd_utc) * SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class NamedTrail:
    """A trail of an exposure, with the name its file gives it."""

    exposure: str
    name: str
    trail: Trail


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found for one trail, and how hard it was looked for."""

    trail: NamedTrail
    found: list[Match]
    near: int
    observer: str
    observer_error_km: float


def read_exposures(path: Path) -> list[ExposureSpan]:
    """Exposures of a CSV file ``exposure,start_mjd_utc,end_mjd_utc[,ra_deg,dec_deg,radius_arcsec]``.

    Raises
    ------
    TableFault
        A column is missing, or a value is no number, or out of range.
    """
    place = ("ra_deg", "dec_deg", "radius_arcsec")
    return [_exposure(row) for row in read_table(path, ("exposure", "start_mjd_utc", "end_mjd_utc"), optional=place)]


def _exposure(row: Row) -> ExposureSpan:
    start, end = row.number("start_mjd_utc", least=0), row.number("end_mjd_utc", least=0)
    if not start < end < start + 10:
        raise TableFault(f"{row.where}: it must end after it starts, within ten days")
    if not _given(row, "ra_deg"):
        return ExposureSpan(row.text("exposure"), start, end)
    ra, dec = row.number("ra_deg", least=-360, most=360), row.number("dec_deg", least=-90, most=90)
    return ExposureSpan(row.text("exposure"), start, end, ra, dec, row.number("radius_arcsec", least=0, most=36_000))


def _given(row: Row, column: str) -> str:
    """What an optional column says, empty where it says nothing."""
    try:
        return row.text(column)
    except TableFault:
        return ""


def exposure_of_fits(path: Path) -> ExposureSpan:
    """The exposure of a FITS file: its times, and the circle around all its chips.

    Raises
    ------
    UnusableImage
        The file holds no usable image.
    """
    corners, headers = [], []
    for image in read_images(path):
        corners.append(footprint_deg(image.wcs, image.pixels.shape))
        headers.append(image.header)
    ra, dec = np.concatenate(corners).T
    plane = plane_about(ra, dec)
    radius = max(separation_arcsec(plane.ra_deg, plane.dec_deg, *corner) for corner in zip(ra, dec, strict=True))
    header = headers[0]
    return ExposureSpan(header.dataset, header.start_mjd_utc, header.end_mjd_utc, plane.ra_deg, plane.dec_deg, radius)


def support_file_of(path: Path) -> HubbleOrbit | None:
    """Hubble's orbit in the support file (``name_spt.fits``) beside an exposure's file, if there is a usable one."""
    beside = path.with_name(path.name.split("_")[0].split(".")[0] + "_spt.fits")
    if not beside.is_file():
        return None
    try:
        with fits.open(beside, memmap=False) as hdus:
            return header_elements(hdus[0].header, beside.name)
    except (OSError, ObserverFault):
        return None


def read_trails(path: Path) -> list[NamedTrail]:
    """Trails of a CSV file ``exposure,ra1_deg,dec1_deg,ra2_deg,dec2_deg[,trail,v_mag,cut]``.

    ``cut`` says which ends lie on the picture's edge: ``1``, ``2``, ``12`` or nothing.

    Raises
    ------
    TableFault
        A column is missing, or a value is no number, or out of range.
    """
    ends = ("exposure", "ra1_deg", "dec1_deg", "ra2_deg", "dec2_deg")
    rows = read_table(path, ends, optional=("trail", "v_mag", "cut"))
    return [_trail(row, number) for number, row in enumerate(rows, 1)]


def _trail(row: Row, number: int) -> NamedTrail:
    ra1, ra2 = (row.number(f"ra{end}_deg", least=-360, most=360) for end in (1, 2))
    dec1, dec2 = (row.number(f"dec{end}_deg", least=-90, most=90) for end in (1, 2))
    magnitude = row.number("v_mag", least=-30, most=60) if _given(row, "v_mag") else None
    cut = _given(row, "cut")
    trail = Trail(ra1, dec1, ra2, dec2, magnitude, "1" in cut, "2" in cut)
    return NamedTrail(row.text("exposure"), _given(row, "trail") or str(number), trail)


def crossings_of(
    catalogue: Catalogue, exposure: ExposureSpan, orbits: Sequence[HubbleOrbit], *, cone_arcsec: float = 0.0
) -> tuple[Crossings, HubbleOrbit]:
    """Known objects in an exposure's field, and the orbit of Hubble that was used.

    Raises
    ------
    CatalogueFault
        The catalogue was not prepared for the time of the exposure.
    """
    field, orbit = _field(exposure, orbits)
    return known_near(catalogue, field, cone_arcsec=cone_arcsec), orbit


def trails_match(
    catalogue: Catalogue, exposure: ExposureSpan, trails: Iterable[NamedTrail], orbits: Sequence[HubbleOrbit],
    thresholds: Thresholds | None = None,
) -> Iterator[Checked]:  # fmt: skip
    """Each trail of an exposure with the known objects it may be.

    Raises
    ------
    CatalogueFault
        The catalogue was not prepared for the time of the exposure.
    """
    for named in trails:
        trail = named.trail
        plane = plane_about([trail.ra1_deg, trail.ra2_deg], [trail.dec1_deg, trail.dec2_deg])
        half = separation_arcsec(plane.ra_deg, plane.dec_deg, trail.ra1_deg, trail.dec1_deg)
        about = ExposureSpan(
            exposure.name, exposure.start_mjd_utc, exposure.end_mjd_utc, plane.ra_deg, plane.dec_deg, half
        )
        near, orbit = crossings_of(catalogue, about, orbits, cone_arcsec=CONE_ARCSEC)
        error = float(np.max(orbit.error_km([exposure.start_mjd_utc, exposure.end_mjd_utc])))
        found = matches(trail, near, exposure_s=exposure.exposure_s, observer_error_km=error, thresholds=thresholds)
        yield Checked(named, found, len(near), orbit.source, error)


def _field(exposure: ExposureSpan, orbits: Sequence[HubbleOrbit]) -> tuple[Field, HubbleOrbit]:
    if exposure.ra_deg is None or exposure.dec_deg is None:
        raise TableFault(f"exposure {exposure.name}: it has no ra_deg, dec_deg and radius_arcsec")
    ends = (exposure.start_mjd_utc, exposure.end_mjd_utc)
    orbit = best(orbits, ends)
    start, end = ((float(x), float(y), float(z)) for x, y, z in orbit.position_km(ends))
    return Field(exposure.ra_deg, exposure.dec_deg, exposure.radius_arcsec, *ends, start, end), orbit
