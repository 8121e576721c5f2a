"""Real frames as backgrounds: FITS and pictures, in electrons as well as can be told, or a reason why not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sky.fits import UnusableImage
from sky.simulate import mask_beside, read_background, simulate_exposure, write_fits
from sky.stretch import sky_statistics


def noise(seed: int, shape: tuple[int, int] = (80, 120)) -> np.ndarray:
    return np.random.default_rng(seed).normal(60, 8, shape).clip(0, 255).astype(np.uint8)


def test_a_picture_stands_as_fits_does_and_its_noise_becomes_that_of_an_exposure(tmp_path: Path) -> None:
    array = noise(1)
    array[3, 5] = 255
    Image.fromarray(array).save(tmp_path / "frame.png")
    (found,) = read_background(tmp_path / "frame.png")
    assert found.picture and found.pixels.dtype == np.float32 and found.pixels.shape == (80, 120)
    assert found.pixels[-4, 5] == 255  # row 0 is the bottom
    assert sky_statistics(found.pixels)[1] * found.gain == pytest.approx(12.0, rel=0.01)


def test_marks_in_colour_and_masked_pixels_are_no_data(tmp_path: Path) -> None:
    array = np.dstack([noise(2)] * 3)
    array[10:14, 20:30] = (0, 255, 0)
    array[40, 60] = (90, 80, 70)  # JPEG's own faint colours stay
    Image.fromarray(array).save(tmp_path / "ib1f31e9q_flc.fits.png")
    mask = np.zeros((80, 120), np.uint8)
    mask[70:75] = 1
    Image.fromarray(mask).save(tmp_path / "ib1f31e9q_mask.png")
    (found,) = read_background(tmp_path / "ib1f31e9q_flc.fits.png")
    gone = np.isnan(found.pixels)[::-1]
    assert gone[8:16, 20:30].all() and gone[70:75].all() and not gone[40, 60]
    assert gone.sum() < 5 * 120 + 8 * 14 + 1


def test_the_mask_beside_a_frame_is_found_and_must_fit(tmp_path: Path) -> None:
    frame = tmp_path / "frame.jpg"
    Image.fromarray(noise(3)).save(frame)
    assert mask_beside(frame) is None
    other = tmp_path / "other.png"
    Image.fromarray(np.ones((10, 10), np.uint8)).save(other)
    with pytest.raises(UnusableImage, match="10 x 10 pixels, not 120 x 80"):
        read_background(frame, mask=other)
    Image.fromarray(np.ones((80, 120), np.uint8)).save(tmp_path / "frame_mask.png")
    assert mask_beside(frame) == tmp_path / "frame_mask.png"
    with pytest.raises(UnusableImage, match="Almost nothing"):
        read_background(frame)


def test_what_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    (tmp_path / "text.fits").write_text("SIMPLE? no")
    Image.fromarray(noise(4, (20, 20))).save(tmp_path / "small.png")
    Image.fromarray(np.zeros((80, 80), np.uint16)).save(tmp_path / "deep.png")
    for name, words in {
        "absent.fits": "There is no file",
        "broken.png": "damaged",
        "text.fits": "FITS",
        "small.png": "too small",
        "deep.png": "more than 8 bits",
    }.items():
        with pytest.raises(UnusableImage, match=words) as caught:
            read_background(tmp_path / name)
        assert caught.value.reason.endswith(".")


def test_a_picture_too_large_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    Image.new("L", (9_000, 9_000)).save(tmp_path / "huge.png")
    with pytest.raises(UnusableImage, match="too large: 9000 x 9000"):
        read_background(tmp_path / "huge.png")


@pytest.mark.parametrize(("unit", "factor"), [("ELECTRONS", 1.0), ("ELECTRONS/S", 500.0), ("COUNTS", 500.0)])
def test_electrons_are_told_from_electrons_per_second(tmp_path: Path, unit: str, factor: float) -> None:
    """``COUNTS`` of so little noise must be a rate, whatever the header calls it."""
    exposure = simulate_exposure(seed=3, shape=(128, 128), exposure_s=500.0, n_asteroids=0)
    sigma_e = sky_statistics(exposure.pixels)[1]
    exposure.pixels[:] /= factor
    path = write_fits(exposure, tmp_path / "jsim00003q_flc.fits")
    from astropy.io import fits

    with fits.open(path, mode="update") as hdus:
        hdus["SCI"].header["BUNIT"] = unit
    (found,) = read_background(path)
    assert found.gain == pytest.approx(factor)
    assert sky_statistics(found.pixels)[1] * found.gain == pytest.approx(sigma_e, rel=1e-3)
    assert (found.picture, found.exposure_s) == (False, 500.0)
    assert (found.pixel_scale_arcsec, found.psf_fwhm_px) == (pytest.approx(0.05), pytest.approx(2.08, rel=0.02))


def test_real_frames_serve(shared_data: Path) -> None:
    """COSMOS says ELECTRONS and means a rate; WFPC2 counts at 7 electrons each; the files without an image say so."""
    expected = {
        "acswfc_f814w_cosmos_j8pu25fvq.fits": (4056.0, 0.03),
        "uvis_drc_J0407-5006_F475X.fits": (988.0, 0.04),
        "wfpc2_a478_u59n0201r_cr.fits": (4200.0, 0.1),
    }
    for name, (gain, scale) in expected.items():
        (found,) = read_background(shared_data / "hst" / name)
        assert (found.gain, found.pixel_scale_arcsec) == (pytest.approx(gain), pytest.approx(scale, rel=0.02))
        assert 5 < sky_statistics(found.pixels)[1] * found.gain < 20
    for name, words in {
        "acswfc_flt_j8bt06nyq_sip.fits": "no pixels",
        "wfc3uvis_flc_ib4606c6q_10x10.fits": "small",
    }.items():
        with pytest.raises(UnusableImage, match=words):
            read_background(shared_data / "hst" / name)


def test_the_satellite_under_the_mask_is_gone(shared_data: Path) -> None:
    path = shared_data / "images" / "ib1f31e9q_flc.fits.jpg"
    (found,) = read_background(path)
    with Image.open(path) as picture:
        whole = np.asarray(picture, dtype=np.float32)[::-1]
    hidden = np.isnan(found.pixels)
    assert 0.002 < hidden.mean() < 0.005
    assert np.median(whole[hidden]) > 3 * np.median(whole[~hidden])
    assert found.pixel_scale_arcsec == pytest.approx(0.04)
