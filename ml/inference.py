"""A model in this process: loaded once, verified before, with its share of the cores; tiles read while it works."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from archive.models import Cutout, Exposure
from archive.renderings import box_of, exposure_pixels
from ml.models import Model
from ml.preprocess import NetworkInput, network_input
from ml.runtime import ModelRefused, Network, read_model

BATCH = 8
"""Tiles at once: 16 take 140 MB more memory, and no less time."""
MAX_THREADS = 4

_loaded: dict[str, Network] = {}
_loading = threading.Lock()
_processes = 1
Item = TypeVar("Item")


def share_cores(processes: int) -> None:
    """Say that so many processes of this machine run networks side by side, this one among them."""
    global _processes  # noqa: PLW0603 - a fact about the process, inherited by those forked from it
    _processes = max(1, processes)


def threads_wanted() -> int:
    """This process's share of the cores it may use; never more than four."""
    return max(1, min(MAX_THREADS, len(os.sched_getaffinity(0)) // _processes))


def network_of(model: Model) -> Network:
    """The loaded network of a model; the file is verified against the registered hash whenever it is read.

    Raises
    ------
    ModelRefused
        The file is gone, or not the one that was registered.
    """
    with _loading:
        if model.sha256 not in _loaded:
            _loaded.clear()  # one at a time: an old model's memory is given back
            _loaded[model.sha256] = Network(model_content(model), threads=threads_wanted())
        return _loaded[model.sha256]


def model_content(model: Model) -> bytes:
    """The bytes of a registered model's file, verified."""
    try:
        with model.file.open("rb") as file:
            return read_model(file, name=str(model), sha256=model.sha256)
    except OSError as error:
        raise ModelRefused(
            f"The file of {model} cannot be read ({error.strerror or error}); nothing was scored."
        ) from None


class TileReader:
    """The tiles of one exposure as a network's input; its original is read once, with the first of them."""

    def __init__(self, exposure: Exposure) -> None:
        self._exposure = exposure
        self._pixels: NDArray[np.float32] | None = None
        self._error = ""

    def read(self, cutouts: list[Cutout]) -> list[NetworkInput | str]:
        """The network's input of each cutout, or the reason why its original cannot be read."""
        if self._pixels is None and not self._error:
            try:
                self._pixels = exposure_pixels(self._exposure)
            except OSError as error:  # its words hold the path on this machine
                self._error = f"The original cannot be read: {error.strerror or type(error).__name__}."
            except ValueError as error:
                self._error = str(error)
        return [self._tile(cutout) for cutout in cutouts]

    def _tile(self, cutout: Cutout) -> NetworkInput | str:
        if self._pixels is None:
            return self._error
        box = box_of(cutout)
        try:
            return network_input(self._pixels[box.rows, box.columns])
        except ValueError as error:
            return str(error)


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of ``size`` items, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def one_ahead(steps: Iterable[Callable[[], Item]]) -> Generator[Item]:
    """What the steps return, in order; the next one runs in another thread while the caller works on a result.

    ``steps`` itself advances in the caller's thread, with the caller's connection to the database.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="tiles") as pool:
        coming: Future[Item] | None = None
        for step in steps:
            following = pool.submit(step)
            if coming is not None:
                yield coming.result()
            coming = following
        if coming is not None:
            yield coming.result()
