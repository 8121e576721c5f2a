"""Real frames to inject simulated trails into: FITS images and 8-bit pictures, with their scale in electrons."""

from __future__ import annotations

import hashlib
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation

from sky.fits import ScienceImage, UnusableImage, read_images
from sky.fits_header import ExposureHeader
from sky.simulate.instruments import CAMERAS, Camera
from sky.stretch import sky_statistics
from sky.wcs import pixel_scale_arcsec

PICTURE_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
MAX_PICTURE_PIXELS = 64_000_000
MIN_SIDE = 64
"""A smaller frame holds no trail that could be told from a galaxy."""
MAX_SATURATION = 40
"""Largest spread of red, green and blue (of 255) that a grey picture may have; JPEG alone makes about 20."""
OVERLAY_MARGIN_PX = 2
PLAUSIBLE_SIGMA_E = (1.5, 400.0)
PICTURE_SIGMA_E = 12.0
"""Noise of a typical 500 s exposure; a picture's own unit says nothing of electrons."""
PICTURE_FWHM_PX, PICTURE_SCALE_ARCSEC, PICTURE_EXPOSURE_S = 2.0, 0.05, 600.0
DATASET_NAME = re.compile(r"([iju])[a-z0-9]{7,8}(?![a-z0-9])")
LETTERS = {"j": "ACS", "i": "WFC3", "u": "WFPC2"}
DN_ELECTRONS = {"WFPC2": 7.0}
"""Electrons per data number where files are in counts (WFPC2 Instrument Handbook 4.4: gain 7, rarely 14)."""


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """One real frame. ``pixels`` is (height, width) float32, row 0 at the bottom, NaN where there is no data;
    ``pixels * gain`` is in electrons, as well as the header or the noise tells. ``picture``: 8 bits, stretched
    for the eye, so fluxes injected there mean nothing beyond their ratio to the noise.
    """

    pixels: NDArray[np.float32]
    name: str
    gain: float
    psf_fwhm_px: float
    pixel_scale_arcsec: float
    exposure_s: float
    picture: bool

    @property
    def sha256(self) -> str:
        """Of the pixels: which frame it was, wherever its file lies."""
        return hashlib.sha256(np.ascontiguousarray(self.pixels).tobytes()).hexdigest()


def read_background(path: str | Path, mask: str | Path | None = None) -> list[Background]:
    """Read a FITS file (one background for each science image) or a JPEG, PNG or WebP picture.

    Parameters
    ----------
    path : the frame
    mask : picture of the same size whose nonzero pixels are left out (a trail that is really there, say);
        if not given, ``<same>_mask.png`` beside a picture or a file of one image is used where there is one

    Raises
    ------
    UnusableImage
        Nothing of it can serve; ``reason`` says why, in a sentence.
    """
    path = Path(path)
    if not path.is_file():
        raise UnusableImage(f"There is no file {path.name}.")
    hidden = Path(mask) if mask is not None else mask_beside(path)
    if path.suffix.lower() in PICTURE_FORMATS:
        found = [_from_picture(path)]
    else:
        found = [_from_fits(image, path.name) for image in read_images(path) if min(image.pixels.shape) >= MIN_SIDE]
    if not found or min(found[0].pixels.shape) < MIN_SIDE:
        raise UnusableImage(f"It is too small for a background: at least {MIN_SIDE} pixels a side are needed.")
    if hidden is not None:
        if len(found) > 1:
            raise UnusableImage("It holds several images, and a mask can belong to one only.")
        _hide(found[0].pixels, hidden)
    for background in found:
        if np.isfinite(background.pixels).sum() < MIN_SIDE**2:
            raise UnusableImage("Almost nothing of it is data.")
    return found


def mask_beside(path: Path) -> Path | None:
    """The mask that lies beside a frame: ``ib1f31e9q_mask.png`` for ``ib1f31e9q_flc.fits.jpg``."""
    bare = path.name
    while (shorter := re.sub(r"\.(fits?|gz|fz|jpe?g|png|webp)$", "", bare, flags=re.IGNORECASE)) != bare:
        bare = shorter
    for stem in (bare, re.sub(r"_(flc|flt|drc|drz)$", "", bare)):
        candidate = path.with_name(f"{stem}_mask.png")
        if candidate.is_file() and candidate != path:
            return candidate
    return None


def _hide(pixels: NDArray[np.float32], mask: Path) -> None:
    hidden = _picture_array(mask)
    hidden = hidden.max(axis=2) if hidden.ndim == 3 else hidden
    if hidden.shape != pixels.shape:
        raise UnusableImage(
            f"Its mask {mask.name} is {hidden.shape[1]} x {hidden.shape[0]} pixels, not "
            f"{pixels.shape[1]} x {pixels.shape[0]}."
        )
    pixels[hidden[::-1] != 0] = np.nan


def _picture_array(path: Path) -> NDArray[np.uint8]:
    """Pixels of a picture as in the file, row 0 at the top; palette indices for a mask of few values."""
    form = PICTURE_FORMATS.get(path.suffix.lower())
    if form is None:
        raise UnusableImage(f"{path.name} is no JPEG, PNG or WebP picture.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=[form]) as picture:
                if picture.width * picture.height > MAX_PICTURE_PIXELS:
                    raise UnusableImage(
                        f"The picture is too large: {picture.width} x {picture.height} pixels "
                        f"(at most {MAX_PICTURE_PIXELS:,} in all)."
                    )
                if picture.mode.startswith(("I", "F")):
                    raise UnusableImage("The picture has more than 8 bits a channel: offer it as FITS.")
                if picture.mode == "P" and not path.stem.endswith("_mask"):
                    return np.asarray(picture.convert("RGBA"))
                return np.asarray(picture if picture.mode in ("L", "P", "RGB", "RGBA") else picture.convert("RGBA"))
    except UnusableImage:
        raise
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError and struct.error on broken files
        raise UnusableImage(f"The picture {path.name} is damaged or of another kind than its name says.") from error


def _from_picture(path: Path) -> Background:
    array = _picture_array(path)
    if array.ndim == 3:
        colours = array[..., :3].astype(np.int16)
        overlay = (colours.max(axis=2) - colours.min(axis=2)) > MAX_SATURATION
        grey = colours.mean(axis=2, dtype=np.float32)
        grey[binary_dilation(overlay, iterations=OVERLAY_MARGIN_PX)] = np.nan
        if array.shape[2] == 4:
            grey[array[..., 3] == 0] = np.nan
    else:
        grey = array.astype(np.float32)
    pixels = np.ascontiguousarray(grey[::-1], dtype=np.float32)
    # Eight bits: the noise can be less than a step, and its MAD nought.
    sigma = max(sky_statistics(pixels)[1], 1 / np.sqrt(12))
    letter = DATASET_NAME.match(path.name.lower())
    scale, fwhm = PICTURE_SCALE_ARCSEC, PICTURE_FWHM_PX
    # Full-size frames keep the camera's pixels; smaller pictures were scaled by nobody knows how much.
    if letter and min(pixels.shape) >= 1500 and (camera := _camera(LETTERS[letter[1]])):
        scale, fwhm = camera.pixel_scale_arcsec, camera.bands["F606W"].psf_fwhm_px
    return Background(pixels, path.name, PICTURE_SIGMA_E / sigma, fwhm, scale, PICTURE_EXPOSURE_S, True)


def _camera(instrument: str) -> Camera | None:
    return next((camera for camera in CAMERAS.values() if camera.instrument == instrument), None)


def _from_fits(image: ScienceImage, name: str) -> Background:
    header, scale = image.header, pixel_scale_arcsec(image.wcs)
    camera = _camera(header.instrument)
    fwhm = PICTURE_FWHM_PX
    if camera is not None:
        band = camera.bands.get(header.filter) or camera.bands["F606W"]
        fwhm = max(1.2, band.psf_fwhm_px * camera.pixel_scale_arcsec / scale)
    pixels = np.array(image.pixels, dtype=np.float32)
    gain = electrons_per_unit(pixels, header)
    return Background(pixels, f"{name}[{image.extension}]", gain, fwhm, scale, header.exposure_s, False)


def electrons_per_unit(pixels: NDArray[np.float32], header: ExposureHeader) -> float:
    """Electrons per unit of the pixels: as the unit says if the noise then is plausible.

    Some pipelines write ELECTRONS for electrons per second; a sky noise below 1.5 or above 400 electrons
    tells, and the other reading is taken. If neither fits, the noise is set to that of a typical exposure.
    """
    sigma = sky_statistics(pixels)[1]
    unit = header.unit.upper().replace(" ", "")
    counts = DN_ELECTRONS.get(header.instrument, 1.0) if unit.startswith(("COUNT", "DN")) else 1.0
    rate = unit.endswith(("/S", "/SEC", "S-1"))
    factors = (header.exposure_s, 1.0) if rate else (1.0, header.exposure_s)
    for factor in factors:
        if PLAUSIBLE_SIGMA_E[0] <= sigma * counts * factor <= PLAUSIBLE_SIGMA_E[1]:
            return float(counts * factor)
    return float(PICTURE_SIGMA_E / sigma)
