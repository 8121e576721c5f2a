"""Known objects in a field, out of 1.4 million orbits: time, memory, and what it takes to prepare the catalogue.

The orbits are the Minor Planet Center's where a file of them lies beside the checkout, each many times with elements a
little changed; else drawn at random. Environment: ``KNOWN_ORBITS`` (1,400,000), ``KNOWN_PREPARED`` (how many of them
are carried through 20 years, the rest of the cost is by proportion; 140,000), ``KNOWN_EXPOSURES`` (1,000). Times are
of the processor, so that they mean the same on a busy machine.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "orbits" / "mpcorb_22k.dat"
FIRST_MJD, YEARS, EPOCH = 53_600.0, 20.0, 61_000.0
FIELD_ARCSEC = 145.0
"""From the middle to the corner of ACS's 202 arcseconds."""
BAR_FIELD_S, BAR_PREPARE_MIN, BAR_MEMORY_GB = 1.0, 15.0, 2.0
SEED = 2_026


def run() -> list[dict[str, Any]]:
    """Seconds for a field, cold and warm, and for many; minutes to prepare; memory."""
    count = int(os.environ.get("KNOWN_ORBITS", "1400000"))
    prepared = min(count, int(os.environ.get("KNOWN_PREPARED", "140000")))
    exposures = int(os.environ.get("KNOWN_EXPOSURES", "1000"))
    folder = Path(tempfile.mkdtemp(prefix="known-"))
    try:
        minutes = _prepare(folder, prepared) * count / prepared
        catalogue, fields = _stand_in(folder / "catalogue", count), _fields(exposures)
        cold = _timed(catalogue, fields[:5], cold=True)
        warm = _timed(catalogue, fields[:5] * 2)[5:]
        many = _timed(catalogue, fields)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    of = f"of {count:,} orbits"
    return [
        _row(f"known objects in a field {of}, cold", float(np.median(cold)), "s", BAR_FIELD_S),
        _row(f"known objects in a field {of}, warm", float(np.median(warm)), "s", BAR_FIELD_S),
        _row(f"{exposures} exposures over 20 years, each", sum(many) / len(many), "s", BAR_FIELD_S),
        _row(f"20 years prepared, by {prepared:,}", minutes, "core-min", BAR_PREPARE_MIN),
        _row("most memory", memory, "GB", BAR_MEMORY_GB),
    ]


def _row(name: str, value: float, unit: str, bar: float) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "ratio": bar / value, "reference": f"the bar of {bar:g} {unit}"}


def _population(count: int) -> Any:
    """So many orbits, of one epoch."""
    from sky.orbit_columns import Columns, mpcorb_columns
    from sky.orbits import orbits_of
    from sky.simulate.orbits import draw_elements

    rng = np.random.default_rng(SEED)
    names, unknown = np.arange(count).astype(np.str_), np.full(count, 0.0)
    if REAL.is_file():
        real = mpcorb_columns(REAL.read_text().splitlines()[1:])
        which = np.resize(rng.permutation(len(real.epoch)), count)
        a = real.a_au[which] * (1 + rng.normal(0, 1e-3, count))
        e = np.clip(real.e[which] * (1 + rng.normal(0, 0.01, count)), 0, 0.98)
        incl, node, peri, h = (column[which] for column in (real.incl_deg, real.node_deg, real.peri_deg, real.h))
    else:
        a, e, incl, _ = draw_elements(rng, count)
        node, peri, h = rng.uniform(0, 360, count), rng.uniform(0, 360, count), rng.normal(17, 1.5, count)
    anomaly = rng.uniform(0, 360, count)
    g, drift = np.full(count, 0.15), np.full(count, 0.5)
    return orbits_of(Columns(names, np.full(count, EPOCH), a, e, incl, node, peri, anomaly, h, g, unknown, drift))


def _prepare(folder: Path, count: int) -> float:
    """Core-minutes to carry so many orbits from their epoch through 20 years of checkpoints."""
    from sky.known_store import BLOCK, LOUD_BLOCK, checkpoint_times
    from sky.planets import planets_between
    from sky.propagate import COARSE_STEP_DAYS, Journey, is_quiet

    orbits = _population(count)
    times = checkpoint_times(FIRST_MJD, FIRST_MJD + 365.25 * YEARS)
    planets = planets_between(times[0], EPOCH)
    quiet = is_quiet(orbits.state)
    started = time.process_time()
    for chosen, size in ((quiet, BLOCK), (~quiet, LOUD_BLOCK)):
        kind = orbits.take(chosen)
        for first in range(0, len(kind), size):
            journey = Journey(kind.state[:, first : first + size], EPOCH, planets, COARSE_STEP_DAYS)
            for at in reversed(times):
                np.save(folder / "block.npy", journey.to(at).astype(np.float32))
    return (time.process_time() - started) / 60


def _stand_in(folder: Path, count: int) -> Any:
    """A stored catalogue of so many orbits whose states are those of ellipses: as costly to search as a true one."""
    import json
    from dataclasses import asdict

    from sky.kepler import two_body
    from sky.known_store import MANIFEST, VERSION, Manifest, catalogue_open, checkpoint_name, checkpoint_times

    folder.mkdir()
    orbits = _population(count)
    times = checkpoint_times(FIRST_MJD, FIRST_MJD + 365.25 * YEARS)
    for name in ("designation", "epoch", "state", "h", "g", "sigma_arcsec", "drift_arcsec_year"):
        np.save(folder / f"{name}.npy", getattr(orbits, name))
    for at in times:
        states = np.memmap(folder / checkpoint_name(at), dtype="<f4", mode="w+", shape=(6, count))
        for first in range(0, count, 8192):
            states[:, first : first + 8192] = two_body(orbits.state[:, first : first + 8192], at - EPOCH)
        states.flush()
        del states
    manifest = Manifest(VERSION, "benchmark", "", "2026-01-01", count, 0, times, {})
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest)))
    return catalogue_open(folder)


def _fields(count: int) -> list[Any]:
    from sky.known import Field
    from sky.simulate.orbits import ecliptic_pointing

    rng = np.random.default_rng(SEED)
    times = np.sort(rng.uniform(FIRST_MJD + 1, FIRST_MJD + 365.25 * YEARS - 1, count))
    return [
        Field(
            *ecliptic_pointing(rng, float(at)),
            FIELD_ARCSEC,
            float(at),
            float(at) + 0.008,
            (6909.0, 0, 0),
            (0, 6909.0, 0),
        )
        for at in times
    ]


def _timed(catalogue: Any, fields: list[Any], *, cold: bool = False) -> list[float]:
    """Seconds of the processor for each field; ``cold``: on the clock, its checkpoint read from the disk first."""
    from sky.known import known_near
    from sky.known_store import checkpoint_name

    clock = time.perf_counter if cold else time.process_time
    spent = []
    for field in fields:
        if cold:
            name = checkpoint_name(catalogue.checkpoint_near(field.start_mjd_utc))
            with (catalogue.folder / name).open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        started = clock()
        known_near(catalogue, field)
        spent.append(clock() - started)
    return spent
