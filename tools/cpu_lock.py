"""The training extra without gigabytes: requirements/train-cpu.lock, made of train.lock by ``make lock``.

PyTorch as the package index has it for Linux needs CUDA's libraries, several gigabytes. Its CPU build (version
``2.13.0+cpu``) is kept elsewhere; where pip is set up to find it, it is small. The hash is that of the build's wheel.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONLY_CUDA = re.compile(r"(nvidia-|cuda-|triton==)")
HEAD = """# Made of train.lock by tools/cpu_lock.py: PyTorch's CPU build, for Linux with Python 3.11 on x86_64, and
# nothing of CUDA. Where pip finds no such build this fails at once, and train.lock is the way.
"""


def entries(lock: str) -> list[str]:
    """The requirements of a lock file, each with its hashes and comments."""
    return re.split(r"\n(?=\S)", lock.strip())


def cpu_lock(lock: str, wheel_sha256: str) -> str:
    """The same lock file without CUDA, a CPU build of that hash on Linux at its head, so that pip looks for it first.

    Raises
    ------
    ValueError
        It does not pin torch.
    """
    kept: list[str] = []
    first: list[str] = []
    for entry in entries(lock):
        if ONLY_CUDA.match(entry):
            continue
        torch = re.match(r"torch==([\d.]+) ", entry)
        if torch:
            build = f"torch=={torch[1]}+cpu ; sys_platform == 'linux' \\\n    --hash=sha256:{wheel_sha256}"
            first = [build, entry.replace(torch[0], f"torch=={torch[1]} ; sys_platform != 'linux' ", 1)]
        else:
            kept.append(entry)
    if not first:
        raise ValueError("The lock file does not pin torch.")
    return HEAD + "\n".join(first + kept) + "\n"


def main() -> int:
    """Fetch the CPU build's wheel as pip finds it, and write the lock file with its hash."""
    lock = (ROOT / "requirements" / "train.lock").read_text()
    version = re.search(r"^torch==([\d.]+) ", lock, re.M)
    if not version:
        print("requirements/train.lock does not pin torch.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        asked = ["download", "--quiet", "--no-deps", "--dest", folder, f"torch=={version[1]}+cpu"]
        if subprocess.run([sys.executable, "-m", "pip", *asked], check=False).returncode:
            print("pip finds no CPU build of PyTorch here; train-cpu.lock stays as it is.", file=sys.stderr)
            return 1
        wheel = next(Path(folder).iterdir())
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (ROOT / "requirements" / "train-cpu.lock").write_text(cpu_lock(lock, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
