"""`manage.py satellite_fractions`: how many exposures satellites cross, counted or foretold. No database."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalogue.exports import file_whole
from sky.csv_tables import TableFault
from sky.satellite_files import fractions_csv, read_exposures
from sky.satellites import (
    ACS_FIELD_ARCSEC,
    MODEL_EXPOSURE_S,
    UVIS_FIELD_ARCSEC,
    Fraction,
    crossings,
    fraction_table,
)


class Command(BaseCommand):
    help = (
        "Count the exposures that satellites cross, per instrument, filter and year, with errors; or, with --number "
        "and --altitude, say what so many satellites at one altitude would do. "
        "Examples: manage.py satellite_fractions exposures.csv --out fractions.csv; "
        "manage.py satellite_fractions --number 100000 --altitude 550"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "exposures", type=Path, nargs="?", metavar="CSV",
            help="instrument,filter,date,exposure_s,satellite (1 or 0),satellites (how many trails)",
        )  # fmt: skip
        parser.add_argument("--out", type=Path, metavar="CSV", help="where to write the table; it is printed otherwise")
        parser.add_argument("--number", type=int, metavar="N", help="the model: how many satellites")
        parser.add_argument("--altitude", type=float, metavar="KM", help="the model: their altitude, above Hubble's")
        parser.add_argument(
            "--exposure", type=float, default=MODEL_EXPOSURE_S, metavar="S", help="the model: exposure (%(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        model = options["number"] is not None or options["altitude"] is not None
        if model == (options["exposures"] is not None):
            raise CommandError("Give a CSV of exposures, or --number and --altitude for the model.")
        if model:
            self._foretell(options["number"], options["altitude"], options["exposure"])
        else:
            self._count(options["exposures"], options["out"])

    def _foretell(self, number: int | None, altitude: float | None, exposure_s: float) -> None:
        if number is None or altitude is None:
            raise CommandError("The model needs both --number and --altitude.")
        self.stdout.write("field     trails per exposure   exposures crossed")
        for name, side in (("ACS/WFC", ACS_FIELD_ARCSEC), ("WFC3/UVIS", UVIS_FIELD_ARCSEC)):
            try:
                found = crossings(number=number, altitude_km=altitude, field_arcsec=side, exposure_s=exposure_s)
            except ValueError as fault:
                raise CommandError(str(fault)) from fault
            self.stdout.write(f"{name:9} {100 * found.trails:18.2f} % {100 * found.chance:17.2f} %")

    def _count(self, path: Path, out: Path | None) -> None:
        if out is not None and out.resolve() == path.resolve():
            raise CommandError("The table cannot be written over the exposures.")
        try:
            table = fraction_table(read_exposures(path))
        except TableFault as fault:
            raise CommandError(f"{fault}. Nothing was written.") from fault
        if out is None:
            self.stdout.write(
                "\n".join(["instrument     filter   year  exposures  with satellites  %", *map(line, table)])
            )
            return
        try:
            with file_whole(out) as handle:
                handle.write(fractions_csv(table).encode())
        except OSError as error:
            raise CommandError(f"{out} could not be written: {error.strerror or error}.") from None
        self.stdout.write(f"{len(table)} groups of {table[0].exposures} exposures. Written: {out}")


def line(row: Fraction) -> str:
    """One group for people."""
    share = f"{100 * row.fraction:.2f} ± {100 * row.fraction_sigma:.2f}"
    return (
        f"{row.instrument:14} {row.filter:8} {row.year:5} {row.exposures:9}  "
        f"{row.crossed:7} ± {row.crossed_sigma:<5.0f}  {share}"
    )
