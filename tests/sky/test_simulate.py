"""Simulated exposures: deterministic, physical where it counts, and read through the same door as real ones."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from archive.tiling import Box, tiles
from sky.fits import read_images
from sky.simulate import (
    ACS_WFC,
    add_cosmic_rays,
    add_star,
    bleed,
    render_trail,
    ridge_peak,
    sample_exposure,
    simulate_exposure,
    truth_path,
    write_fits,
)
from sky.simulate.__main__ import main
from sky.simulate.motion import Orbit, asteroid_offsets, offset_sky
from sky.simulate.trails import satellite_profile
from sky.stretch import sky_statistics
from sky.wcs import separation_arcsec


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sample")
    assert main([str(folder), "--seed", "20260"]) == 0
    return sorted(folder.glob("*.fits"), key=lambda path: path.name[1:])


def trails_of(path: Path) -> list[dict]:
    return json.loads(truth_path(path).read_text())["trails"]


def visible_px(trail: dict, box: Box) -> float:
    """How much of a trail lies in a tile."""
    x, y = np.array(trail["curve_x"]) - box.x0, np.array(trail["curve_y"]) - box.y0
    return float(np.mean((x >= 0) & (x < box.width) & (y >= 0) & (y < box.height)) * trail["length_px"])


def test_a_trail_keeps_its_flux_and_its_height() -> None:
    image = render_trail((200, 300), np.linspace(60.3, 240.3, 40), np.full(40, 100.0), 9_000.0, 2.0)
    assert image.sum() == pytest.approx(9_000.0, rel=2e-3)
    assert image[:, 100:200].max(axis=0).mean() == pytest.approx(ridge_peak(50.0, 2.0), rel=0.02)
    centre = (image * np.arange(200)[:, None]).sum() / image.sum(), (image * np.arange(300)).sum() / image.sum()
    assert centre == pytest.approx((100.0, 150.3), abs=0.01)


def test_a_trail_is_brighter_where_the_object_was_slower() -> None:
    times = np.linspace(0, 1, 200)
    image = render_trail((40, 300), 50 + 200 * times**2, np.full(200, 20.0), 10_000.0, 2.0)
    column = image.sum(axis=0)
    # Flux per pixel goes as 1/speed: at x = 50 + 200 t^2 the speed is 400 t.
    assert column[100] / column[200] == pytest.approx(np.sqrt(150 / 50), rel=0.05)


def test_what_leaves_the_image_is_lost_and_not_wrapped() -> None:
    image = render_trail((50, 50), np.linspace(-100, 25, 40), np.full(40, 25.0), 1_250.0, 2.0)
    assert image.sum() == pytest.approx(255.0, rel=0.05)
    assert image[:, 40:].sum() < 1.0


def test_parallax_makes_the_path_curve_as_much_as_published() -> None:
    """Largest sagitta at 2 au over all phases, worked out from HST's orbit: 0.18, 1.17, 2.15 arcsec."""
    for exposure_s, expected in ((500.0, 0.18), (1_300.0, 1.17), (1_800.0, 2.15)):
        largest = 0.0
        for phase in range(0, 360, 6):
            times = 55_000.0 + np.linspace(0, exposure_s, 61) / 86_400
            orbit = Orbit(30.0, float(phase), 55_000.0)
            east, north = asteroid_offsets(times, orbit, 30.0, 0.0, motion_east=0.0, motion_north=0.0, distance_au=2.0)
            path = np.column_stack([east, north])
            # Against uniform motion between the ends: what curvature can be seen at best.
            straight = path[0] + (path[-1] - path[0]) * np.linspace(0, 1, 61)[:, None]
            largest = max(largest, float(np.hypot(*(path - straight).T).max()))
        assert largest == pytest.approx(expected, rel=0.15)


def test_offsets_on_the_sky_are_right_near_the_pole_too() -> None:
    for dec in (0.0, 60.0, 89.0, -75.0):
        ra_deg, dec_deg = offset_sky(200.0, dec, np.array([3.0]), np.array([4.0]))
        assert separation_arcsec(200.0, dec, float(ra_deg[0]), float(dec_deg[0])) == pytest.approx(5.0, abs=1e-4)


def test_cosmic_rays_cover_what_the_handbook_says() -> None:
    """1.5-3 % of the pixels in 1,000 s (ACS Instrument Handbook), sharp, and thinned by ``scale``."""
    rng = np.random.default_rng(4)
    image = np.zeros((1024, 1024), dtype=np.float32)
    count = add_cosmic_rays(image, rng, 1_000.0)
    assert 0.012 < np.mean(image > 30) < 0.03
    thin = add_cosmic_rays(np.zeros_like(image), rng, 1_000.0, scale=0.1)
    assert thin == pytest.approx(count / 10, rel=0.25)


def test_stars_keep_their_flux_and_show_spikes_at_45_degrees() -> None:
    image = np.zeros((301, 301), dtype=np.float32)
    add_star(image, 150.0, 150.0, 1e6, ACS_WFC, 8057.0)
    assert image.sum() == pytest.approx(1e6, rel=0.05)
    y, x = np.mgrid[-150:151, -150:151]
    ring = (np.hypot(x, y) > 30) & (np.hypot(x, y) < 60)
    diagonal = ring & (np.abs(np.abs(x) - np.abs(y)) < 3)
    axes = ring & (np.minimum(np.abs(x), np.abs(y)) < 3)
    assert image[diagonal].mean() > 2.5 * image[axes].mean()
    for x0, y0 in ((100.3, 100.0), (100.0, 99.6)):
        faint = np.zeros((200, 200), dtype=np.float32)
        add_star(faint, x0, y0, 1_000.0, ACS_WFC, 8057.0)
        centre = (faint * np.arange(200)).sum() / faint.sum(), (faint * np.arange(200)[:, None]).sum() / faint.sum()
        assert centre == pytest.approx((x0, y0), abs=0.12)


def test_bleeding_keeps_the_charge_and_the_full_well() -> None:
    image = np.zeros((200, 30), dtype=np.float32)
    image[90:93, 10:12] = 500_000.0
    bleed(image, 84_700.0)
    assert image.max() <= 84_700.0
    assert image.sum() == pytest.approx(3e6, rel=1e-3)
    assert set(np.nonzero(image)[1]) == {10, 11}


def test_a_near_satellite_is_out_of_focus() -> None:
    """2.4 m at 500 km are 0.99 arcsec, 20 ACS pixels; at 3,000 km the trail is a few pixels wide."""

    def width(km: float) -> float:
        profile, step = satellite_profile(km, 0.05, 2.0)
        assert profile.sum() == pytest.approx(1.0)
        return float(np.count_nonzero(profile > profile.max() / 2) * step)

    assert 14 < width(500.0) < 20.5
    assert 2 < width(3_000.0) < 5


def test_the_same_seed_gives_the_same_exposure_and_another_another() -> None:
    first, again, other = (simulate_exposure(seed=seed, shape=(300, 300)) for seed in (5, 5, 6))
    assert np.array_equal(first.pixels, again.pixels) and first.truth == again.truth
    assert not np.array_equal(first.pixels, other.pixels)


def test_unknown_cameras_are_refused() -> None:
    for options in ({"instrument": "NICMOS"}, {"filter_name": "F999W"}, {"exposure_s": 0.0}):
        with pytest.raises(ValueError, match=r"simulat|longer"):
            simulate_exposure(seed=1, shape=(64, 64), **options)  # type: ignore[arg-type]


def test_truth_agrees_with_the_wcs_of_the_file(tmp_path: Path) -> None:
    exposure = simulate_exposure(seed=8, shape=(500, 600), n_asteroids=2, n_satellites=1, dataset="jsim00008q")
    path = write_fits(exposure, tmp_path / "jsim00008q_flc.fits")
    (image,) = read_images(path)
    assert np.array_equal(image.pixels, exposure.pixels)
    header = image.header
    assert header.simulated and header.kind == "flc" and not header.combined
    assert (header.dataset, header.filter, header.photplam) == ("jsim00008q", "F814W", pytest.approx(8057.0))
    trails = trails_of(path)
    assert [t["kind"] for t in trails].count("satellite") == 1 and len(trails) >= 2
    for trail in trails:
        ra, dec = image.wcs.all_pix2world(trail["middle_x"], trail["middle_y"], 0)
        assert separation_arcsec(float(ra), float(dec), trail["middle_ra_deg"], trail["middle_dec_deg"]) < 1e-4
        assert len(trail["curve_x"]) >= 20
        along = np.hypot(np.diff(trail["curve_x"]), np.diff(trail["curve_y"]))
        assert along.sum() == pytest.approx(trail["length_px"], rel=2e-3)
        assert along[: len(along) // 2].sum() == pytest.approx(along.sum() / 2, rel=5e-3)


def test_the_sample_is_what_the_demo_promises(sample: list[Path]) -> None:
    assert len(sample) == 14
    bright, satellites, shown, total = 0, 0, 0, 0
    centres = []
    for path in sample:
        (image,) = read_images(path)
        assert image.header.simulated and 350 <= image.header.exposure_s <= 1800
        centres.append(tuple(np.round(image.wcs.wcs.crval, 2)))
        trails = trails_of(path)
        asteroids = [t for t in trails if t["kind"] == "asteroid"]
        bright += any(
            t["fully_inside"] and 3 <= t["ridge_snr"] <= 20 and 60 <= t["length_px"] <= 350 for t in asteroids
        )
        satellites += any(t["kind"] == "satellite" for t in trails)
        for box in tiles(image.pixels.shape[1], image.pixels.shape[0]):
            total += 1
            shown += any(visible_px(t, box) > 25 for t in trails if t["kind"] != "arc")
    assert bright >= 9
    assert 2 <= satellites <= 3
    assert len(set(centres)) == 14
    assert 0.25 <= shown / total <= 0.42


def test_the_sample_is_the_same_again(sample: list[Path], tmp_path: Path) -> None:
    for index in (0, 9):
        again = write_fits(sample_exposure(index, 20_260), tmp_path / sample[index].name)
        assert again.read_bytes() == sample[index].read_bytes()
        assert truth_path(again).read_text() == truth_path(sample[index]).read_text()


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_sky_of_a_simulated_exposure_is_as_computed() -> None:
    exposure = simulate_exposure(seed=2, shape=(512, 512), n_asteroids=0, exposure_s=500.0)
    level, sigma = sky_statistics(exposure.pixels)
    # 0.105 + 0.008 e-/s over 500 s; photon noise and 4.2 e- of read noise.
    assert level == pytest.approx(56.5, rel=0.05)
    assert sigma == pytest.approx(np.sqrt(56.5 + 4.2**2 + 0.6**2), rel=0.08)


def test_rendering_is_fast() -> None:
    simulate_exposure(seed=0, shape=(64, 64))
    start = time.process_time()
    simulate_exposure(seed=1, shape=(1024, 1024), n_asteroids=1, n_satellites=1)
    assert time.process_time() - start < 1.5
