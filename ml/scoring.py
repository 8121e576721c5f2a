"""Score files without a database: FITS images and pictures become rows of a CSV. No Django here.

Worker processes take whole files, so that all tiles of an image are judged together; results come back in the
order of the files, whichever worker was first.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archive.finding import FITS_SUFFIXES
from archive.tiling import Box, tiles
from ml.exposures import exposure_verdicts
from ml.pictures import SUFFIXES as PICTURE_SUFFIXES
from ml.pictures import Picture, UnusablePicture, read_picture
from ml.preprocess import network_input
from ml.runtime import ModelRefused, Network, Verdict, read_model
from sky.fits import UnusableImage, read_pixels

PLACE_COLUMNS = ("path", "x0", "y0", "x1", "y1")
P_COLUMNS = ("p_asteroid", "p_satellite", "p_arc", "p_nothing")
END_COLUMNS = ("end1_x", "end1_y", "end2_x", "end2_y")
COLUMNS = (*PLACE_COLUMNS, *P_COLUMNS, *END_COLUMNS)
SUFFIXES = (*FITS_SUFFIXES, *PICTURE_SUFFIXES)
AHEAD = 3
"""Files handed out per worker; their rows wait in memory for their turn."""
STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
GZIP, FITS = b"\x1f\x8b", b"SIMPLE"


@dataclass(frozen=True, slots=True)
class TileRow:
    """One row: the name of the image, the tile's box (last two exclusive), four probabilities, two ends.

    Boxes and ends are in pixels of the file's image: array indices of a FITS image, and of a picture x from the
    left and y from the top. ``p_arc`` is None for a model without arcs, ``ends`` where there is no trail.
    """

    path: str
    box: tuple[int, int, int, int]
    p_asteroid: float
    p_satellite: float
    p_arc: float | None
    p_nothing: float
    ends: tuple[float, float, float, float] | None

    @property
    def p_trail(self) -> float:
        """The largest probability of an asteroid, a satellite or an arc."""
        return max(self.p_asteroid, self.p_satellite, self.p_arc or 0.0)

    def cells(self) -> list[str]:
        """The row as text, in the order of :data:`COLUMNS`."""
        probabilities = (self.p_asteroid, self.p_satellite, self.p_arc, self.p_nothing)
        return [
            self.path,
            *map(str, self.box),
            *("" if p is None else f"{p:.6f}" for p in probabilities),
            *((f"{place:.2f}" for place in self.ends) if self.ends else [""] * len(END_COLUMNS)),
        ]


@dataclass(slots=True)
class FileScored:
    """What became of one file: its rows, and why an image of it, or all of it, was left out."""

    path: str
    rows: list[TileRow] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def score_file(path: str, network: Network) -> FileScored:
    """Score every image of a file. What is wrong with the file is said in ``failures``, never raised."""
    scored = FileScored(path)
    images: list[tuple[str, list[TileRow]]] = []
    try:
        with Path(path).open("rb") as file:
            start = file.read(len(FITS))
        if start == FITS or start.startswith(GZIP):
            for label, pixels in read_pixels(path, skipped=scored.failures):
                images.append((f"{path}[{label}]", _rows(pixels, None, network)))
        else:
            picture = read_picture(Path(path))
            images.append((path, _rows(picture.pixels, picture, network)))
    except (UnusableImage, UnusablePicture, ModelRefused) as error:
        scored.failures.append(str(error))
    except MemoryError:
        scored.failures.append("There is not enough memory for it.")
    except OSError as error:
        scored.failures.append(f"The file cannot be read: {error.strerror or type(error).__name__}.")
    for name, rows in images:
        # Brackets tell the images of a file apart; where there is one image only, the path says enough.
        scored.rows += [replace(row, path=name if len(images) > 1 else path) for row in rows]
    return scored


def _rows(pixels: NDArray[np.float32], picture: Picture | None, network: Network) -> list[TileRow]:
    """The rows of one image, from its first line on, still without its name."""
    height, width = pixels.shape
    boxes = tiles(width, height)
    verdicts = exposure_verdicts(
        network, boxes, lambda box: network_input(pixels[box.rows, box.columns]), (height, width)
    )
    rows = [_row(box, verdict, picture) for box, verdict in zip(boxes, verdicts, strict=True)]
    return sorted(rows, key=lambda row: (row.box[1], row.box[0]))


def _row(box: Box, verdict: Verdict, picture: Picture | None) -> TileRow:
    corners = box.x0, box.y0, box.x0 + box.width, box.y0 + box.height
    ends: tuple[float, float, float, float] | None = None
    if verdict.ends is not None:
        first = verdict.ends.x1 + box.x0, verdict.ends.y1 + box.y0
        last = verdict.ends.x2 + box.x0, verdict.ends.y2 + box.y0
        if picture is not None:
            first, last = picture.file_xy(*first), picture.file_xy(*last)
        ends = (*first, *last)
    if picture is not None:
        corners = picture.file_box(*corners)
    return TileRow("", corners, verdict.p_asteroid, verdict.p_satellite, verdict.p_arc, verdict.p_nothing, ends)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model as it was checked: workers read it again and refuse another one."""

    path: str
    sha256: str

    def load(self) -> Network:
        """Raises ModelRefused or OSError where it is not the checked one any more."""
        with open(self.path, "rb") as file:
            return Network(read_model(file, name=Path(self.path).name, sha256=self.sha256), threads=1)


_network: Network | None = None


def _begin(model: ModelFile) -> None:
    """Once in each worker: load the model; end at once and without a word when the person at the keyboard says so."""
    global _network  # noqa: PLW0603 - one network per worker process
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    _network = model.load()


def _score(path: str) -> FileScored:
    assert _network is not None
    return score_file(path, _network)


def _pool(model: ModelFile, processes: int) -> ProcessPoolExecutor:
    # Spawned, since a forked copy of a process with threads (onnxruntime, tqdm) may hang.
    return ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("spawn"), initializer=_begin, initargs=(model,)
    )


def _handed(pool: ProcessPoolExecutor, path: str) -> Future[FileScored]:
    """Give a file to the pool. Neither it nor a worker that starts with it is stopped half way: no traceback."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        return pool.submit(_score, path)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def score_files(paths: Sequence[str], model: ModelFile, processes: int) -> Generator[FileScored]:
    """Score files with so many worker processes, in the order of the files.

    A file on which a worker dies (out of memory, a fault in a library) is tried again alone, and named as a
    failure if that kills its worker too. Closing the iterator early ends the workers.
    """
    if processes == 1:
        network = model.load()
        yield from (score_file(path, network) for path in paths)
        return
    waiting = deque(paths)
    while waiting:
        running: deque[tuple[str, Future[FileScored]]] = deque()
        pool = _pool(model, min(processes, len(waiting)))
        try:
            while waiting or running:
                while waiting and len(running) < AHEAD * processes:
                    running.append((waiting[0], _handed(pool, waiting[0])))
                    waiting.popleft()
                yield running[0][1].result()
                running.popleft()
        except BrokenProcessPool:
            yield from _one_by_one(model, running)
        finally:
            _end(pool)


def _one_by_one(model: ModelFile, running: deque[tuple[str, Future[FileScored]]]) -> Iterator[FileScored]:
    """What was being worked on when a worker died: done results as they are, the others each in a worker of its own."""
    for path, future in running:
        if future.done() and future.exception() is None:
            yield future.result()
            continue
        pool = _pool(model, 1)
        try:
            yield _handed(pool, path).result()
        except BrokenProcessPool:
            yield FileScored(path, failures=["The process that scored it died: too little memory, or a faulty file."])
        finally:
            _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the workers, in the middle of a file if need be. First them, since one that starts needs the pool's parts."""
    for child in multiprocessing.active_children():
        child.terminate()
        child.join()
    pool.shutdown(cancel_futures=True)
