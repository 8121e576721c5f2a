"""Which files an ingest reads, and which paths a browser may name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archive.finding import PathRefused, files_find, name_shown, path_checked
from archive.services import upload_name


def test_folders_are_walked_for_fits_files_and_the_rest_is_counted(tmp_path: Path) -> None:
    wanted = ["a.fits", "deep/er/b.FIT", "c.fits.gz", "d.fits.fz"]
    for name in [*wanted, "e.txt", "f.gz", "deep/g.jpg"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "pipe.fits")
    found = files_find([tmp_path])
    assert sorted(str(path.relative_to(tmp_path)) for path in found.files) == sorted(wanted)
    assert found.skipped == 4


def test_a_file_named_itself_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "x.dat").touch()
    assert files_find([tmp_path / "x.dat"]).files == [tmp_path / "x.dat"]


def test_each_file_is_found_once(tmp_path: Path) -> None:
    (tmp_path / "a.fits").touch()
    assert len(files_find([tmp_path, tmp_path / "a.fits", tmp_path]).files) == 1


@pytest.mark.parametrize(
    "given", ["{out}", "{root}/../out", "{root}/link", "{root}/link/a.fits", "/etc/passwd", "{root}-b", "\0", ""]
)
def test_a_path_outside_the_roots_is_refused(tmp_path: Path, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    for folder in (root, out, tmp_path / "root-b"):
        folder.mkdir()
    (out / "a.fits").touch()
    (root / "link").symlink_to(out)
    monkeypatch.chdir(out)
    with pytest.raises(PathRefused):
        path_checked(given.format(root=root, out=out), [str(root)])


def test_outside_the_roots_there_is_one_answer_for_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    said = []
    for given in ("/etc/passwd", "/etc/passwe"):
        with pytest.raises(PathRefused) as error:
            path_checked(given, [str(tmp_path)])
        said.append(str(error.value).replace(given, ""))
    assert said[0] == said[1]


def test_links_that_lead_outside_the_roots_are_not_followed(tmp_path: Path) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    root.mkdir()
    out.mkdir()
    (out / "secret.fits").touch()
    (root / "in.fits").touch()
    (root / "file.fits").symlink_to(out / "secret.fits")
    (root / "folder").symlink_to(out)
    assert files_find([root], [str(root)]).files == [root / "in.fits"]
    assert len(files_find([root]).files) == 2  # from a terminal, links to files are followed


def test_names_that_are_not_text_are_shown_as_text() -> None:
    name_shown(Path(os.fsdecode(b"\xff\n.fits"))).encode("utf-8")
    assert name_shown(Path(os.fsdecode(b"a\n\xff.fits"))) == "a\ufffd\ufffd.fits"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd", "passwd"), ("..\\boot.ini", "boot.ini"), (".hidden.fits", "hidden.fits"),
     ("", "unnamed.fits"), ("a b\0c.fits", "a_b_c.fits"), ("...", "unnamed.fits"),
     ("x" * 300 + ".fits", "x" * 95 + ".fits")],
)  # fmt: skip
def test_names_of_uploads_become_harmless(given: str, kept: str) -> None:
    assert upload_name(given) == kept
