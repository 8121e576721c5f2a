"""Files made to hurt: they are refused with one sentence, without much memory and without leaving anything behind."""

import gzip
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sky.fits import UnusableImage, read_images
from sky.fits_box import read_box
from sky.fits_header import exposure_header
from tests.sky.test_fits import check_damaged, images, primary, reason, science, write


def squeezed(path: Path, shape: tuple[int, int] = (300, 200), **options: object) -> Path:
    """A file with a tile-compressed science image and its DQ plane."""
    sci = science(shape)
    flags = np.zeros(shape, np.int16)
    flags[3, 4] = 4
    options = {"compression_type": "RICE_1"} | options
    return write(
        path,
        primary(),
        fits.CompImageHDU(sci.data, sci.header, name="SCI", **options),
        fits.CompImageHDU(flags, fits.Header({"EXTVER": 1}), name="DQ", compression_type="RICE_1"),
    )


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, by itself."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({}, 0.5),
        ({"tile_shape": (300, 1)}, 0.5),
        ({"tile_shape": (300, 200), "compression_type": "GZIP_2", "quantize_level": 0}, 0.0),
        ({"tile_shape": (7, 33), "compression_type": "GZIP_1", "quantize_level": 0}, 0.0),
    ],
)
def test_compressed_images_are_read_whole_and_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], error: float
) -> None:
    monkeypatch.setattr("sky.fits_pixels.BLOCK_PIXELS", 5_000)
    path = squeezed(tmp_path / "a_flc.fits.fz", **options)
    (image,) = images(path)
    assert np.argwhere(np.isnan(image.pixels)).tolist() == [[3, 4]]
    assert np.nanmax(np.abs(image.pixels - science((300, 200)).data)) <= error
    part = read_box(path, image.extension, slice(2, 70), slice(3, 90))
    assert np.array_equal(part, image.pixels[2:70, 3:90], equal_nan=True)


def test_a_compressed_image_smaller_than_its_pixels_is_read_but_not_where_it_is_cut(tmp_path: Path) -> None:
    path = squeezed(tmp_path / "a.fits.fz")
    assert path.stat().st_size < 300 * 200 * 4
    assert len(images(path)) == 1
    whole = path.read_bytes()
    with fits.open(path) as hdus:
        ends = [hdus[i].fileinfo()["datLoc"] + hdus[i].fileinfo()["datSpan"] for i in (1, 2)]
    for size in (ends[0] - 3_000, ends[0] - 20_000, ends[1] - 2_880):
        path.write_bytes(whole[:size])
        assert "cut short" in reason(path)


def with_tile(path: Path, packed: bytes) -> Path:
    """The file with the first tile of its image replaced by ``packed``, which must not be longer than the heap."""
    with fits.open(path, disable_image_compression=True) as hdus:
        start = hdus[1].fileinfo()["datLoc"]
        heap = start + hdus[1].header["NAXIS1"] * hdus[1].header["NAXIS2"]
        assert len(packed) <= hdus[1].header["PCOUNT"]
        assert hdus[1].columns.dtype.fields["COMPRESSED_DATA"][1] == 0
    content = bytearray(path.read_bytes())
    content[start : start + 8] = np.array([len(packed), 0], ">i4").tobytes()
    content[heap : heap + len(packed)] = packed
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        (gzip.compress(bytes(100_000_000), 1), "unpacks to more than its pixels"),
        (gzip.compress(bytes(800)) + gzip.compress(bytes(100_000_000), 1), "unpacks to more than its pixels"),
        (gzip.compress(bytes(800)) + bytes(40) + gzip.compress(bytes(100_000_000), 1), "more than its pixels"),
        (b"\x1f\x8b\x08\xe0" + gzip.compress(bytes(100_000_000), 1)[4:], "damaged"),  # flags that zlib refuses
    ],
    ids=["one member", "a second member", "after padding", "reserved flags"],
)
def test_a_bomb_in_a_tile_is_refused_before_it_takes_memory(tmp_path: Path, packed: bytes, expected: str) -> None:
    path = squeezed(tmp_path / "a.fits", (800, 200), compression_type="GZIP_1", quantize_level=0)
    with_tile(path, packed)
    tracemalloc.start()
    text = reason(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert expected in text and peak < 20_000_000


def altered(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content and len(old) == len(new)
    path.write_bytes(content.replace(old, new))
    return path


def test_codes_whose_decoder_trusts_the_file_are_refused(tmp_path: Path) -> None:
    path = squeezed(tmp_path / "a.fits", compression_type="HCOMPRESS_1", tile_shape=(64, 64))
    assert "compressed with HCOMPRESS_1" in reason(path)
    path = altered(squeezed(tmp_path / "a.fits"), b"'RICE_1  '", b"'PLIO_1  '")
    assert "compressed with PLIO_1" in reason(path)


@pytest.mark.parametrize(("parameter", "value"), [("ZVAL1", "0"), ("ZVAL1", "-8"), ("ZVAL2", "3"), ("ZVAL2", "0")])
def test_rice_with_parameters_out_of_the_standard_is_refused(tmp_path: Path, parameter: str, value: str) -> None:
    path = squeezed(tmp_path / "a.fits")
    usual = {"ZVAL1": "32", "ZVAL2": "4"}[parameter]
    altered(path, f"{parameter:8}= {usual:>20}".encode(), f"{parameter:8}= {value:>20}".encode())
    assert "damaged header" in reason(path)


def test_tiles_too_many_or_too_large_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = squeezed(tmp_path / "a.fits", tile_shape=(10, 10))
    monkeypatch.setattr("sky.fits_tiles.MAX_TILES", 599)
    assert "too many tiles" in reason(path)
    monkeypatch.setattr("sky.fits_tiles.MAX_TILES", 600)
    assert len(images(path)) == 1
    monkeypatch.setattr("sky.fits_tiles.MAX_TILE_PIXELS", 99)
    assert "tiles of 10 x 10 pixels" in reason(path)


def test_a_gzip_bomb_is_refused_by_its_ratio_and_leaves_nothing(tmp_path: Path, spool: Path) -> None:
    plain = write(tmp_path / "a.fits", primary(), science()).read_bytes()
    bomb = tmp_path / "bomb.fits.gz"
    bomb.write_bytes(gzip.compress(plain + bytes(80_000_000)))
    assert "times larger" in reason(bomb)
    assert not list(spool.iterdir())
    bomb.write_bytes(gzip.compress(plain + bytes(20_000_000)))  # out of proportion, yet harmless
    assert len(images(bomb)) == 1
    assert not list(spool.iterdir())


def test_the_unpacked_copy_goes_whatever_happens(tmp_path: Path, spool: Path) -> None:
    plain = write(tmp_path / "a.fits", primary(), science(), science(version=2)).read_bytes()
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress(plain)[:-3_000])
    assert "cut short" in reason(path)
    path.write_bytes(gzip.compress(plain[:9_000]))
    assert "cut short" in reason(path)
    assert not list(spool.iterdir())
    path.write_bytes(gzip.compress(plain))
    reading = read_images(path)
    next(reading)
    assert list(spool.iterdir())
    reading.close()
    assert not list(spool.iterdir())


def test_a_large_image_takes_little_more_memory_than_its_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write(path, primary(), science((4000, 3000)))
    tracemalloc.start()
    (shape,) = (image.pixels.shape for image in read_images(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shape == (4000, 3000) and peak < 1.5 * 4000 * 3000 * 4


def test_a_file_of_endless_extensions_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sky.fits_open.MAX_EXTENSIONS", 3)
    path = tmp_path / "a.fits"
    assert len(images(write(path, primary(), science(), science(version=2)))) == 2
    assert "more than 3 extensions" in reason(write(path, primary(), *(science(version=v) for v in (1, 2, 3))))


def test_a_huge_distortion_table_is_refused(tmp_path: Path) -> None:
    table = fits.ImageHDU(np.zeros((2049, 2048), np.float32), name="WCSDVARR", ver=1)
    assert "distortion table" in reason(write(tmp_path / "a.fits", primary(), science(), table))


@pytest.mark.parametrize(
    ("rootname", "file_name", "dataset"),
    [
        ("..", "j8pu25fvq_flc.fits.gz", "j8pu25fvq_flc"),
        ("../../etc/..", "a.fits", "a"),
        ("<b>x</b>", "a.fits.fz", "a"),
        ("a b", "my image (2).fit", "my_image_2_"),
        ("...", "évidence.fits", "_vidence"),
        ("ok_1.2-3", "a.fits", "ok_1.2-3"),
        (None, "C:\\data\\b.fts", "b"),
    ],
)
def test_datasets_have_harmless_names(rootname: str | None, file_name: str, dataset: str) -> None:
    assert exposure_header(primary(ROOTNAME=rootname).header, fits.Header(), file_name).dataset == dataset


def test_a_file_with_nothing_to_name_it_after_is_refused() -> None:
    with pytest.raises(UnusableImage, match="no usable name"):
        exposure_header(primary(ROOTNAME="..").header, fits.Header(), "...fits")


def test_texts_with_control_characters_count_as_absent(tmp_path: Path) -> None:
    path = write(tmp_path / "a.fits", primary(TARGNAME="NGC-xxx", OBJECT="M 31", PROPOSID="xxx"), science())
    path.write_bytes(path.read_bytes().replace(b"xxx", b"\0\x1b\x7f"))
    (image,) = images(path)
    assert (image.header.target, image.header.proposal) == ("M 31", "")


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"CRVAL1": 1e300}, "no place of the sky"),
        ({"CRVAL1": -361.0}, "no place of the sky"),
        ({"CRVAL2": 90.5}, "is damaged"),
        ({"CRPIX1": 1e200}, "a pixel is not between"),
        ({"PC2_1": -1.4e-5, "PC2_2": 2.5e-6}, "a pixel is not between"),
        ({"CDELT1": 0.09, "CDELT2": 0.09}, "a pixel is not between"),
        ({"CDELT1": -101.0, "CDELT2": 101.0}, "a pixel is not between"),
        ({"CDELT1": 0.001}, "a pixel is not between"),
        ({"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}, "not right ascension, then declination"),
        (
            {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 2.0, "CRVAL2": 150.0},
            "not right ascension, then declination",
        ),
    ],
)
def test_positions_off_the_sky_and_absurd_pixels_are_refused(
    tmp_path: Path, cards: dict[str, object], expected: str
) -> None:
    sci = science()
    sci.header.update(cards)
    assert expected in reason(write(tmp_path / "a.fits", primary(), sci))


@pytest.mark.parametrize("name", ["ZIMAGE", "ZTILE1", "TFORM1", "TTYPE1"])
def test_a_card_that_cannot_be_parsed_is_no_error_of_ours(tmp_path: Path, name: str) -> None:
    path = squeezed(tmp_path / "a.fits", compression_type="GZIP_1", quantize_level=0)
    card = f"{name:8}= ".encode()
    before, after = path.read_bytes().split(card, 1)
    path.write_bytes(before + card + b"'@@".ljust(70) + after[70:])
    assert reason(path)


@pytest.mark.parametrize("name", ["A_ORDER", "CCDCHIP"])
def test_a_science_card_that_cannot_be_parsed_is_no_error_of_ours(tmp_path: Path, name: str) -> None:
    sci = science()
    sci.header[name] = 1
    path = write(tmp_path / "a.fits", primary(), sci)
    card = f"{name:8}= ".encode()
    before, after = path.read_bytes().split(card, 1)
    path.write_bytes(before + card + b"'@@".ljust(70) + after[70:])
    if name == "CCDCHIP":
        assert images(path)[0].chip == 1
    else:
        assert "damaged" in reason(path)


@pytest.fixture(scope="module")
def compressed_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return squeezed(tmp_path_factory.mktemp("valid") / "v.fits", (40, 50), tile_shape=(20, 25)).read_bytes()


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 19_000), st.binary(min_size=1, max_size=12)), min_size=1, max_size=6))
def test_damaged_compressed_bytes_give_images_or_a_reason(
    compressed_bytes: bytes, tmp_path: Path, changes: list[tuple[int, bytes]]
) -> None:
    check_damaged(compressed_bytes, changes, tmp_path / "damaged.fits")
