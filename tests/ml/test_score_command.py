"""`manage.py score`: real files in, a CSV out, whatever lies among the files; no database anywhere."""

from __future__ import annotations

import csv
import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from django.core.management import CommandError, call_command
from PIL import Image

from archive.tiling import tiles
from ml.scoring import COLUMNS
from sky.simulate.trails import render_trail, ridge_peak
from sky.stretch import asinh_8bit
from tests.ml.onnx_making import model_bytes
from tests.ml.test_pictures import huge_png

ROOT = Path(__file__).resolve().parents[2]
TRAIL = ((150.0, 120.0), (330.0, 300.0))


def field(width: int = 700, height: int = 600, seed: int = 1, trail: bool = True) -> np.ndarray:
    """Noise, a few stars, and a clear trail."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(100, 5, (height, width)).astype(np.float32)
    if trail:
        xs, ys = np.array(TRAIL).T
        light = np.full(2, 8 * 5 / ridge_peak(1.0, 2.2) * np.hypot(180, 180))
        render_trail(pixels.shape, xs, ys, light, 2.2, out=pixels)
    return pixels


def write_fits(path: Path, *images: np.ndarray, name: str = "SCI") -> Path:
    hdus = [fits.ImageHDU(pixels, name=name, ver=i) for i, pixels in enumerate(images, start=1)]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    return path


def rows_of(out: Path) -> list[dict[str, str]]:
    with out.open(newline="") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == COLUMNS
        return list(reader)


def score(*paths: Path, out: Path, **options: object) -> list[dict[str, str]]:
    call_command("score", *map(str, paths), csv=out, **{"processes": 1} | options)
    return rows_of(out)


def ends_of(row: dict[str, str]) -> np.ndarray:
    ends = np.array([float(row[name]) for name in ("end1_x", "end1_y", "end2_x", "end2_y")]).reshape(2, 2)
    return ends[np.argsort(ends[:, 0])]


def box_of(row: dict[str, str]) -> tuple[int, ...]:
    return tuple(int(row[name]) for name in ("x0", "y0", "x1", "y1"))


def test_a_fits_image_gives_a_row_per_tile_with_ends_in_its_own_pixels(tmp_path: Path) -> None:
    rows = score(write_fits(tmp_path / "a.fits", field()), out=tmp_path / "out.csv")
    assert [box_of(row) for row in rows] == [
        (box.x0, box.y0, box.x0 + box.width, box.y0 + box.height) for box in tiles(700, 600)
    ]
    assert {row["path"] for row in rows} == {str(tmp_path / "a.fits")}
    for row in rows:
        p = [float(row[name]) for name in ("p_asteroid", "p_satellite", "p_nothing")]
        assert all(0 <= value <= 1 for value in p)
    assert float(rows[0]["p_asteroid"]) > 0.5
    assert np.abs(ends_of(rows[0]) - TRAIL).max() < 6


def test_a_picture_counts_from_the_top_left(tmp_path: Path) -> None:
    grey = np.clip(np.rint((field() - 80) * 2), 0, 255).astype(np.uint8)
    Image.fromarray(grey[::-1]).save(tmp_path / "a.png")
    rows = score(tmp_path / "a.png", out=tmp_path / "out.csv")
    assert [box_of(row)[:2] for row in rows] == [(0, 0), (188, 0), (0, 88), (188, 88)]
    assert float(rows[2]["p_asteroid"]) > 0.5
    assert np.abs(ends_of(rows[2]) - [(x, 599 - y) for x, y in TRAIL]).max() < 6


def test_the_images_of_one_file_are_told_apart(tmp_path: Path) -> None:
    both = write_fits(tmp_path / "two.fits", field(300, 200, 1, False), field(300, 200, 2, False))
    assert [row["path"] for row in score(both, out=tmp_path / "out.csv")] == [f"{both}[SCI,1]", f"{both}[SCI,2]"]
    other = write_fits(tmp_path / "named.fits", field(300, 200, 1, False), field(300, 200, 2, False), name="CHIP")
    assert [row["path"] for row in score(other, out=tmp_path / "out.csv")] == [f"{other}[1]", f"{other}[2]"]


def test_folders_are_searched_for_every_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    pixels = field(200, 150, trail=False)
    write_fits(tmp_path / "in" / "a.fits", pixels)
    with gzip.open(tmp_path / "in" / "deep" / "b.fits.gz", "wb") as packed:
        packed.write((tmp_path / "in" / "a.fits").read_bytes())
    for name in ("c.jpg", "deep/d.webp", "deep/E.PNG"):
        Image.fromarray(asinh_8bit(pixels, 85, 160)).save(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("not an image")
    rows = score(tmp_path / "in", out=tmp_path / "out.csv")
    names = [str(Path(row["path"]).relative_to(tmp_path / "in")) for row in rows]
    assert names == ["a.fits", "c.jpg", "deep/E.PNG", "deep/b.fits.gz", "deep/d.webp"]
    # The gzipped file holds the same pixels.
    assert [row["p_asteroid"] for row in rows if "fits" in row["path"]] == [rows[0]["p_asteroid"]] * 2


def test_what_cannot_be_read_is_named_and_the_rest_is_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write_fits(tmp_path / "good.fits", field(200, 150, trail=False))
    cut = tmp_path / "cut.fits"
    cut.write_bytes(good.read_bytes()[:20_000])
    (tmp_path / "text.jpg").write_text("no picture")
    blank = write_fits(tmp_path / "half.fits", field(200, 150, trail=False), np.zeros((150, 200), np.float32))
    bomb = huge_png(tmp_path / "bomb.png", 30_000)
    with pytest.raises(CommandError, match="4 of 5 files could not be scored in full") as failed:
        score(cut, tmp_path / "text.jpg", blank, bomb, good, out=tmp_path / "out.csv")
    assert failed.value.returncode == 1
    said = capsys.readouterr().err
    for name, reason in (
        ("cut.fits", "cut short"),
        ("text.jpg", "not a PNG"),
        ("half", "blank"),
        ("bomb", "too large"),
    ):
        assert any(name in line and reason in line for line in said.splitlines()), name
    assert [Path(row["path"]).name for row in rows_of(tmp_path / "out.csv")] == ["half.fits", "good.fits"]


def test_one_and_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    files = [write_fits(tmp_path / f"{i}.fits", field(600, 300, i)) for i in range(3)]
    Image.fromarray(asinh_8bit(field(), 85, 160)).save(tmp_path / "9.png")
    for processes in (1, 2):
        score(*files, tmp_path / "9.png", out=tmp_path / f"{processes}.csv", processes=processes)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_tiles_below_the_threshold_are_left_out(tmp_path: Path) -> None:
    path = write_fits(tmp_path / "a.fits", field(900, 520))
    everything = score(path, out=tmp_path / "all.csv")
    some = score(path, out=tmp_path / "some.csv", threshold=0.5)
    assert 0 < len(some) < len(everything)
    assert some == [row for row in everything if max(float(row["p_asteroid"]), float(row["p_satellite"])) >= 0.5]


def test_a_model_that_a_person_names_is_used_and_a_wrong_one_refused(tmp_path: Path) -> None:
    path, out = write_fits(tmp_path / "a.fits", field(200, 150, trail=False)), tmp_path / "out.csv"
    (tmp_path / "small.onnx").write_bytes(model_bytes(values=(0.3, 0.2, 0.56)))
    rows = score(path, out=out, model=tmp_path / "small.onnx")
    found = {name: rows[0][name] for name in ("p_asteroid", "p_satellite", "p_arc", "p_nothing", "end1_x")}
    assert found == {
        "p_asteroid": "0.300000", "p_satellite": "0.200000", "p_arc": "", "p_nothing": "0.560000", "end1_x": "",
    }  # fmt: skip
    before = out.read_bytes()
    (tmp_path / "wrong.onnx").write_bytes(model_bytes(heat_cells=64))
    for wrong, reason in (("wrong.onnx", "shapes"), ("a.fits", "not an ONNX model"), ("none.onnx", "cannot be read")):
        with pytest.raises(CommandError, match=f"{reason}.*Nothing was scored"):
            score(path, out=out, model=tmp_path / wrong)
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"processes": 0}, "--processes"),
        ({"threshold": 1.5}, "--threshold"),
        ({"threshold": float("nan")}, "--threshold"),
        ({"out": Path("/nowhere/at/all.csv")}, "cannot be written"),
    ],
)
def test_bad_options_are_refused_in_one_line(tmp_path: Path, options: dict[str, object], reason: str) -> None:
    path = write_fits(tmp_path / "a.fits", field(100, 100, trail=False))
    with pytest.raises(CommandError, match=reason) as refused:
        score(path, **{"out": tmp_path / "out.csv"} | options)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_nothing_to_score_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="There is no image in"):
        score(tmp_path / "empty", out=tmp_path / "out.csv")
    with pytest.raises(CommandError, match="There is no file or folder"):
        score(tmp_path / "gone.fits", out=tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def command(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command as a person runs it, with a data folder that does not exist and no servers named."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "score", *arguments],
        env=known | {"DATA_DIR": str(tmp_path / "data"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip


def test_it_needs_no_database_and_leaves_no_data_folder(tmp_path: Path) -> None:
    write_fits(tmp_path / "a.fits", field(300, 200, trail=False))
    process = command(tmp_path, "a.fits", "--csv", "out.csv", "--processes", "2")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "out.csv: 1 tiles of 1 files" in out
    assert rows_of(tmp_path / "out.csv")[0]["path"] == "a.fits"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.fits", "out.csv"]


def children_of(pid: int) -> list[int]:
    """Ids of the processes that a process started and that score (not the tracker of shared memory)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
            words = (path.parent / "cmdline").read_text()
        except OSError:
            continue
        if parent == pid and "spawn_main" in words:
            found.append(int(path.parent.name))
    return found


def wait_for(condition: object, seconds: float = 90.0) -> None:
    stop = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < stop
        time.sleep(0.05)


def scoring(pid: int) -> bool:
    """Whether two workers have come as far as loading the network."""
    try:
        maps = [Path(f"/proc/{child}/maps").read_text() for child in children_of(pid)]
    except OSError:
        return False
    return sum("onnxruntime" in text for text in maps) == 2


def test_a_worker_killed_in_the_middle_costs_nothing(tmp_path: Path) -> None:
    names = [write_fits(tmp_path / f"{i}.fits", field(1400, 1000, i)).name for i in range(3)]
    process = command(tmp_path, *names, "--csv", "out.csv", "--processes", "2")
    wait_for(lambda: scoring(process.pid))
    os.kill(children_of(process.pid)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    rows = rows_of(tmp_path / "out.csv")
    assert [row["path"] for row in rows] == [name for name in names for _ in tiles(1400, 1000)]
    alone = score(tmp_path / "0.fits", out=tmp_path / "alone.csv")
    assert [row["p_asteroid"] for row in rows[: len(alone)]] == [row["p_asteroid"] for row in alone]


@pytest.mark.parametrize(("number", "when"), [(signal.SIGINT, "scoring"), (signal.SIGTERM, "starting")])
def test_stopped_it_leaves_the_old_file_and_nothing_else(tmp_path: Path, number: signal.Signals, when: str) -> None:
    names = [write_fits(tmp_path / f"{i}.fits", field(1400, 1400, i)).name for i in range(4)]
    (tmp_path / "out.csv").write_text("from before")
    process = command(tmp_path, *names, "--csv", "out.csv", "--processes", "2")
    wait_for(lambda: len(children_of(process.pid)) == 2 and (when == "starting" or scoring(process.pid)))
    workers = children_of(process.pid)
    # As a terminal does: Ctrl-C goes to all of them.
    for pid in (*workers, process.pid) if number == signal.SIGINT else (process.pid,):
        os.kill(pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    assert number != signal.SIGINT or "out.csv is as it was" in err
    assert (tmp_path / "out.csv").read_text() == "from before"
    assert not list(tmp_path.glob(".out.csv*"))
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), 20)
