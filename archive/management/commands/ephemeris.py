"""`manage.py ephemeris`: where known objects appear to an observer, by files. No database, no network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import IO, Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sky.ephemeris import Places, ephemeris
from sky.files import file_whole
from sky.observer import ObserverFault, read_observer
from sky.orbits import OrbitFileFault, Orbits, read_orbits
from sky.planets import FIRST_MJD_TDB, LAST_MJD_TDB, OutsideEphemeris

COLUMNS = (
    "designation", "mjd_utc", "ra_deg", "dec_deg", "delta_au", "r_au", "phase_deg", "v_mag",
    "ra_rate_arcsec_h", "dec_rate_arcsec_h",
)  # fmt: skip
ROW = "%s,%s,%.9f,%.9f,%.9f,%.9f,%.6f,%s,%.5f,%.5f\n"
EXAMPLE = """example:
  manage.py ephemeris --orbits MPCORB.DAT --observer observer.csv --out places.csv

Each orbit at each row of the observer, orbit by orbit. Right ascension and declination are astrometric (light
time, no aberration), ICRF; the rates are those seen from the Earth's centre, arcseconds per hour, that of right
ascension times cos Dec. Orbits: MPCORB or astorb lines, or CSV designation,epoch_mjd_tdb,a_au,e,incl_deg,
Omega_deg,w_deg,M_deg[,H,G]. Observer: mjd_utc,x_km,y_km,z_km from the Earth's centre, ICRF axes."""


class Command(BaseCommand):
    help = "Compute positions, distances, magnitudes and motions of known objects for an observer; write a CSV."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        raw = argparse.RawDescriptionHelpFormatter
        return super().create_parser(*args, epilog=EXAMPLE, formatter_class=raw, **kwargs)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--orbits", type=Path, required=True, metavar="FILE", help="the orbits")
        parser.add_argument("--observer", type=Path, required=True, metavar="CSV", help="times and places")
        parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the file to write or replace")

    def handle(self, *args: Any, **options: Any) -> None:
        paths = [options[name].resolve() for name in ("orbits", "observer", "out")]
        if len(set(paths)) < len(paths):
            raise CommandError("Each file needs a path of its own: one of them was given twice.")
        faults: list[str] = []
        try:
            times, places = read_observer(options["observer"])
            with file_whole(options["out"]) as target:
                count = _write(target, options["orbits"], times, places, faults)
                if not count:
                    raise OrbitFileFault(f"{options['orbits']}: no orbit could be used. {faults[0] if faults else ''}")
        except (ObserverFault, OrbitFileFault, OutsideEphemeris) as fault:
            raise CommandError(f"{str(fault).strip().rstrip('.')}. Nothing was written.") from fault
        except OSError as error:
            raise CommandError(f"{options['out']} could not be written: {error.strerror or error}.") from None
        for fault_ in faults[:10]:
            self.stderr.write(self.style.WARNING(f"Left out: {fault_}"))
        if len(faults) > 10:
            self.stderr.write(self.style.WARNING(f"and {len(faults) - 10} more"))
        self.stdout.write(f"{count} orbits at {len(times)} times. Written: {options['out']}")


def _write(target: IO[bytes], orbits: Path, times: Any, places: Any, faults: list[str]) -> int:
    """Write the table as it is computed; the number of orbits in it."""
    stamps = [repr(float(at)) for at in times]
    target.write((",".join(COLUMNS) + "\n").encode())
    count = 0
    with tqdm(unit=" orbits", disable=None) as bar:
        for part in read_orbits(orbits, skipped=faults):
            covered = (part.epoch >= FIRST_MJD_TDB + 1) & (part.epoch <= LAST_MJD_TDB - 1)
            faults.extend(f"{name}: its epoch is not in 1985-2045." for name in part.designation[~covered])
            for block, seen in ephemeris(part.take(covered), times, places):
                target.write(_rows(block, seen, stamps).encode())
                count += len(block)
                bar.update(len(block))
    return count


def _rows(block: Orbits, seen: list[Places], stamps: list[str]) -> str:
    """The lines of a block: all times of one orbit, then of the next."""
    columns = [np.stack([getattr(places, name) for places in seen], axis=1) for name in Places.__slots__]
    lines = []
    for index, name in enumerate(block.designation):
        quoted = f'"{name}"' if "," in name else name
        for at, (ra, dec, delta, r, phase, v, east, north) in zip(
            stamps, np.stack([column[index] for column in columns], axis=1).tolist(), strict=True
        ):
            magnitude = f"{v:.3f}" if v == v else ""
            lines.append(ROW % (quoted, at, ra, dec, delta, r, phase, magnitude, east, north))
    return "".join(lines)
