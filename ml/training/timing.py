"""How long networks take, measured so that other work on the machine does not decide."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (PyTorch is not installed where types are checked.)
from __future__ import annotations

import copy
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ml.contract import INPUT_SIZE_PX
from ml.runtime import Network

ROUNDS = 15
GPU_TILES = 32


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


def sixteen_bits_pay(network: nn.Module, size: int) -> bool:
    """Whether a step on tiles of ``size`` px is faster in bfloat16 than in float32 here, measured.

    Processors without instructions for it take six times as long (measured: 11 s for 32 tiles of 256 px, not 2 s);
    on a GPU a network this small is held up by the number of its operations, and 16 bits add some.
    """
    device = next(network.parameters()).device
    on_gpu = device.type == "cuda"
    clock = time.monotonic if on_gpu else time.process_time
    tried = copy.deepcopy(network)
    pixels = torch.zeros(GPU_TILES if on_gpu else 1, 1, size, size, device=device)
    pixels = pixels.contiguous(memory_format=torch.channels_last)

    def seconds(enabled: bool) -> float:
        began = clock()
        with torch.autocast(device.type, torch.bfloat16, enabled=enabled):
            heat, tile = tried(pixels)
        (heat.float().mean() + tile.float().mean()).backward()
        if on_gpu:
            torch.cuda.synchronize()
        return clock() - began

    for enabled in (True, False) if on_gpu else (False,):
        seconds(enabled)  # the first step of all prepares more than it computes
    return min(seconds(True) for _ in range(2)) < min(seconds(False) for _ in range(3))
