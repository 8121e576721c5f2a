"""How long networks take, measured so that other work on the machine does not decide."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from ml.contract import INPUT_SIZE_PX
from ml.runtime import Network

ROUNDS = 15


def milliseconds(contents: Sequence[bytes], rounds: int = ROUNDS) -> list[float]:
    """Median time per cutout of each network (the bytes of its file), one thread, one cutout at a time.

    It is CPU time: what the clock says on an idle machine. They run in turns, so that what else the machine does in
    these seconds (it shares caches and the clock rate) slows all of them alike.
    """
    noise = np.random.default_rng(0).standard_normal((1, 1, INPUT_SIZE_PX, INPUT_SIZE_PX), dtype=np.float32)
    networks = [Network(content, threads=1) for content in contents]
    taken = np.zeros((rounds, len(networks)))
    for network in networks:
        network.run(noise)
    for row in taken:
        for column, network in enumerate(networks):
            began = time.process_time()
            network.run(noise)
            row[column] = 1000 * (time.process_time() - began)
    return [float(value) for value in np.median(taken, axis=0)]
