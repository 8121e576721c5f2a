"""Try a model in a process of its own, with little memory and little time: `python -m ml.probe < FILE`.

A file that loads may still ask for a hundred gigabytes or never end; then this process dies, not the server.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from ml.runtime import ModelRefused, Network, probe

MAX_MEMORY_BYTES = 4 * 1024**3
MAX_CPU_S = 60
REFUSED = 3


def probe_apart(content: bytes) -> None:
    """Load and run a model in another process; raises ModelRefused with the reason where that fails."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ml.probe"],
            input=content,
            capture_output=True,
            timeout=4 * MAX_CPU_S,
            cwd=Path(__file__).resolve().parents[1],
            env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelRefused("The model does not come to an end on two tiles.") from None
    if done.returncode == REFUSED:
        raise ModelRefused(done.stdout.decode("utf-8", "replace").strip()[:500])
    if done.returncode:
        raise ModelRefused("The model asks for too much memory or time, or breaks the runtime, on two tiles.")


def main() -> int:
    """Read a model from standard input, run it once; the reason of a refusal goes to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    try:
        probe(Network(sys.stdin.buffer.read()))
    except ModelRefused as error:
        print(error)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
