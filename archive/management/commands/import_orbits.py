"""`manage.py import_orbits FILE`: a catalogue of known orbits, ready for any exposure. No database, no network."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.orbits import FIRST_MJD, catalogue_folder, catalogue_import
from sky.known_store import CatalogueFault
from sky.orbits import OrbitFileFault
from sky.times import mjd_from_calendar

EXAMPLE = """example:
  manage.py import_orbits MPCORB.DAT
  manage.py import_orbits astorb.dat --first 1993-12-01 --as-of 2026-11-20

The file is MPCORB, astorb, or CSV (see manage.py ephemeris). Every object is carried through the years wanted; 1.4
million orbits and 24 years take some 15 minutes of one core and 2.5 GB of disk. A catalogue that was imported earlier
serves until the new one is whole. Killed, the same command goes on where it was."""


class Command(BaseCommand):
    help = "Store a catalogue of known orbits, with where each object was every 128 days."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        raw = argparse.RawDescriptionHelpFormatter
        return super().create_parser(*args, epilog=EXAMPLE, formatter_class=raw, **kwargs)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the orbits")
        parser.add_argument(
            "--as-of", type=date.fromisoformat, metavar="DATE",
            help="the catalogue's date: what was discovered later counts as unknown (the file's own date)",
        )  # fmt: skip
        parser.add_argument(
            "--first", type=date.fromisoformat, metavar="DATE", help="earliest exposure (2002-03-01: ACS)"
        )
        parser.add_argument("--last", type=date.fromisoformat, metavar="DATE", help="latest exposure (today)")
        parser.add_argument(
            "--processes", type=int, default=len(os.sched_getaffinity(0)), metavar="N",
            help="worker processes (as many as there are cores to use)",
        )  # fmt: skip

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            as_of = options["as_of"] or datetime.fromtimestamp(file.stat().st_mtime, UTC).date()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror or error}.") from None
        first = _mjd(options["first"]) if options["first"] else FIRST_MJD
        last = _mjd(options["last"] or datetime.now(UTC).date()) + 1
        if not first < last:
            raise CommandError("--first must be before --last.")
        bar = Bar()
        try:
            made = catalogue_import(
                file, as_of=as_of.isoformat(), first_mjd=first, last_mjd=last,
                processes=max(1, options["processes"]), progress=bar.show,
            )  # fmt: skip
        except (OrbitFileFault, CatalogueFault) as fault:
            raise CommandError(str(fault)) from fault
        except KeyboardInterrupt:
            raise CommandError("Stopped. What was done is kept; run the same command again to go on.") from None
        finally:
            bar.close()
        if made.skipped:
            self.stderr.write(self.style.WARNING(f"{made.skipped} lines hold no orbit that can be used."))
        self.stdout.write(
            f"{made.objects} orbits as of {made.as_of}, {len(made.checkpoints)} checkpoints. "
            f"Stored in {catalogue_folder()}"
        )


def _mjd(day: date) -> float:
    return mjd_from_calendar(day.year, day.month, day.day)


class Bar:
    """A progress bar for each thing that is going on."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._what = ""

    def show(self, done: int, total: int, what: str) -> None:
        """Show how far it is."""
        if what != self._what:
            self.close()
            self._what, self._bar = what, tqdm(total=total or None, unit=f" {what}", disable=None)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Leave the last bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
