"""One simulated exposure: sky, stars, galaxies, trails, noise, cosmic rays, in HST's manner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS, Sip
from numpy.typing import NDArray

from sky.fits_header import ExposureHeader, datetime_from_mjd
from sky.photometry import magnitude
from sky.simulate.cosmic import add_bad_columns, add_cosmic_rays, add_hot_pixels
from sky.simulate.instruments import Band, Camera, band_of, camera_of
from sky.simulate.motion import Orbit, asteroid_offsets, offset_sky, visible_orbit
from sky.simulate.orbits import apparent_motions, ecliptic_pointing
from sky.simulate.sources import add_arc, add_galaxies, add_galaxy, add_stars, bleed
from sky.simulate.trails import add_satellite, render_trail, ridge_peak
from sky.simulate.truth import TrailTruth, trail_truth, turn_deg

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedExposure:
    """Pixels in electrons (float32, row 0 at the bottom), the WCS, HST-like metadata, and the truth."""

    pixels: NDArray[np.float32]
    wcs: WCS
    header: ExposureHeader
    truth: list[TrailTruth]
    orbit: Orbit


@dataclass(frozen=True, slots=True)
class Field:
    """What trails need to know of the exposure they are drawn into."""

    camera: Camera
    band: Band
    wcs: WCS
    scale_arcsec: float
    start_mjd: float
    exposure_s: float
    orbit: Orbit
    sigma_e: float


Draw = Callable[[NDArray[np.float32], np.random.Generator, Field], list[TrailTruth]]
"""Draws into an image in electrons, before the noise, and says which trails it drew."""


def make_wcs(
    shape: tuple[int, int], ra_deg: float, dec_deg: float, scale_arcsec: float, angle_deg: float, *, sip: bool
) -> WCS:
    """Tangent-plane WCS centred on a place; with ``sip``, distorted like an ACS chip (2 px at 500 px)."""
    wcs = WCS(naxis=2)
    wcs.wcs.crpix = [shape[1] / 2 + 0.5, shape[0] / 2 + 0.5]
    wcs.wcs.crval = [ra_deg, dec_deg]
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    wcs.wcs.cd = np.array([[-cos, sin], [sin, cos]]) * scale_arcsec / 3600.0
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"] if sip else ["RA---TAN", "DEC--TAN"]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.cunit = ["deg", "deg"]
    if sip:
        a, b = np.zeros((4, 4)), np.zeros((4, 4))
        a[2, 0], a[1, 1], a[0, 2], a[3, 0] = 7.9e-6, -5.2e-6, 1.9e-6, -2.3e-11
        b[2, 0], b[1, 1], b[0, 2], b[0, 3] = -2.4e-6, 6.1e-6, -6.9e-6, -1.1e-10
        wcs.sip = Sip(a, b, None, None, wcs.wcs.crpix)
    wcs.wcs.set()
    return wcs


def sky_sigma(camera: Camera, band: Band, exposure_s: float) -> float:
    """Noise per pixel of the empty sky, in electrons."""
    expected = (band.sky_rate + camera.dark_rate) * exposure_s + camera.pedestal_e
    return float(np.sqrt(expected + camera.read_noise_e**2 + camera.row_noise_e**2))


def add_asteroid(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    field: Field,
    *,
    snr: tuple[float, float] = (3.0, 20.0),
    length_px: tuple[float, float] = (60.0, 350.0),
    inside: bool = True,
    largest_turn_deg: float = 720.0,
    tries: int = 400,
) -> TrailTruth | None:
    """Draw one asteroid as HST would see it: motion, parallax over its orbit, PSF; flux in electrons.

    Draws real orbits that pass there (:mod:`sky.simulate.orbits`) until the length fits (and, with
    ``inside``, both ends lie in the field); None if that never happens, as for slow ones in a short exposure.
    Where HST's own motion cancels the asteroid's, paths turn back in a hook; ``largest_turn_deg`` keeps
    those out.
    """
    height, width = image.shape
    centre_ra, centre_dec = (float(v) for v in field.wcs.all_pix2world(width / 2, height / 2, 0))
    drawn = apparent_motions(rng, centre_ra, centre_dec, field.start_mjd, tries)
    times = field.start_mjd + np.linspace(0, field.exposure_s, 121) / SECONDS_PER_DAY
    for distance, motion_east, motion_north in np.column_stack(drawn).tolist():
        x, y = float(rng.uniform(0, width - 1)), float(rng.uniform(0, height - 1))
        motion = {"motion_east": motion_east, "motion_north": motion_north}
        ra, dec = (float(v) for v in field.wcs.all_pix2world(x, y, 0))
        east, north = asteroid_offsets(times, field.orbit, ra, dec, distance_au=distance, **motion)
        length = float(np.hypot(np.diff(east), np.diff(north)).sum()) / field.scale_arcsec
        if not length_px[0] <= length <= length_px[1]:
            continue
        xs, ys = field.wcs.all_world2pix(*offset_sky(ra, dec, east, north), 0, tolerance=1e-6)
        if turn_deg(xs, ys) > largest_turn_deg:
            continue
        if inside and (min(xs.min(), ys.min()) < 12 or xs.max() > width - 13 or ys.max() > height - 13):
            continue
        wanted = float(np.exp(rng.uniform(*np.log(snr))))
        flux = wanted * field.sigma_e / ridge_peak(1.0, field.band.psf_fwhm_px) * length
        truth = trail_truth(
            "asteroid", xs, ys, image.shape, field.wcs, field.scale_arcsec,
            ridge_snr=wanted, mag=magnitude(flux / field.exposure_s, field.band.zero_point), distance_au=distance,
            motion_east_arcsec_h=motion_east, motion_north_arcsec_h=motion_north,
        )  # fmt: skip
        if truth is None:
            continue
        render_trail(image.shape, xs, ys, flux, field.band.psf_fwhm_px, out=image)
        return truth
    return None


def _add_satellite(image: NDArray[np.float32], rng: np.random.Generator, field: Field) -> TrailTruth | None:
    snr = float(np.exp(rng.uniform(np.log(4), np.log(60))))
    scale, fwhm = field.scale_arcsec, field.band.psf_fwhm_px
    # Whole ones: in the sample they are the clear cases that newcomers learn from.
    xs, ys = add_satellite(image, rng, snr * field.sigma_e, psf_fwhm_px=fwhm, pixel_scale_arcsec=scale, crossing=True)
    return trail_truth("satellite", xs, ys, image.shape, field.wcs, scale, ridge_snr=snr)


def _add_lens(image: NDArray[np.float32], rng: np.random.Generator, field: Field) -> TrailTruth | None:
    height, width = image.shape
    x, y = float(rng.uniform(0.2, 0.8) * width), float(rng.uniform(0.2, 0.8) * height)
    fwhm, radius = field.band.psf_fwhm_px, float(rng.uniform(1.1, 2.2)) / field.scale_arcsec
    snr = float(rng.uniform(3, 8))
    lens_e = 10 ** (-0.4 * (19.0 - field.band.zero_point)) * field.exposure_s
    add_galaxy(image, rng, x, y, lens_e, re_px=0.7 / field.scale_arcsec, psf_fwhm_px=fwhm,
               bulge_share=0.9, axis_ratio=0.85, angle=float(rng.uniform(0, 3)))  # fmt: skip
    flux = snr * field.sigma_e / ridge_peak(1.0, 1.4 * fwhm) * 1.1 * radius
    xs, ys = add_arc(image, rng, x, y, flux, radius_px=radius, psf_fwhm_px=fwhm)
    return trail_truth("arc", xs, ys, image.shape, field.wcs, field.scale_arcsec, ridge_snr=snr)


def _expose(
    image: NDArray[np.float32], rng: np.random.Generator, field: Field, cosmic_ray_scale: float
) -> NDArray[np.float32]:
    """From expected electrons to what the detector reads: photon noise, bleeding, cosmic rays, read-out."""
    camera, exposure_s = field.camera, field.exposure_s
    height, width = image.shape
    slope_x, slope_y = rng.normal(0, 0.012, 2)
    background = (field.band.sky_rate + camera.dark_rate) * exposure_s + camera.pedestal_e
    shade = 1 + slope_x * np.linspace(-1, 1, width) + slope_y * np.linspace(-1, 1, height)[:, None]
    expected = np.maximum(image + (background * shade).astype(np.float32), 0)
    counts = rng.poisson(expected).astype(np.float32)
    add_hot_pixels(counts, rng, exposure_s)
    add_bad_columns(counts, rng, exposure_s)
    add_cosmic_rays(counts, rng, exposure_s, rate=camera.cosmic_ray_rate, scale=cosmic_ray_scale)
    bleed(counts, camera.full_well_e)
    counts += camera.read_noise_e * rng.standard_normal(image.shape, dtype=np.float32)
    counts += camera.row_noise_e * rng.standard_normal((height, 1), dtype=np.float32)
    return counts - np.float32(camera.pedestal_e)


def simulate_exposure(
    *,
    seed: int,
    shape: tuple[int, int] = (1024, 1024),
    instrument: str = "ACS",
    detector: str = "WFC",
    filter_name: str = "F814W",
    exposure_s: float = 500.0,
    pointing: tuple[float, float] | None = None,
    start_mjd_utc: float | None = None,
    n_asteroids: int = 1,
    n_satellites: int = 0,
    n_arcs: int = 0,
    pixel_scale_arcsec: float | None = None,
    sip: bool = True,
    cosmic_ray_scale: float = 1.0,
    asteroid_snr: tuple[float, float] = (3.0, 20.0),
    asteroid_length_px: tuple[float, float] = (60.0, 350.0),
    asteroids_inside: bool = True,
    largest_turn_deg: float = 720.0,
    dataset: str = "jsim00000q",
    draw: Draw | None = None,
) -> SimulatedExposure:
    """Make one exposure. The same arguments give the same pixels and the same truth.

    ``shape`` is (height, width); ``pointing`` (RA, Dec) in degrees of the centre (a place near the
    ecliptic if not given); ``asteroid_snr`` the range of ridge peak over sky noise, drawn evenly in log;
    ``draw`` may put more into the image.

    Raises
    ------
    ValueError
        Unknown camera or filter, or an exposure that is not positive.
    """
    camera = camera_of(instrument, detector)
    band = band_of(camera, filter_name)
    if not exposure_s > 0:
        raise ValueError("The exposure must last longer than 0 s.")
    rng = np.random.default_rng(seed)
    start = float(rng.uniform(55_100, 59_500)) if start_mjd_utc is None else start_mjd_utc
    ra, dec = ecliptic_pointing(rng, start) if pointing is None else pointing
    scale = pixel_scale_arcsec or camera.pixel_scale_arcsec
    end = start + exposure_s / SECONDS_PER_DAY
    wcs = make_wcs(shape, ra, dec, scale, float(rng.uniform(0, 360)), sip=sip)
    orbit = visible_orbit(rng, start, end, ra, dec)
    field = Field(camera, band, wcs, scale, start, exposure_s, orbit, sky_sigma(camera, band, exposure_s))
    image = np.zeros(shape, dtype=np.float32)
    add_galaxies(image, rng, camera=camera, filter_name=filter_name, exposure_s=exposure_s)
    add_stars(image, rng, camera=camera, filter_name=filter_name, exposure_s=exposure_s,
              per_megapixel=float(rng.uniform(25, 70)))  # fmt: skip
    found = [
        add_asteroid(image, rng, field, snr=asteroid_snr, length_px=asteroid_length_px, inside=asteroids_inside,
                     largest_turn_deg=largest_turn_deg)
        for _ in range(n_asteroids)
    ]  # fmt: skip
    found += [_add_satellite(image, rng, field) for _ in range(n_satellites)]
    found += [_add_lens(image, rng, field) for _ in range(n_arcs)]
    found += draw(image, rng, field) if draw else []
    header = ExposureHeader(
        dataset=dataset, telescope="HST", instrument=instrument, detector=detector, filter=filter_name,
        target="SIMULATED FIELD", proposal="0", start_utc=datetime_from_mjd(start), end_utc=datetime_from_mjd(end),
        start_mjd_utc=start, end_mjd_utc=end, exposure_s=exposure_s, unit="ELECTRONS", photflam=band.photflam,
        photplam=band.pivot_angstrom, photzpt=-21.1, combined=False, simulated=True, kind="flc",
    )  # fmt: skip
    pixels = _expose(image, rng, field, cosmic_ray_scale)
    return SimulatedExposure(pixels, wcs, header, [truth for truth in found if truth is not None], orbit)
