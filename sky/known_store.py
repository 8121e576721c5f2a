"""A catalogue of orbits on disk, with where each object was every 128 days: what makes a field a tenth of a second.

A folder holds the orbits as arrays, one file of float32 states (6, n) for each checkpoint, and ``manifest.json``
with a check sum of every file. It is made under another name, block by block, and renamed when it is whole: a
reader never sees half of one, and a build that was killed goes on where it was.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sky.files import file_whole
from sky.orbits import Orbits, orbits_joined, read_orbits
from sky.planets import FIRST_MJD_TDB, LAST_MJD_TDB, planets_between
from sky.propagate import COARSE_STEP_DAYS, MEET_DAYS, Journey, is_quiet, together

Floats = NDArray[np.float64]
CHECKPOINT_DAYS = 128.0
VERSION = 1
BLOCK = 16_384
LOUD_BLOCK = 24_576
"""Larger: most of the cost of a close encounter is the same for one object as for a hundred."""
_ARRAYS = ("designation", "epoch", "state", "h", "g", "sigma_arcsec", "drift_arcsec_year")
MANIFEST = "manifest.json"


class CatalogueFault(ValueError):
    """A stored catalogue is missing, incomplete or damaged; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a stored catalogue is. ``as_of``: the date of the catalogue, ISO; objects found later count as unknown.

    ``checkpoints`` are MJD TDB, in order; ``files`` maps each file's name to its SHA-256.
    """

    version: int
    source: str
    source_sha256: str
    as_of: str
    objects: int
    skipped: int
    checkpoints: list[float]
    files: dict[str, str]


def checkpoint_times(first_mjd: float, last_mjd: float) -> list[float]:
    """Checkpoints, whole multiples of 128 days, so that each time of a span is within 64 days of one."""
    low = max(math.floor(first_mjd / CHECKPOINT_DAYS + 0.5), math.ceil(FIRST_MJD_TDB / CHECKPOINT_DAYS))
    high = min(math.ceil(last_mjd / CHECKPOINT_DAYS - 0.5), math.floor(LAST_MJD_TDB / CHECKPOINT_DAYS))
    return [CHECKPOINT_DAYS * number for number in range(low, max(high, low) + 1)]


def checkpoint_name(mjd_tdb: float) -> str:
    """The file of a checkpoint."""
    return f"states_{mjd_tdb:.0f}.f32"


def sha256_of(path: Path) -> str:
    """Check sum of a file."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def catalogue_build(
    source: Path,
    folder: Path,
    *,
    as_of: str,
    times: list[float],
    processes: int = 1,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Manifest:
    """Make a stored catalogue of a file of orbits. Safe to repeat, and to kill: it goes on where it was.

    ``times``: the checkpoints (see `checkpoint_times`). ``progress`` gets objects done, all, and what is going on.

    Raises
    ------
    OrbitFileFault
        The file holds no orbit.
    CatalogueFault
        Somebody else makes this catalogue just now.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CatalogueFault("Another import is under way; wait for its end.") from None
        return _built(source, folder, as_of, times, processes, progress)


def _built(
    source: Path,
    folder: Path,
    as_of: str,
    times: list[float],
    processes: int,
    progress: Callable[[int, int, str], None],
) -> Manifest:
    work = folder.with_name(folder.name + ".part")
    plan = {"version": VERSION, "source_sha256": sha256_of(source), "checkpoints": times, "as_of": as_of}
    count, skipped = _prepare(source, work, plan, progress)
    blocks = [block for block in _blocks(work) if not (work / _mark(block)).exists()]
    done = count - sum(last - first for first, last in blocks)
    progress(done, count, "objects")
    for first, last in _worked(work, blocks, times, processes):
        done += last - first
        progress(done, count, "objects")
    names = sorted([f"{name}.npy" for name in _ARRAYS] + [checkpoint_name(at) for at in times])
    files = {}
    for number, name in enumerate(names):
        files[name] = sha256_of(work / name)
        progress(number + 1, len(names), "check sums")
    manifest = Manifest(VERSION, source.name, str(plan["source_sha256"]), as_of, count, skipped, times, files)
    _publish(work, folder, manifest)
    return manifest


def _publish(work: Path, folder: Path, manifest: Manifest) -> None:
    """Put the whole catalogue in the place of an older one."""
    for left in work.glob("block_*.done"):
        left.unlink()
    (work / "plan.json").unlink()
    with file_whole(work / MANIFEST) as target:
        target.write(json.dumps(asdict(manifest), indent=1).encode() + b"\n")
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    work.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _prepare(
    source: Path, work: Path, plan: dict[str, object], progress: Callable[[int, int, str], None]
) -> tuple[int, int]:
    """Read the orbits and lay out the files, unless an earlier build did; their number, and lines left out."""
    try:
        kept = json.loads((work / "plan.json").read_text(encoding="utf-8"))
        if kept["plan"] == plan:
            return int(kept["objects"]), int(kept["skipped"])
    except (OSError, ValueError, KeyError):
        pass
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    faults: list[str] = []
    parts = []
    for part in read_orbits(source, skipped=faults):
        parts.append(part)
        progress(sum(map(len, parts)), 0, "orbits read")
    orbits = orbits_joined(parts)
    covered = (orbits.epoch > FIRST_MJD_TDB + MEET_DAYS) & (orbits.epoch < LAST_MJD_TDB - MEET_DAYS)
    quiet = is_quiet(orbits.state)
    # Quiet ones first, each kind by epoch: blocks are of one kind and of few epochs.
    order = np.lexsort([orbits.epoch, ~quiet])
    order = order[covered[order]]
    skipped = len(faults) + int((~covered).sum())
    orbits = orbits.take(order)
    for name in _ARRAYS:
        np.save(work / f"{name}.npy", getattr(orbits, name), allow_pickle=False)
    for at in plan["checkpoints"]:  # type: ignore[attr-defined]
        with (work / checkpoint_name(at)).open("wb") as target:
            target.truncate(6 * 4 * len(orbits))
    laid_out = {"plan": plan, "objects": len(orbits), "skipped": skipped, "quiet": int(quiet[order].sum())}
    with file_whole(work / "plan.json") as target:
        target.write(json.dumps(laid_out).encode())
    return len(orbits), skipped


def _blocks(work: Path) -> list[tuple[int, int]]:
    """First and last + 1 of the objects of each block; the slow ones first, so that no process waits at the end."""
    laid_out = json.loads((work / "plan.json").read_text(encoding="utf-8"))
    quiet, count = laid_out["quiet"], laid_out["objects"]
    loud = [(first, min(first + LOUD_BLOCK, count)) for first in range(quiet, count, LOUD_BLOCK)]
    return loud + [(first, min(first + BLOCK, quiet)) for first in range(0, quiet, BLOCK)]


def _mark(block: tuple[int, int]) -> str:
    return f"block_{block[0]}_{block[1]}.done"


def _worked(work: Path, blocks: list[tuple[int, int]], times: list[float], processes: int) -> Iterator[tuple[int, int]]:
    """Each block when it is done."""
    if processes <= 1:
        for block in blocks:
            yield _block_fill(work, block, times)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        futures = [pool.submit(_block_fill, work, block, times) for block in blocks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _block_fill(work: Path, block: tuple[int, int], times: list[float]) -> tuple[int, int]:
    """Write the states of a block of objects at every checkpoint."""
    first, last = block
    part = slice(first, last)
    epoch = np.load(work / "epoch.npy", mmap_mode="r")[part]
    state = np.array(np.load(work / "state.npy", mmap_mode="r")[:, part])
    planets = planets_between(min(times[0], epoch.min()), max(times[-1], epoch.max() + MEET_DAYS))
    met, at = together(state, np.asarray(epoch), planets, COARSE_STEP_DAYS)
    earlier = [time for time in reversed(times) if time < at]
    later = [time for time in times if time >= at]
    for way in (earlier, later):
        journey = Journey(met, at, planets, COARSE_STEP_DAYS)
        for time in way:
            _write_block(work / checkpoint_name(time), part, journey.to(time))
    (work / _mark(block)).touch()
    return block


def _write_block(path: Path, part: slice, state: Floats) -> None:
    count = path.stat().st_size // 24
    with path.open("r+b") as target:
        for row, values in enumerate(state.astype("<f4")):
            target.seek(4 * (row * count + part.start))
            target.write(values.tobytes())


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """A stored catalogue, open for reading. Arrays stay on disk until they are used."""

    folder: Path
    manifest: Manifest
    orbits: Orbits

    def states(self, mjd_tdb: float) -> NDArray[np.float32]:
        """States (6, n) of the objects at a checkpoint, from disk."""
        path = self.folder / checkpoint_name(mjd_tdb)
        return np.memmap(path, dtype="<f4", mode="r", shape=(6, self.manifest.objects))

    def checkpoint_near(self, mjd_tdb: float) -> float:
        """The checkpoint nearest to a time.

        Raises
        ------
        CatalogueFault
            The nearest is more than 64 days away: the catalogue was not made for this time.
        """
        times = np.array(self.manifest.checkpoints)
        nearest = float(times[np.argmin(np.abs(times - mjd_tdb))])
        if abs(nearest - mjd_tdb) > CHECKPOINT_DAYS / 2 + 1e-6:
            raise CatalogueFault(
                f"MJD {mjd_tdb:.1f} is outside the years this catalogue was prepared for (MJD {times[0]:.0f} to "
                f"{times[-1]:.0f}); import it again with --first and --last."
            )
        return nearest

    def damage(self) -> list[str]:
        """Names of files whose check sums are not those of the manifest. Reads all of them."""
        return [name for name, sum_ in self.manifest.files.items() if sha256_of(self.folder / name) != sum_]


def catalogue_open(folder: Path) -> Catalogue:
    """Open a stored catalogue.

    Raises
    ------
    CatalogueFault
        There is none, it is of another version, or a file has not the length it must have.
    """
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise CatalogueFault(f"There is no catalogue of orbits in {folder}; import one with import_orbits.") from None
    except (OSError, ValueError, TypeError) as error:
        raise CatalogueFault(f"The manifest of the catalogue in {folder} is damaged; import it again.") from error
    if manifest.version != VERSION:
        raise CatalogueFault(f"The catalogue in {folder} was made by another version; import it again.")
    try:
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
        sizes = [(folder / checkpoint_name(at)).stat().st_size for at in manifest.checkpoints]
    except (OSError, ValueError) as error:
        raise CatalogueFault(f"The catalogue in {folder} is incomplete; import it again.") from error
    if set(sizes) != {24 * manifest.objects} or len(arrays["epoch"]) != manifest.objects:
        raise CatalogueFault(f"The catalogue in {folder} is incomplete; import it again.")
    return Catalogue(folder, manifest, Orbits(**arrays))
