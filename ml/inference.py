"""The active model in this process: loaded once, verified before, with a bounded number of threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from archive.models import Cutout
from archive.renderings import box_of, exposure_pixels
from ml.models import Model
from ml.preprocess import NetworkInput, network_input
from ml.runtime import ModelRefused, Network, read_model

BATCH = 16
MAX_THREADS = 4

_loaded: dict[str, Network] = {}
_loading = threading.Lock()
Item = TypeVar("Item")


def threads_wanted() -> int:
    """One core prepares tiles, the others run the network; never more than four."""
    return max(1, min(MAX_THREADS, len(os.sched_getaffinity(0)) - 1))


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
    """Reads tiles of exposures, each exposure's original once for all the tiles asked for in a row."""

    def __init__(self) -> None:
        self._exposure_id: int | None = None
        self._pixels: NDArray[np.float32] | None = None
        self._error: str = ""

    def read(self, cutout: Cutout) -> NetworkInput | str:
        """The network's input of a cutout, or the reason why its original cannot be read."""
        if cutout.exposure_id != self._exposure_id:
            self._exposure_id, self._pixels, self._error = cutout.exposure_id, None, ""
            try:
                self._pixels = exposure_pixels(cutout.exposure)
            except (OSError, ValueError) as error:
                self._error = f"{error}" or type(error).__name__
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


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, the next one made in another thread while the caller works on one."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="tiles") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
