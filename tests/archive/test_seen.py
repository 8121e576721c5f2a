"""Files that nobody touched since they were read are not read again: in a second run, and when a job goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from archive import intake, services
from archive.models import SourceFile
from archive.services import ingest_start
from jobs.services import job_retry, job_run
from tests.archive.files import fits_write


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    """A folder with nothing but what a test puts there."""
    folder = tmp_path / "offered"
    folder.mkdir()
    return folder


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read to know their content."""
    read: list[str] = []
    real = intake.content_of
    monkeypatch.setattr(intake, "content_of", lambda path: read.append(path.name) or real(path))
    return read


def test_files_that_nobody_touched_are_known_without_reading_them(
    ingest: Any, offered: Path, files_read: list[str]
) -> None:
    path = fits_write(offered / "a.fits")
    (offered / "bad.fits").write_text("no")
    first = ingest(offered).result
    assert files_read == ["a.fits", "bad.fits"]
    files_read.clear()
    second = ingest(offered).result
    assert files_read == []
    assert (second["accepted"], second["already_known"], second["rejected"]) == (0, 1, first["rejected"])
    ingest(offered, again=True)
    assert files_read == ["a.fits", "bad.fits"]
    files_read.clear()
    before = path.stat()
    other = fits_write(offered / "other.bin", seed=2).read_bytes()
    assert len(other) == before.st_size
    path.write_bytes(other)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as tar and rsync do
    assert ingest(offered).result["accepted"] == 1
    assert files_read == ["a.fits"]
    SourceFile.objects.filter(state="rejected").delete()  # a refusal may be forgotten
    files_read.clear()
    ingest(offered)
    assert files_read == ["bad.fits"]


@pytest.mark.parametrize("again", [False, True])
def test_a_job_that_goes_on_reads_only_what_is_left(
    ingest: Any, offered: Path, files_read: list[str], monkeypatch: Any, again: bool
) -> None:
    for number in range(3):
        fits_write(offered / f"{number}.fits", seed=number)
    (offered / "1.fits").write_text("no")
    if again:
        ingest(offered)
        files_read.clear()
    job = ingest_start([offered], again=again)
    real = services.file_take_in

    def dies(path: Path, *rest: Any) -> Any:
        if path.name == "2.fits":
            raise RuntimeError("power cut")
        return real(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(services, "file_take_in", dies)
        job_run(job.pk)
    assert job_retry(job.pk)
    job_run(job.pk)
    job.refresh_from_db()
    assert files_read == ["0.fits", "1.fits", "2.fits"]
    assert (job.result["accepted"], job.result["already_known"]) == ((0, 2) if again else (2, 0))
    assert [entry["name"] for entry in job.result["rejected"]] == ["1.fits"]
