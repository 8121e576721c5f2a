"""`manage.py fit_distance`: a distance from points on a trail, by files. No database, no server."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalogue.exports import file_whole
from sky.csv_tables import TableFault
from sky.motion_distance import distance_if_main_belt
from sky.parallax import DistanceFit, fit_distance
from sky.parallax_files import read_observer, read_traces


class Command(BaseCommand):
    help = (
        "Fit an asteroid's distance to the shape of its trail, with Hubble's motion as the base of the parallax. "
        "Example: manage.py fit_distance --points points.csv --exposures exposures.csv --observer observer.csv "
        "--out out.json"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--points", type=Path, required=True, metavar="CSV",
            help="exposure,ra_deg,dec_deg,sigma_arcsec,role (start, end, line or edge) of one object",
        )  # fmt: skip
        parser.add_argument(
            "--exposures", type=Path, required=True, metavar="CSV", help="exposure,start_mjd_utc,end_mjd_utc"
        )
        parser.add_argument(
            "--observer", type=Path, required=True, metavar="CSV",
            help="mjd_utc,x_km,y_km,z_km: geocentric ICRF, a row every 10 minutes or closer over each exposure",
        )  # fmt: skip
        parser.add_argument("--out", type=Path, required=True, metavar="JSON", help="file to write or replace")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        paths = [options[name].resolve() for name in ("points", "exposures", "observer", "out")]
        if len(set(paths)) < len(paths):
            raise CommandError("Each file needs a path of its own: one of them was given twice.")
        try:
            observer = read_observer(options["observer"])
            fit = fit_distance(read_traces(options["points"], options["exposures"]), observer)
        except TableFault as fault:
            raise CommandError(f"{fault}. Nothing was written.") from fault
        except ValueError as fault:
            raise CommandError(f"No fit: {fault}. Nothing was written.") from fault
        belt = distance_if_main_belt(fit)
        content = fit.as_dict() | {"if_main_belt": belt.as_dict() if belt else None}
        try:
            with file_whole(out) as handle:
                handle.write((json.dumps(_finite(content), indent=2) + "\n").encode())
        except OSError as error:
            raise CommandError(f"{out} could not be written: {error.strerror or error}.") from None
        self.stdout.write(f"{summary(fit)} Written: {out}")


def summary(fit: DistanceFit) -> str:
    """One line for people."""
    if fit.distance_au is not None and fit.interval_au is not None:
        low, high = fit.interval_au
        text = f"Distance {fit.distance_au:.4g} au (68 %: {low:.4g} to {high:.4g})"
    elif fit.at_least_au is not None:
        text = f"Distance at least {fit.at_least_au:.3g} au (parallax below two sigma)"
    else:
        text = "No distance: the points leave it free"
    return f"{text}; direction {fit.direction.replace('_', ' ')} (delta chi-square {fit.delta_chi2:.1f})."


def _finite(value: Any) -> Any:
    """JSON knows no infinity: what is not finite becomes null."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and abs(value) == float("inf") else value
