"""FITS in: what is taken, what is refused and why, and that twice is once."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from django.core.management import CommandError, call_command
from PIL import Image

from archive import cutting, intake
from archive.finding import PathRefused
from archive.models import Cutout, Exposure, Observation, SourceFile
from archive.renderings import cutout_pixels, cutout_wcs, exposure_wcs
from archive.services import ingest_start
from jobs.models import JobState
from jobs.services import job_retry, job_run
from tests.archive.files import bomb, fits_write, refused_files


def test_a_file_becomes_observation_exposures_and_cutouts(ingest: Any, tmp_path: Path, settings: Any) -> None:
    job = ingest(fits_write(tmp_path / "jtest0001q_flc.fits", chips=2))
    assert job.state == JobState.DONE, job.last_error
    assert job.result | {"rejected": []} == {
        "files": 1, "accepted": 1, "already_known": 0, "rejected": [], "rejected_count": 0, "skipped_other": 0,
        "exposures": 2, "cutouts": 24, "blank": 0,
    }  # fmt: skip
    observation = Observation.objects.get()
    assert (observation.name, observation.instrument, observation.detector) == ("jtest0001q", "ACS", "WFC")
    assert not observation.simulated
    exposures = list(Exposure.objects.order_by("extension"))
    found = [(exposure.extension, exposure.chip, exposure.kind, exposure.filter_name) for exposure in exposures]
    assert found == [(1, 1, "flc", "F606W"), (3, 2, "flc", "F606W")]
    assert exposures[0].exposure_s == 864.0
    assert exposures[0].pixel_scale_arcsec == pytest.approx(0.05, rel=1e-3)
    assert exposures[0].sky_level == pytest.approx(50, abs=0.5)
    assert exposures[0].sky_sigma == pytest.approx(7, abs=0.3)
    covered = np.zeros((150, 200), bool)
    for cutout in exposures[0].cutouts.all():
        covered[cutout.y0 : cutout.y0 + cutout.height, cutout.x0 : cutout.x0 + cutout.width] = True
        with Image.open(cutout.jpeg.open()) as picture:
            assert (picture.format, picture.mode, picture.size) == ("JPEG", "L", (64, 64))
    assert covered.all()
    source = SourceFile.objects.get()
    assert Path(source.stored.path).read_bytes() == (tmp_path / "jtest0001q_flc.fits").read_bytes()
    assert not list(Path(settings.MEDIA_ROOT).rglob("*.part"))


def test_a_cutout_has_the_parents_sky_position_at_its_corners(ingest: Any, tmp_path: Path) -> None:
    ingest(fits_write(tmp_path / "a_flc.fits"))
    for cutout in Cutout.objects.select_related("exposure"):
        parent, tile = exposure_wcs(cutout.exposure), cutout_wcs(cutout)
        corners = np.array([[0, 0], [63, 0], [63, 63], [0, 63]]) + 0.0
        back = parent.all_world2pix(tile.all_pix2world(corners, 0), 0, tolerance=1e-8) - (cutout.x0, cutout.y0)
        assert np.abs(back - corners).max() < 1e-4
        edges = parent.all_world2pix(np.array(cutout.footprint), 0, tolerance=1e-8) - (cutout.x0, cutout.y0)
        assert np.abs(edges - [[-0.5, -0.5], [63.5, -0.5], [63.5, 63.5], [-0.5, 63.5]]).max() < 1e-4
        middle = parent.all_world2pix([[cutout.ra_deg, cutout.dec_deg]], 0, tolerance=1e-8)[0] - (cutout.x0, cutout.y0)
        assert np.abs(middle - 31.5).max() < 1e-4


def test_real_hubble_files_come_through_the_same_door(ingest: Any, shared_data: Path, settings: Any) -> None:
    settings.TILE_SIZE, settings.TILE_OVERLAP = 256, 32
    result = ingest(shared_data / "hst").result
    assert (result["files"], result["accepted"], result["rejected_count"]) == (6, 5, 1)
    assert result["rejected"] == [
        {"name": "acswfc_flt_j8bt06nyq_sip.fits", "reason": "It has no image: the science extension has no pixels."}
    ]
    lookup = Exposure.objects.get(observation__name="ib4606c6q", chip=1)
    assert exposure_wcs(lookup).cpdis1 is not None
    for cutout in Cutout.objects.select_related("exposure__source_file"):
        parent, tile = exposure_wcs(cutout.exposure), cutout_wcs(cutout)
        right, top = cutout.width - 1.0, cutout.height - 1.0
        corners = np.array([[0.0, 0.0], [right, 0.0], [0.0, top], [right, top]])
        sky = tile.all_pix2world(corners, 0)
        direct = parent.all_pix2world(corners + (cutout.x0, cutout.y0), 0)
        offset_arcsec = np.abs((sky - direct) * [np.cos(np.radians(cutout.dec_deg)), 1]) * 3600
        assert offset_arcsec.max() / cutout.exposure.pixel_scale_arcsec < 0.01
    again = ingest(shared_data / "hst").result
    assert (again["accepted"], again["already_known"], again["cutouts"]) == (0, 5, 0)
    assert again["rejected"] == result["rejected"]


def test_pixels_read_again_are_those_that_were_cut(ingest: Any, tmp_path: Path) -> None:
    path = fits_write(tmp_path / "a_flc.fits")
    with fits.open(path, mode="update") as hdus:
        hdus["DQ"].data[40, 50] = 4
        hdus["SCI"].data[41, 50] = np.nan
    ingest(path)
    cutout = Cutout.objects.get(x0=0, y0=0)
    again = cutout_pixels(cutout)
    with fits.open(path) as hdus:
        expected = hdus["SCI"].data[:64, :64].astype(np.float32)
    expected[40, 50] = np.nan
    np.testing.assert_array_equal(again, expected)
    with Image.open(cutout.jpeg.open()) as kept:
        assert cutting.jpeg(again, cutout.low, cutout.high) == cutout.jpeg.open().read()
        assert np.asarray(kept)[63 - 40, 50] < 40  # row 0 of the picture is the top; no data is black


def test_twice_is_once(ingest: Any, tmp_path: Path) -> None:
    path = fits_write(tmp_path / "a_flc.fits")
    ingest(path)
    before = set(Cutout.objects.values_list("pk", "public_id"))
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "another-name.fits"
    copy.write_bytes(path.read_bytes())
    result = ingest(path, copy).result
    assert (result["files"], result["accepted"], result["already_known"]) == (2, 0, 2)
    assert set(Cutout.objects.values_list("pk", "public_id")) == before
    assert SourceFile.objects.count() == 1


def test_the_same_content_twice_in_one_job_is_taken_once(ingest: Any, tmp_path: Path) -> None:
    fits_write(tmp_path / "a.fits")
    (tmp_path / "b.fits").write_bytes((tmp_path / "a.fits").read_bytes())
    result = ingest(tmp_path).result
    assert (result["files"], result["accepted"], result["already_known"], result["cutouts"]) == (2, 1, 1, 12)


def test_unusable_files_are_named_with_their_reason_and_do_not_stop_the_others(ingest: Any, tmp_path: Path) -> None:
    expected = refused_files(tmp_path)
    fits_write(tmp_path / "zz-good.fits", ROOTNAME="jgood0001q")
    job = ingest(tmp_path)
    assert job.state == JobState.DONE, job.last_error
    reasons = {entry["name"]: entry["reason"] for entry in job.result["rejected"]}
    assert set(reasons) == set(expected)
    for name, (_, part) in expected.items():
        assert part in reasons[name], name
    assert job.result["accepted"] == 1
    assert Observation.objects.get().name == "jgood0001q"
    rejected = SourceFile.objects.filter(state="rejected")
    assert rejected.count() == len(expected)
    assert not any(file.stored for file in rejected)


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(ingest: Any, tmp_path: Path, monkeypatch: Any) -> None:
    real = intake.read_images
    monkeypatch.setattr(intake, "read_images", lambda path, **options: real(path, limit_bytes=8 << 20, **options))
    path = bomb(tmp_path / "bomb.fits.gz", megabytes=16)
    assert path.stat().st_size < 40_000
    assert "larger than" in ingest(path).result["rejected"][0]["reason"]


def test_gzipped_files_are_taken_and_kept_as_they_are(ingest: Any, tmp_path: Path) -> None:
    plain = fits_write(tmp_path / "a_flc.bin").read_bytes()
    (tmp_path / "a_flc.fits.gz").write_bytes(gzip.compress(plain))
    assert ingest(tmp_path).result["accepted"] == 1
    source = SourceFile.objects.get()
    assert source.stored.name == f"originals/{source.sha256}.fits.gz"
    cutout = Cutout.objects.get(x0=0, y0=0)
    with fits.open(io.BytesIO(plain)) as hdus:
        np.testing.assert_array_equal(cutout_pixels(cutout), hdus["SCI"].data[:64, :64])


def test_blank_tiles_are_skipped_and_counted(ingest: Any, tmp_path: Path) -> None:
    path = fits_write(tmp_path / "a_drz.fits")
    with fits.open(path, mode="update") as hdus:
        hdus["SCI"].data[:, :100] = 0  # drizzle's empty border
    result = ingest(path).result
    assert (result["cutouts"], result["blank"]) == (9, 3)
    assert Exposure.objects.get().cutouts_blank == 3
    assert 0 < Cutout.objects.order_by("data_fraction").first().data_fraction < 1


def test_a_chip_that_cannot_be_used_does_not_cost_the_other(ingest: Any, tmp_path: Path) -> None:
    path = fits_write(tmp_path / "a_flc.fits", chips=2)
    with fits.open(path, mode="update") as hdus:
        hdus["SCI", 1].data[:] = np.nan
    assert ingest(path).result["exposures"] == 1
    source = SourceFile.objects.get()
    assert source.state == "accepted"
    assert "1 of its images left out" in source.reason


def test_a_simulated_file_never_hides_in_a_real_observation(ingest: Any, tmp_path: Path) -> None:
    ingest(fits_write(tmp_path / "real.fits"))
    ingest(fits_write(tmp_path / "made.fits", seed=2, SIMULATE=True))
    assert sorted(Observation.objects.values_list("simulated", flat=True)) == [False, True]


def test_long_and_strange_headers_are_stored_as_far_as_they_fit(ingest: Any, tmp_path: Path) -> None:
    cards = {"INSTRUME": "I" * 60, "TARGNAME": "T" * 60, "ROOTNAME": "../../etc/" + "r" * 50, "FILTER1": "F" * 60}
    assert ingest(fits_write(tmp_path / "a.fits", **cards)).result["accepted"] == 1
    observation = Observation.objects.get()
    assert observation.instrument == "I" * 20
    assert observation.name == "r" * 50


def test_an_interrupted_ingest_goes_on_and_ends_in_the_same_rows(ingest: Any, tmp_path: Path, monkeypatch: Any) -> None:
    path = fits_write(tmp_path / "a_flc.fits", chips=2)
    ingest(path)
    fields = ("public_id", "x0", "y0", "recipe", "ra_deg", "dec_deg", "footprint", "low", "high", "jpeg")
    undisturbed = list(Cutout.objects.order_by("public_id").values(*fields))
    Cutout.objects.all().delete()
    Exposure.objects.all().delete()
    SourceFile.objects.all().delete()

    monkeypatch.setattr(cutting, "BATCH", 5)
    job, real = ingest_start([path]), cutting.bytes_put
    for stop_at in (3, 8, 17):  # files written in this attempt before it dies
        left = iter(range(stop_at))

        def dies(name: str, content: bytes, left: Any = left) -> None:
            if next(left, None) is None:
                raise RuntimeError("power cut")
            real(name, content)

        with monkeypatch.context() as patch:
            patch.setattr(cutting, "bytes_put", dies)
            job_run(job.pk)
        job.refresh_from_db()
        assert job.state == JobState.FAILED
        assert SourceFile.objects.get().state == "pending"
        assert Cutout.objects.count() < len(undisturbed)
        job_retry(job.pk)
    job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert list(Cutout.objects.order_by("public_id").values(*fields)) == undisturbed
    assert job.result["cutouts"] == 24 and job.result["accepted"] == 1


def test_a_missing_path_is_one_clear_error(db: None, tmp_path: Path) -> None:
    with pytest.raises(PathRefused, match="There is no file or folder"):
        ingest_start([tmp_path / "nothing"])
    with pytest.raises(CommandError, match="There is no file or folder"):
        call_command("ingest", str(tmp_path / "nothing"))


@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_it_did(tmp_path: Path, capsys: Any) -> None:
    fits_write(tmp_path / "good.fits")
    (tmp_path / "bad.fits").write_text("no")
    (tmp_path / "notes.txt").write_text("left alone")
    call_command("ingest", str(tmp_path))
    said = capsys.readouterr().out
    assert "bad.fits: This is not a FITS file." in said
    assert "2 files: 1 taken in (1 exposures, 12 cutouts" in said
    call_command("ingest", str(tmp_path / "good.fits"))
    assert "1 known already" in capsys.readouterr().out
    with pytest.raises(CommandError, match="None of these files"):
        call_command("ingest", str(tmp_path / "bad.fits"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(CommandError, match="no FITS file among"):
        call_command("ingest", str(tmp_path / "folder"))


def test_refused_files_can_be_read_again(ingest: Any, tmp_path: Path, monkeypatch: Any) -> None:
    path = fits_write(tmp_path / "a.fits")
    with monkeypatch.context() as patch:
        patch.setattr(intake, "plan_of", lambda *_: (_ for _ in ()).throw(intake.UnusableImage("An older version.")))
        assert ingest(path).result["rejected"][0]["reason"] == "An older version."
    assert ingest(path).result["accepted"] == 0
    assert ingest(path, again=True).result["accepted"] == 1


def test_a_file_that_changes_meanwhile_is_not_remembered_as_refused(
    ingest: Any, tmp_path: Path, monkeypatch: Any, settings: Any
) -> None:
    path = fits_write(tmp_path / "a.fits")
    real = intake.file_put

    def changed(name: str, source: Path, content: Any) -> None:
        with source.open("ab") as handle:  # another program goes on writing
            handle.write(bytes(2880))
        real(name, source, content)

    with monkeypatch.context() as patch:
        patch.setattr(intake, "file_put", changed)
        result = ingest(path).result
    assert "changed while it was read" in result["rejected"][0]["reason"]
    assert not [file for file in Path(settings.MEDIA_ROOT).rglob("*") if file.is_file()]
    assert not SourceFile.objects.exists()
    assert ingest(path).result["accepted"] == 1
