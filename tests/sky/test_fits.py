"""Every usable image is read, everything else is refused with one sentence, whatever the bytes."""

import gzip
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sky.fits import ScienceImage, UnusableImage, read_images
from sky.fits_header import datetime_from_mjd, exposure_header, mjd_from_datetime
from sky.simulate import make_wcs


def primary(**changes: object) -> fits.PrimaryHDU:
    cards = {
        "TELESCOP": "HST", "INSTRUME": "ACS", "DETECTOR": "WFC", "FILTER1": "CLEAR1L", "FILTER2": "F814W",
        "ROOTNAME": "jtest0010", "PROPOSID": 9822, "TARGNAME": "A", "EXPSTART": 55_000.25,
        "EXPEND": 55_000.25 + 500 / 86_400, "EXPTIME": 500.0,
    } | changes  # fmt: skip
    hdu = fits.PrimaryHDU()
    hdu.header.update({name: value for name, value in cards.items() if value is not None})
    return hdu


def science(shape: tuple[int, ...] = (40, 50), *, wcs: bool = True, version: int = 1, seed: int = 1) -> fits.ImageHDU:
    pixels = np.random.default_rng(seed).normal(10, 2, shape).astype(np.float32)
    header = make_wcs(shape[-2:], 150.0, 2.0, 0.05, 10.0, sip=False).to_header() if wcs else None
    hdu = fits.ImageHDU(pixels, header, name="SCI", ver=version)
    hdu.header["BUNIT"] = "ELECTRONS"
    hdu.header["CCDCHIP"] = 3 - version
    return hdu


def write(path: Path, *hdus: fits.hdu.base.ExtensionHDU) -> Path:
    fits.HDUList(list(hdus)).writeto(path, overwrite=True)
    return path


def check_damaged(valid: bytes, changes: list[tuple[int, bytes]], path: Path) -> None:
    """A file with some bytes changed gives images, or a reason; never anything else."""
    content = bytearray(valid)
    for place, piece in changes:
        content[place : place + len(piece)] = piece
    path.write_bytes(content)
    try:
        assert images(path)
    except UnusableImage as error:
        assert error.reason


def images(path: Path, **options: object) -> list[ScienceImage]:
    return list(read_images(path, **options))  # type: ignore[arg-type]


def reason(path: Path, **options: object) -> str:
    with pytest.raises(UnusableImage) as caught:
        images(path, **options)
    text = caught.value.reason
    assert text[0].isupper() and text.endswith((".", ").")) and "\n" not in text
    return text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acswfc_f814w_cosmos_j8pu25fvq.fits", "j8pu25fvq ACS WFC F814W 9822 4056 combined drz 543"),
        ("uvis_drc_J0407-5006_F475X.fits", "J0407-5006_F475X_drc_sci WFC3 UVIS F475X 17199 988 combined drc 200"),
        ("uvis_drc_J0407-5006_F814W.fits", "J0407-5006_F814W_drc_sci WFC3 UVIS F814W 17199 1428 combined drc 200"),
        ("wfpc2_a478_u59n0201r_cr.fits", "u59n0201r WFPC2 - F814W 7337 600 single drz 600"),
        ("wfc3uvis_flc_ib4606c6q_10x10.fits", "ib4606c6q WFC3 UVIS F555W 11665 170 single flc 10"),
    ],
)
def test_real_files_are_read(shared_data: Path, name: str, expected: str) -> None:
    found = images(shared_data / "hst" / name)
    h = found[0].header
    got = (
        f"{h.dataset} {h.instrument} {h.detector or '-'} {h.filter} {h.proposal} {h.exposure_s:g} "
        f"{'combined' if h.combined else 'single'} {h.kind} {found[0].pixels.shape[0]}"
    )
    assert got == expected
    assert [image.chip for image in found] == ([2, 1] if "10x10" in name else [found[0].chip])
    assert found[0].pixels.dtype == np.float32 and found[0].pixels.dtype.isnative
    assert not h.simulated and h.photflam and h.start_utc < h.end_utc


def test_the_real_file_without_pixels_is_refused(shared_data: Path) -> None:
    path = shared_data / "hst" / "acswfc_flt_j8bt06nyq_sip.fits"
    assert reason(path) == "It has no image: the science extension has no pixels."


def test_times_of_a_real_header_agree_with_its_dates() -> None:
    """j8pu25fvq: EXPSTART 52995.85653448 is DATE-OBS 2003-12-22, TIME-OBS 20:33:24."""
    assert datetime_from_mjd(52_995.85653448).replace(microsecond=0) == datetime(2003, 12, 22, 20, 33, 24, tzinfo=UTC)
    assert mjd_from_datetime(datetime_from_mjd(52_995.85653448)) == pytest.approx(52_995.85653448, abs=1e-10)


def test_chips_come_one_by_one_with_no_data_as_nan(tmp_path: Path) -> None:
    flags = np.zeros((40, 50), dtype=np.int16)
    flags[3, 4], flags[5, 6], flags[7, 8] = 4, 16, 4096  # bad pixel; hot pixel; cosmic ray
    path = write(
        tmp_path / "x_flc.fits",
        primary(),
        science(version=1),
        fits.ImageHDU(flags, name="DQ", ver=1),
        science(version=2, seed=2),
    )
    first, second = images(path)
    assert (first.extension, first.chip, second.extension, second.chip) == (1, 2, 3, 1)
    assert np.argwhere(np.isnan(first.pixels)).tolist() == [[3, 4]]
    assert np.isfinite(second.pixels).all()
    assert first.header.kind == "flc" and first.header.unit == "ELECTRONS"


def test_weight_zero_is_no_data(tmp_path: Path) -> None:
    weight = np.ones((40, 50), dtype=np.float32)
    weight[:, :10] = 0
    (image,) = images(write(tmp_path / "x_drc.fits", primary(), science(), fits.ImageHDU(weight, name="WHT", ver=1)))
    assert np.isnan(image.pixels[:, :10]).all() and np.isfinite(image.pixels[:, 10:]).all()


def test_gzipped_and_compressed_images_are_read_alike(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.fits", primary(), science())
    zipped = tmp_path / "a.fits.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    sci = science()
    squeezed = write(
        tmp_path / "b.fits", primary(), fits.CompImageHDU(sci.data, sci.header, name="SCI", compression_type="GZIP_1")
    )
    (a,), (b,), (c,) = images(plain), images(zipped), images(squeezed)
    assert np.array_equal(a.pixels, b.pixels)
    assert np.allclose(a.pixels, c.pixels, atol=0.1)
    assert a.header.dataset == b.header.dataset == "jtest0010"


def test_a_blank_chip_is_left_out_and_told_of(tmp_path: Path) -> None:
    blank = science(version=2)
    blank.data[:] = 0
    skipped: list[str] = []
    assert len(images(write(tmp_path / "x.fits", primary(), science(), blank), skipped=skipped)) == 1
    assert skipped == ["The image is blank: no pixel holds data."]


def test_a_plain_image_with_an_iso_date_is_read(tmp_path: Path) -> None:
    sci = science()
    hdu = fits.PrimaryHDU(sci.data, sci.header)
    del hdu.header["EXTNAME"]
    hdu.header.update({"DATE-OBS": "2010-06-01T12:00:00.5", "EXPTIME": 60.0, "FILTER": "F606W"})
    (image,) = images(write(tmp_path / "plain.fits", hdu))
    assert image.header.start_utc == datetime(2010, 6, 1, 12, 0, 0, 500_000, tzinfo=UTC)
    assert (image.header.end_utc - image.header.start_utc).total_seconds() == pytest.approx(60.0)
    assert (image.header.kind, image.header.dataset, image.header.filter) == ("image", "plain", "F606W")


@pytest.mark.parametrize(
    ("cards", "name", "kind", "combined"),
    [
        ({}, "x_flt.fits", "flt", False),
        ({"NDRIZIM": 2}, "x_drc.fits", "drc", False),
        ({"NDRIZIM": 8, "EXPTIME": 2000.0}, "x_drz.fits", "drz", True),
        ({"NDRIZIM": 8}, "x_flt.fits", "drz", True),
        ({}, "upload", "image", False),
    ],
)
def test_kinds_and_combined(cards: dict[str, object], name: str, kind: str, combined: bool) -> None:
    header = exposure_header(primary(**cards).header, fits.Header(), name)
    assert (header.kind, header.combined) == (kind, combined)


def test_names_are_taken_from_paths_and_filters_from_the_beam() -> None:
    header = exposure_header(
        primary(ROOTNAME="../reduced_data/J0407_drc_sci.fits", FILTER1="F606W", FILTER2="CLEAR2L").header,
        fits.Header(),
        "u",
    )
    assert (header.dataset, header.filter) == ("J0407_drc_sci", "F606W")
    wfpc2 = primary(INSTRUME="WFPC2", FILTER1=38, FILTER2=0, FILTNAM1="F814W", FILTNAM2="")
    assert exposure_header(wfpc2.header, fits.Header(), "u").filter == "F814W"


def test_files_that_are_not_images_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    for content, expected in (
        (b"", "This is not a FITS file."),
        (b"\x89PNG\r\n\x1a\n" + bytes(4000), "This is not a FITS file."),
        (gzip.compress(b"hello" * 2000), "This gzip file does not hold a FITS file."),
        (gzip.compress(b""), "This gzip file is empty."),
        (b"SIMPLE  =" + b"x" * 5000, "The file is not readable as FITS (damaged header)."),
    ):
        path.write_bytes(content)
        assert reason(path) == expected
    assert reason(tmp_path / "absent.fits") == "The file cannot be read."
    assert reason(write(path, primary(), fits.BinTableHDU.from_columns([fits.Column("A", "J", array=[1])]))) \
        == "It has no image: the image has no pixels."  # fmt: skip


def test_shapes_out_of_range_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    assert "too small: 7 x 40" in reason(write(path, primary(), science((40, 7))))
    assert "3 axes" in reason(write(path, primary(), science((2, 40, 40))))
    big = science((8, 20_001))
    assert "too large: 20001 x 8" in reason(write(path, primary(), big))
    empty = science()
    empty.data[:] = np.nan
    assert "blank" in reason(write(path, primary(), empty))


def test_missing_or_impossible_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    assert reason(write(path, primary(), science(wcs=False))) == "It has no celestial coordinate system (WCS)."
    assert "no exposure times" in reason(write(path, primary(EXPSTART=None, EXPEND=None), science()))
    assert "ends before it starts" in reason(write(path, primary(EXPEND=54_999.0), science()))
    assert "not plausible" in reason(write(path, primary(EXPSTART=5.0, EXPEND=5.1), science()))
    bomb = science()
    bomb.header.update({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 60_000, "B_ORDER": 60_000})
    assert "A_ORDER is 60000" in reason(write(path, primary(), bomb))


def test_a_truncated_file_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.fits", primary(), science(), science(version=2)).read_bytes()
    cut = tmp_path / "cut.fits"
    for size in (3_000, 6_500, 12_000, len(whole) - 5_000):
        cut.write_bytes(whole[:size])
        assert reason(cut)
    cut.write_bytes(gzip.compress(whole)[:-2_000])
    assert "gzip file is cut short" in reason(cut)


def test_a_header_that_promises_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.fits", primary(), science())
    content = path.read_bytes().replace(b"NAXIS1  =                   50", b"NAXIS1  =          50000000000")
    path.write_bytes(content)
    assert "cut short" in reason(path)


def test_an_unpacking_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.fits", primary(), science((500, 500)))
    zipped = tmp_path / "a.fits.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes() + bytes(30_000_000)))
    assert "larger than" in reason(zipped, limit_bytes=5_000_000)


def test_memory_holds_one_chip_at_a_time(tmp_path: Path) -> None:
    planes = [fits.ImageHDU(np.ones((1500, 1500), np.float32), name="ERR", ver=v) for v in (1, 2)]
    flags = [fits.ImageHDU(np.zeros((1500, 1500), np.int16), name="DQ", ver=v) for v in (1, 2)]
    path = write(
        tmp_path / "x_flc.fits",
        primary(),
        science((1500, 1500)),
        planes[0],
        flags[0],
        science((1500, 1500), version=2),
        planes[1],
        flags[1],
    )
    chip_bytes = 1500 * 1500 * 4
    del planes, flags
    tracemalloc.start()
    assert sum(image.chip for image in read_images(path)) == 3
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3.6 * chip_bytes


@pytest.fixture(scope="module")
def valid_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(
        tmp_path_factory.mktemp("valid") / "v_flc.fits",
        primary(),
        science(),
        fits.ImageHDU(np.zeros((40, 50), np.int16), name="DQ"),
    ).read_bytes()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 14_000), st.binary(min_size=1, max_size=12)), min_size=1, max_size=6))
def test_damaged_bytes_give_images_or_a_reason(
    valid_bytes: bytes, tmp_path: Path, changes: list[tuple[int, bytes]]
) -> None:
    check_damaged(valid_bytes, changes, tmp_path / "damaged.fits")
