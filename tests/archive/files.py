"""Small FITS files for tests: sound ones, and ones that must be refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from sky.simulate import make_wcs

CARDS: dict[str, Any] = {
    "TELESCOP": "HST",
    "INSTRUME": "ACS",
    "DETECTOR": "WFC",
    "FILTER1": "F606W",
    "TARGNAME": "FIELD",
    "PROPOSID": 10092,
    "ROOTNAME": "jtest0001q",
    "EXPSTART": 55000.25,
    "EXPEND": 55000.26,
    "EXPTIME": 864.0,
}


def fits_write(path: Path, *, chips: int = 1, shape: tuple[int, int] = (150, 200), seed: int = 1, **cards: Any) -> Path:
    """Noise with SIP distortion in each chip, a DQ plane beside; ``cards`` change the primary header (None removes)."""
    rng = np.random.default_rng(seed)
    primary = fits.PrimaryHDU()
    for name, value in (CARDS | cards).items():
        if value is not None:
            primary.header[name] = value
    hdus = fits.HDUList([primary])
    for chip in range(1, chips + 1):
        header = make_wcs(shape, 150.0 + 0.01 * chip, 2.2, 0.05, 30.0, sip=True).to_header(relax=True)
        science = fits.ImageHDU(rng.normal(50, 7, shape).astype(np.float32), header, name="SCI", ver=chip)
        science.header["CCDCHIP"] = chip
        science.header["BUNIT"] = "ELECTRONS"
        hdus += [science, fits.ImageHDU(np.zeros(shape, np.int16), name="DQ", ver=chip)]
    hdus.writeto(path)
    return path


def refused_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files no image can come of: name → (path, a part of the reason)."""
    sound = fits_write(folder / "sound.bin").read_bytes()
    (folder / "sound.bin").unlink()
    made: dict[str, tuple[Path, str]] = {}

    def add(name: str, content: bytes, reason: str) -> None:
        (folder / name).write_bytes(content)
        made[name] = (folder / name, reason)

    add("text.fits", b"These are not the pixels you are looking for.\n" * 100, "not a FITS file")
    add("empty.fits", b"", "not a FITS file")
    add("cut.fits", sound[: len(sound) // 2], "cut short")
    add("cut.fits.gz", gzip.compress(sound)[:2000], "cut short or damaged")
    add("text.fits.gz", gzip.compress(b"no"), "does not hold a FITS file")
    add("header.fits", sound[:80] + b"\xff\xfe\x00garbage" * 400, "FITS")
    huge = fits.PrimaryHDU(np.zeros((10, 10), np.uint8))
    huge.header.update(CARDS)
    huge.writeto(folder / "huge.fits")
    raw = (folder / "huge.fits").read_bytes()
    raw = raw.replace(b"NAXIS1  =                   10", b"NAXIS1  =           2000000000")
    add("huge.fits", raw, "cut short")
    for name, cards, reason in [
        ("no-times.fits", {"EXPSTART": None, "EXPEND": None, "EXPTIME": None}, "no exposure times"),
        ("backwards.fits", {"EXPEND": 54000.0}, "ends before it starts"),
        ("year-9999.fits", {"EXPSTART": 9e9, "EXPEND": 9.1e9}, "not plausible"),
    ]:
        made[name] = (fits_write(folder / name, **cards), reason)
    for name, pixels, reason in [
        ("cube.fits", np.ones((3, 20, 20), np.float32), "3 axes"),
        ("tiny.fits", np.ones((4, 4), np.float32), "too small"),
        ("blank.fits", np.full((40, 40), np.nan, np.float32), "blank"),
        ("no-wcs.fits", np.random.default_rng(1).normal(size=(40, 40)).astype(np.float32), "no celestial"),
    ]:
        hdu = fits.PrimaryHDU(pixels)
        hdu.header.update(CARDS)
        if name in ("blank.fits", "tiny.fits", "cube.fits"):
            hdu.header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 5.0})
            hdu.header.update({"CRPIX1": 1.0, "CRPIX2": 1.0, "CDELT1": -1e-5, "CDELT2": 1e-5})
        hdu.writeto(folder / name)
        made[name] = (folder / name, reason)
    return made


def bomb(path: Path, megabytes: int) -> Path:
    """A small gzip file that unpacks to a FITS header and then ``megabytes`` of zeros."""
    with gzip.open(path, "wb", compresslevel=9) as target:
        target.write(b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800))
        for _ in range(megabytes):
            target.write(bytes(1 << 20))
    return path
