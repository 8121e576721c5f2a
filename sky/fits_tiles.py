"""Look into tile-compressed FITS images before anything of them is unpacked.

A gzipped tile is unpacked whole by the reader, however large it turns out, so a small file could fill the
memory. RICE unpacks into a buffer of the tile's own size, if its parameters are those of the standard. The
decoders of HCOMPRESS and PLIO trust sizes written in the tile and write beyond their buffer, so these codes
are refused; archives of Hubble do not use them. Layout of the table: FITS standard 4.0, sections 7.3.5
(variable-length arrays) and 10.1 (tiled images).
"""

from __future__ import annotations

import math
import re
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from astropy.io import fits

from sky.fits_header import UnusableImage
from sky.fits_open import BLOCK_BYTES

MAX_TILES = 100_000
MAX_TILE_PIXELS = 1 << 24
"""One tile for a whole chip is met with; the reader takes about five times the tile's size to unpack it."""
MAX_ROW_BYTES = 1_024
GZIP_CODES = {"GZIP_1", "GZIP_2"}
SAFE_CODES = {"RICE_1", "RICE_ONE", "NOCOMPRESS"} | GZIP_CODES
RICE_PARAMETERS = {"BLOCKSIZE": {16, 32}, "BYTEPIX": {1, 2, 4}}
GZIP_WINDOW = 31
"""``wbits`` of zlib for the gzip format."""
TOO_MUCH = "A tile of a compressed image in it unpacks to more than its pixels."


def check_tiles(plain: Path) -> None:
    """Refuse compressed images of tiles too many or too large, or of gzipped ones that hold more than their pixels.

    Raises
    ------
    UnusableImage
        As said, or a damaged gzipped tile.
    """
    with fits.open(plain, memmap=False, disable_image_compression=True) as hdus, plain.open("rb") as raw:
        for hdu in hdus:
            try:
                if isinstance(hdu, fits.BinTableHDU) and hdu.header.get("ZIMAGE"):
                    _check_table(hdu, raw)
            except (UnusableImage, MemoryError):
                raise
            except Exception as error:  # astropy and numpy raise many kinds on hostile column definitions
                raise UnusableImage("A compressed image in it has a damaged header.") from error


def _check_table(hdu: fits.BinTableHDU, raw: BinaryIO) -> None:
    header = hdu.header
    code = _check_code(header)
    axes = [int(header[f"ZNAXIS{axis}"]) for axis in range(1, int(header["ZNAXIS"]) + 1)]
    if not axes:
        return
    sides = [min(int(header[f"ZTILE{axis}"]), size) for axis, size in enumerate(axes, start=1)]
    if min(sides) < 1:
        raise ValueError("a tile without pixels")
    count = math.prod(-(-size // side) for size, side in zip(axes, sides, strict=True))
    if max(count, int(header["NAXIS2"])) > MAX_TILES:
        raise UnusableImage(f"A compressed image in it has too many tiles (at most {MAX_TILES}).")
    if math.prod(sides) > MAX_TILE_PIXELS:
        raise UnusableImage(
            f"A compressed image in it has tiles of {' x '.join(map(str, sides))} pixels "
            f"(at most {MAX_TILE_PIXELS} in all): offer the file uncompressed."
        )
    tile_bytes = math.prod(sides) * max(4, abs(int(header["ZBITPIX"])) // 8)
    places = _places(hdu, "GZIP_COMPRESSED_DATA", raw) if "GZIP_COMPRESSED_DATA" in hdu.columns.names else []
    if code in GZIP_CODES:
        places += _places(hdu, "COMPRESSED_DATA", raw)
    for place, length in places:
        _check_tile(raw, place, length, tile_bytes)


def _check_code(header: fits.Header) -> str:
    """The code of the tiles, one that can be unpacked without danger."""
    code = str(header["ZCMPTYPE"]).strip().upper()
    if code not in SAFE_CODES:
        known = code if re.fullmatch(r"[A-Z0-9_]{1,20}", code) else "an unknown code"
        raise UnusableImage(
            f"An image in it is compressed with {known}; only RICE and GZIP are read: offer the file uncompressed."
        )
    for key in header["ZNAME*"]:
        allowed = RICE_PARAMETERS.get(str(header[key]).strip().upper())
        if allowed and header[key.replace("ZNAME", "ZVAL")] not in allowed:
            raise ValueError("a parameter of RICE out of the standard")
    return code


def _places(hdu: fits.BinTableHDU, name: str, raw: BinaryIO) -> list[tuple[int, int]]:
    """(place in the file, bytes) of each tile of a column, read without the tiles."""
    header, start = hdu.header, int(hdu.fileinfo()["datLoc"])
    row_bytes, rows = int(header["NAXIS1"]), int(header["NAXIS2"])
    shape = re.match(r"1?([PQ])B", str(hdu.columns[name].format))
    if shape is None or row_bytes > MAX_ROW_BYTES:
        raise ValueError("a column of gzipped tiles holds bytes")
    field = (">i8" if shape[1] == "Q" else ">i4", (2,))
    offset = hdu.columns.dtype.fields[name][1]
    rows_type = np.dtype({"names": ["pair"], "formats": [field], "offsets": [offset], "itemsize": row_bytes})
    raw.seek(start)
    pairs = np.frombuffer(raw.read(row_bytes * rows), dtype=rows_type)["pair"].tolist()
    heap = start + int(header.get("THEAP", row_bytes * rows))
    return [(heap + offset, length) for length, offset in pairs if length > 0]


def _check_tile(raw: BinaryIO, place: int, length: int, tile_bytes: int) -> None:
    """Unpack one tile in small pieces, throwing them away, until it ends or exceeds its pixels."""
    raw.seek(place)
    opener, unpacked = zlib.decompressobj(GZIP_WINDOW), 0
    while length > 0 and (packed := raw.read(min(length, BLOCK_BYTES))):
        length -= len(packed)
        while packed and not opener.eof:
            try:
                unpacked += len(opener.decompress(packed, BLOCK_BYTES))
            except zlib.error as error:
                raise UnusableImage("A tile of a compressed image in it is damaged.") from error
            packed = opener.unconsumed_tail
            if unpacked > tile_bytes:
                raise UnusableImage(TOO_MUCH)
        if opener.eof and (length or opener.unused_data.strip(b"\0")):
            raise UnusableImage(TOO_MUCH)  # the reader would unpack what follows as well
