"""Open a FITS file that nobody vouches for: unpack it within bounds, and list its images if it is whole.

No size claimed by a header is believed before the file is long enough for it. Files are read, never
mapped: one that shrinks meanwhile gives an error where a mapping would end the process.
"""

from __future__ import annotations

import gzip
import math
import tempfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

from astropy.io import fits

from sky.fits_header import UnusableImage

MAX_DECOMPRESSED_BYTES = 2 * 1024**3
MAX_UNPACKING_RATIO = 100
"""Real exposures unpack to 2 to 10 times their gzipped size; only made-up ones reach the hundreds."""
RATIO_FREE_BYTES = 32 * 1024**2
"""So much is unpacked whatever the ratio: a small file full of zeros does no harm."""
MAX_SIDE = 20_000
"""Pixels; the largest drizzled mosaics of the archive. Such an image is 1.6 GB of float32."""
MAX_EXTENSIONS = 500
MAX_TABLE_PIXELS = 1 << 22
"""Largest distortion table (WCSDVARR, D2IMARR): they are read whole; those of HST have 64 x 32 or 4096 x 1 values."""
DISTORTION_TABLES = {"WCSDVARR", "D2IMARR"}
BLOCK_BYTES = 1 << 20

ImageHdu: TypeAlias = fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU


def plain_file(path: Path, stack: ExitStack, limit_bytes: int = MAX_DECOMPRESSED_BYTES) -> Path:
    """Path of the plain FITS: itself, or a temporary copy of a gzipped one, removed when ``stack`` closes.

    Raises
    ------
    UnusableImage
        No FITS, a damaged gzip file, or one that unpacks beyond ``limit_bytes`` or out of all proportion.
    """
    try:
        with path.open("rb") as raw:
            magic = raw.read(6)
    except OSError as error:
        raise UnusableImage("The file cannot be read.") from error
    if magic[:2] != b"\x1f\x8b":
        if magic != b"SIMPLE":
            raise UnusableImage("This is not a FITS file.")
        return path
    plain = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fits-"))) / "plain.fits"
    try:
        _unpack(path, plain, limit_bytes)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnusableImage("The gzip file is cut short or damaged.") from error
    return plain


def _unpack(path: Path, plain: Path, limit_bytes: int) -> None:
    """Write the unpacked file block by block, and stop where it grows too large."""
    in_proportion = max(RATIO_FREE_BYTES, MAX_UNPACKING_RATIO * path.stat().st_size)
    written = 0
    with gzip.open(path, "rb") as source, plain.open("wb") as target:
        while block := source.read(BLOCK_BYTES):
            if not written and block[:6] != b"SIMPLE":
                raise UnusableImage("This gzip file does not hold a FITS file.")
            written += len(block)
            if written > limit_bytes:
                raise UnusableImage(f"Unpacked, this file is larger than {limit_bytes / 1024**3:.3g} GiB.")
            if written > in_proportion:
                raise UnusableImage(
                    f"Unpacked, this file is more than {MAX_UNPACKING_RATIO} times larger: no real exposure is."
                )
            target.write(block)
    if not written:
        raise UnusableImage("This gzip file is empty.")


def open_images(plain: Path, stack: ExitStack) -> tuple[fits.HDUList, list[ImageHdu]]:
    """Open a plain FITS file and list its image extensions in order; ``stack`` closes it.

    Raises
    ------
    UnusableImage
        A damaged header, or less data than the headers promise.
    """
    try:
        _check_length(plain)
        hdus = stack.enter_context(fits.open(plain, memmap=False, lazy_load_hdus=True))
        images = [hdu for hdu in _each(hdus) if isinstance(hdu, ImageHdu)]
        for hdu in images:
            _check_sides(hdu)
    except (UnusableImage, MemoryError):
        raise
    except Exception as error:  # astropy raises anything from OSError to TypeError on hostile headers
        raise UnusableImage("The file is not readable as FITS (damaged header).") from error
    return hdus, images


def _each(hdus: fits.HDUList) -> list[fits.hdu.base.ExtensionHDU]:
    """The HDUs, opened one after the other. All of them: side planes are found by name anywhere."""
    opened: list[fits.hdu.base.ExtensionHDU] = []
    while len(opened) <= MAX_EXTENSIONS:
        try:
            opened.append(hdus[len(opened)])
        except IndexError:
            return opened
    raise UnusableImage(f"It has more than {MAX_EXTENSIONS} extensions.")


def _check_length(plain: Path) -> None:
    """Compare what the headers promise with the file; compressed images by their table, not by their pixels."""
    length = plain.stat().st_size
    with fits.open(plain, memmap=False, lazy_load_hdus=True, disable_image_compression=True) as hdus:
        for hdu in _each(hdus):
            start = (hdu.fileinfo() or {}).get("datLoc", 0)
            if start + int(hdu.size) > length:
                raise UnusableImage("The file is cut short: it promises more data than it holds.")


def _check_sides(hdu: ImageHdu) -> None:
    """Sides are numbers (a broken card gives text), and no distortion table is out of all measure."""
    if not all(isinstance(side, int) for side in hdu.shape):
        raise TypeError("NAXISn is no number")
    pixels = math.prod(hdu.shape)
    if str(hdu.name).upper() in DISTORTION_TABLES and pixels > MAX_TABLE_PIXELS:
        raise UnusableImage(f"Its distortion table {hdu.name} is too large: {pixels} values.")
