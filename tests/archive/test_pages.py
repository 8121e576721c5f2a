"""The archive's pages, the form that takes files in, and the pictures everyone sees."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import Role, User
from archive import renderings
from archive.models import Cutout, Observation, SourceFile
from archive.selectors import cutout_viewer, footprints_svg
from jobs.models import Job
from jobs.services import job_run
from sky.stretch import rg16_decode
from tests.archive.files import fits_write


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_user("ada", role=Role.ADMIN))
    return client


@pytest.fixture
def scientist(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("sci", role=Role.SCIENTIST))
    return client


def test_the_jpeg_is_for_everyone_and_for_ever(ingest: Any, tmp_path: Path, client: Client) -> None:
    ingest(fits_write(tmp_path / "a.fits"))
    cutout = Cutout.objects.first()
    address = reverse("archive:image", args=[cutout.public_id])
    assert address == f"/images/{cutout.public_id}.jpg"
    answer = client.get(address, headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in answer.get("Vary", "") and not answer.cookies
    assert answer.content == cutout.jpeg.open().read()
    again = client.get(address, headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/images/00000000-0000-0000-0000-000000000000.jpg").status_code == 404
    assert client.post(address).status_code == 405


def test_the_16_bit_picture_keeps_what_the_jpeg_loses(ingest: Any, tmp_path: Path, client: Client) -> None:
    ingest(fits_write(tmp_path / "a.fits"))
    cutout = Cutout.objects.select_related("exposure__source_file").first()
    answer = client.get(reverse("archive:image_rg16", args=[cutout.public_id]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    with Image.open(io.BytesIO(answer.content)) as picture:
        image = np.asarray(picture.convert("RGB"))
    shown = cutout_viewer(cutout)
    back = rg16_decode(image, shown["rg16_zero"], shown["rg16_scale"])
    assert np.abs(back - renderings.cutout_pixels(cutout)).max() <= cutout.exposure.sky_sigma / 8 * 1.001


@pytest.mark.django_db(transaction=True)
def test_two_first_requests_make_the_16_bit_picture_once(ingest: Any, tmp_path: Path, monkeypatch: Any) -> None:
    ingest(fits_write(tmp_path / "a.fits"))
    cutout_id, made, contents = Cutout.objects.first().pk, [], []
    real, start = renderings._rg16_make, threading.Barrier(3)

    def counted(cutout: Cutout) -> None:
        made.append(cutout.pk)
        real(cutout)

    monkeypatch.setattr(renderings, "_rg16_make", counted)

    def ask() -> None:
        cutout = Cutout.objects.select_related("exposure__source_file").get(pk=cutout_id)
        start.wait()
        with renderings.cutout_rg16(cutout) as file:
            contents.append(file.read())
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [cutout_id]
    assert len(contents) == 3 and len(set(contents)) == 1


@pytest.mark.django_db(transaction=True)
def test_16_bit_pictures_are_made_two_at_a_time_and_nobody_waits_for_long(
    ingest: Any, tmp_path: Path, client: Client, monkeypatch: Any
) -> None:
    ingest(fits_write(tmp_path / "a.fits"))
    addresses = [reverse("archive:image_rg16", args=[cutout.public_id]) for cutout in Cutout.objects.all()[:4]]
    at_work, go_on = threading.Barrier(3), threading.Event()
    real = renderings._rg16_make

    def slow(cutout: Cutout) -> None:
        at_work.wait(10)
        go_on.wait(30)
        real(cutout)

    monkeypatch.setattr(renderings, "_rg16_make", slow)
    statuses: list[int] = []

    def ask(address: str) -> None:
        statuses.append(Client().get(address).status_code)
        connection.close()

    makers = [threading.Thread(target=ask, args=(address,)) for address in addresses[:2]]
    for thread in makers:
        thread.start()
    at_work.wait(10)
    monkeypatch.setattr(renderings, "RG16_WAIT_S", 0.3)
    answer = client.get(addresses[2])
    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "2", "no-store")

    monkeypatch.setattr(renderings, "RG16_WAIT_S", 10.0)
    third = threading.Thread(target=ask, args=(addresses[2],))
    third.start()
    begun = time.monotonic()
    while renderings._waiting._value and time.monotonic() < begun + 5:  # until a third request waits in this process
        time.sleep(0.01)
    begun = time.monotonic()
    assert client.get(addresses[3]).status_code == 503  # and a fourth is not kept waiting
    assert time.monotonic() - begun < 2

    monkeypatch.setattr(renderings, "_rg16_make", real)
    go_on.set()
    for thread in [*makers, third]:
        thread.join()
    assert statuses == [200, 200, 200]
    assert client.get(addresses[3]).status_code == 200


def test_a_cutout_as_fits_has_its_pixels_and_its_exact_place(ingest: Any, tmp_path: Path, scientist: Client) -> None:
    ingest(fits_write(tmp_path / "a.fits"))
    cutout = Cutout.objects.select_related("exposure__source_file").get(x0=136, y0=86)
    answer = scientist.get(reverse("archive:cutout_fits", args=[cutout.public_id]))
    assert 'filename="jtest0001q_1_136_86.fits"' in answer["Content-Disposition"]
    with fits.open(io.BytesIO(answer.content)) as hdus:
        np.testing.assert_array_equal(hdus[0].data, renderings.cutout_pixels(cutout))
        sky = WCS(hdus[0].header, fobj=hdus).all_pix2world([[0.0, 0.0], [63.0, 63.0]], 0)
        assert (hdus[0].header["EXPSTART"], hdus[0].header["SIMULATE"]) == (55000.25, False)
    parent = renderings.exposure_wcs(cutout.exposure).all_pix2world([[136.0, 86.0], [199.0, 149.0]], 0)
    assert np.abs(sky - parent).max() * 3600 / 0.05 < 0.001
    anonymous = Client().get(reverse("archive:cutout_fits", args=[cutout.public_id]))
    assert anonymous.status_code == 302


def test_observations_are_listed_and_paged_at_constant_cost(
    scientist: Client, django_assert_max_num_queries: Any, settings: Any, ingest: Any, tmp_path: Path
) -> None:
    ingest(fits_write(tmp_path / "a.fits", SIMULATE=True))
    Observation.objects.bulk_create(Observation(name=f"o{n:03d}", instrument="ACS") for n in range(60))
    with django_assert_max_num_queries(4):
        first = scientist.get(reverse("archive:index"))
    seen, page = [], first
    while True:
        seen += [row.name for row in page.context["page"].rows]
        if not page.context["page"].older:
            break
        page = scientist.get(reverse("archive:index"), {"at": page.context["page"].older})
    assert seen == [f"o{n:03d}" for n in range(59, -1, -1)] + ["jtest0001q"]
    assert "Simulated" in page.content.decode()
    last = page.context["page"]
    back = scientist.get(reverse("archive:index"), {"at": last.newer}).context["page"]
    assert back.rows[-1].name == seen[seen.index(last.rows[0].name) - 1]
    for nonsense in ("older~x~y", "older~~", "newer~1e9999~2", "~", "older~99999999999999999999~1"):
        assert scientist.get(reverse("archive:index"), {"at": nonsense}).status_code == 200


def test_an_observation_shows_exposures_and_cutouts(ingest: Any, tmp_path: Path, scientist: Client) -> None:
    ingest(fits_write(tmp_path / "a_flc.fits", chips=2))
    shown = scientist.get(reverse("archive:observation", args=["jtest0001q"])).content.decode()
    assert shown.count("<polygon") == 2
    assert shown.count("/images/") == 24
    assert "https://sky.esa.int/esasky/?target=150.0" in shown
    assert scientist.get(reverse("archive:observation", args=["nothing"])).status_code == 404


def test_refused_files_are_listed_with_their_reason(ingest: Any, tmp_path: Path, scientist: Client) -> None:
    (tmp_path / "bad.fits").write_text("<script>alert(1)</script>")
    ingest(tmp_path / "bad.fits", fits_write(tmp_path / "good.fits"))
    everything = scientist.get(reverse("archive:files")).content.decode()
    assert "bad.fits" in everything and "This is not a FITS file." in everything and "good.fits" in everything
    refused = scientist.get(reverse("archive:files"), {"state": "rejected"}).content.decode()
    assert "bad.fits" in refused and "good.fits" not in refused


def test_an_admin_takes_in_a_folder_of_the_server(admin: Client, tmp_path: Path, settings: Any) -> None:
    settings.INGEST_ROOTS = [str(tmp_path)]
    fits_write(tmp_path / "a.fits")
    answer = admin.post(reverse("archive:ingest"), {"folder": str(tmp_path)})
    job = Job.objects.get()
    assert answer["Location"] == reverse("jobs:detail", args=[job.pk])
    assert job.requested_by.username == "ada"
    job_run(job.pk)
    assert SourceFile.objects.get().state == "accepted"


@pytest.mark.parametrize("folder", ["/etc", "{root}/../..", "{root}/nothing", ""])
def test_a_folder_that_is_not_allowed_starts_nothing(admin: Client, tmp_path: Path, settings: Any, folder: str) -> None:
    settings.INGEST_ROOTS = [str(tmp_path)]
    answer = admin.post(reverse("archive:ingest"), {"folder": folder.format(root=tmp_path)})
    assert answer.status_code == 422
    assert 'class="errorlist' in answer.content.decode()
    assert not Job.objects.exists()


def test_uploads_are_taken_in_and_do_not_stay(admin: Client, tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path / "data"
    good = fits_write(tmp_path / "good.fits").read_bytes()
    sent = [("../../good.fits", good), ("same.fits", b"no"), ("same.fits", b"nor")]
    files = [SimpleUploadedFile(name, content) for name, content in sent]
    assert admin.post(reverse("archive:ingest"), {"uploads": files}).status_code == 302
    job = Job.objects.get()
    job_run(job.pk)
    job.refresh_from_db()
    assert (job.result["accepted"], job.result["rejected_count"]) == (1, 2)
    assert SourceFile.objects.get(state="accepted").name == "good.fits"
    assert not list((tmp_path / "data").rglob("*.fits"))
    job_run_again = Job.objects.create(kind="ingest", arguments=job.arguments)
    job_run(job_run_again.pk)
    job_run_again.refresh_from_db()
    assert job_run_again.state == "done"  # killed between its last step and its end, a job must not fail


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(admin: Client, settings: Any) -> None:
    settings.INGEST_UPLOAD_MAX_BYTES = 1000
    body = SimpleUploadedFile("a.fits", b"x" * 2_000_000)
    answer = admin.post(reverse("archive:ingest"), {"uploads": body})
    assert answer.status_code == 413
    assert "larger than" in answer.content.decode()
    answer = admin.post(reverse("archive:ingest"), {"uploads": SimpleUploadedFile("a.fits", b"x" * 2000)})
    assert answer.status_code == 422
    assert not Job.objects.exists()


def test_the_form_needs_its_token(db: None, settings: Any, tmp_path: Path) -> None:
    settings.INGEST_ROOTS = [str(tmp_path)]
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("ada", role=Role.ADMIN))
    assert client.post(reverse("archive:ingest"), {"folder": str(tmp_path)}).status_code == 403
    assert not Job.objects.exists()


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.MODERATOR, Role.SCIENTIST])
def test_only_admins_take_files_in(db: None, role: Role) -> None:
    client = Client()
    client.force_login(User.objects.create_user("someone", role=role))
    assert client.post(reverse("archive:ingest"), {"folder": "/"}).status_code == 404
    assert not Job.objects.exists()


def test_footprints_are_drawn_north_up_and_east_left() -> None:
    """A square round RA 0: its corners of larger RA (east) lie left, of larger Dec (north) on top."""
    square = [[359.9, -0.1], [0.1, -0.1], [0.1, 0.1], [359.9, 0.1]]
    (drawn,) = footprints_svg([square])
    x, y = np.array([[float(v) for v in point.split(",")] for point in drawn.split()]).T
    assert x[1] < x[0] and x[2] < x[3]
    assert y[2] < y[1] and y[3] < y[0]
    assert np.abs([x - 50, y - 50]) == pytest.approx(45.0)
