"""What tests of the training share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[3]
SMALL = "w4-8-8-8_b0_d1_f3"
NO_TORCH = "PyTorch is not installed here: make training"


def label_arrays(count: int = 8) -> dict[str, NDArray[Any]]:
    """Cutouts of noise in as many fields; every second shows an asteroid whose ends people marked."""
    rng = np.random.default_rng(5)
    present = np.zeros((count, 3), np.uint8)
    present[::2, 0] = 1
    known = np.zeros((count, 3), np.uint8)
    known[:, 0] = 1
    ends = np.full((count, 4), np.nan, np.float32)
    ends[::2] = (100, 200, 400, 200)
    return {
        "inputs": rng.standard_normal((count, 512, 512)).astype(np.float16),
        "present": present,
        "known": known,
        "weight": np.ones(count, np.float32),
        "field": np.arange(count),
        "ends": ends,
    }


def started(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
    """`manage.py` with these arguments, on one thread, in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, stdout=file, stderr=file
        )
