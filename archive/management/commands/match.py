"""`manage.py match`: which known objects trails are, or which lie in exposures, by files. No database, no network."""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.finding import PathRefused, files_find, path_checked
from archive.orbits import (
    Checked,
    ExposureSpan,
    NamedTrail,
    catalogue_current,
    crossings_of,
    exposure_of_fits,
    read_exposures,
    read_trails,
    support_file_of,
    trails_match,
)
from sky.csv_tables import TableFault
from sky.files import file_whole
from sky.fits import UnusableImage
from sky.known_store import Catalogue, CatalogueFault, catalogue_build, catalogue_open, checkpoint_times
from sky.match import Thresholds
from sky.observer import HubbleOrbit, ObserverFault, read_state_vectors, read_two_line_elements
from sky.orbits import OrbitFileFault

MATCHED = (
    "exposure", "trail", "verdict", "rank", "designation", "direction", "separation_arcsec", "along_start_arcsec",
    "across_start_arcsec", "along_end_arcsec", "across_end_arcsec", "angle_deg", "length_ratio", "v_mag", "v_residual",
    "rate_arcsec_h", "spread_arcsec", "score", "objects_near", "observer", "observer_error_km", "catalogue_date",
)  # fmt: skip
CROSSING = (
    "exposure", "designation", "ra_start_deg", "dec_start_deg", "ra_end_deg", "dec_end_deg", "v_mag", "rate_arcsec_h",
    "delta_au", "r_au", "phase_deg", "spread_arcsec", "observer", "observer_error_km", "catalogue_date",
)  # fmt: skip
EXAMPLE = """examples:
  manage.py match exposures/ --trails trails.csv --tle hst.tle --out matches.csv
  manage.py match --exposures exposures.csv --trails trails.csv --observer observer.csv --orbits MPCORB.DAT --out m.csv
  manage.py match exposures/ --out objects.csv       which known objects lie in each exposure

Exposures: FITS files and folders, or CSV exposure,start_mjd_utc,end_mjd_utc[,ra_deg,dec_deg,radius_arcsec]. Trails:
CSV exposure,ra1_deg,dec1_deg,ra2_deg,dec2_deg[,trail,v_mag,cut], an exposure by its dataset's name, cut: 1, 2 or 12
for ends on the picture's edge. Where Hubble was: support files (name_spt.fits) beside the exposures are found by
themselves; state vectors mjd_utc,x_km,y_km,z_km; two-line elements. Where none serves, places are off by up to 9.5
arcseconds at 1 au, which is said and allowed for. A trail without a match has one row, verdict "none"."""


class Command(BaseCommand):
    help = "Match trails with known objects, or list the known objects in exposures; write a CSV."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        raw = argparse.RawDescriptionHelpFormatter
        return super().create_parser(*args, epilog=EXAMPLE, formatter_class=raw, **kwargs)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="FITS file, or folder to be searched through")
        parser.add_argument("--exposures", type=Path, metavar="CSV", help="exposures, instead of FITS files")
        parser.add_argument("--trails", type=Path, metavar="CSV", help="trails; without, objects in fields are listed")
        parser.add_argument("--orbits", type=Path, metavar="FILE", help="orbits, instead of the imported catalogue")
        parser.add_argument("--observer", type=Path, metavar="CSV", help="Hubble's state vectors")
        parser.add_argument("--tle", type=Path, metavar="FILE", help="Hubble's two-line elements")
        parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the file to write or replace")
        limits = Thresholds()
        for field in fields(Thresholds):
            parser.add_argument(
                f"--{field.name.replace('_', '-')}", type=float, default=getattr(limits, field.name), metavar="X",
                help=f"threshold ({getattr(limits, field.name):g}); see docs/explanation/known-objects.md",
            )  # fmt: skip

    def handle(self, *args: Any, paths: list[str], **options: Any) -> None:
        try:
            exposures, orbits = self._exposures(paths, options), _orbits(options)
            trails = read_trails(options["trails"]) if options["trails"] else None
            if trails is not None and (lost := {one.exposure for one in trails} - {one.name for one, _ in exposures}):
                raise TableFault(f"{options['trails']}: there is no exposure {sorted(lost)[0]}")
            with tempfile.TemporaryDirectory(prefix="orbits-") as folder:
                catalogue = _catalogue(options["orbits"], exposures, Path(folder))
                limits = Thresholds(**{field.name: options[field.name] for field in fields(Thresholds)})
                rows = list(_rows(catalogue, exposures, trails, orbits, limits))
        except (TableFault, PathRefused, OrbitFileFault, CatalogueFault, ObserverFault) as fault:
            raise CommandError(f"{str(fault).rstrip('.')}. Nothing was written.") from fault
        _write(options["out"], MATCHED if trails is not None else CROSSING, rows)
        self.stdout.write(f"{_summary(rows, trails, len(exposures))} Written: {options['out']}")

    def _exposures(self, paths: list[str], options: dict[str, Any]) -> list[tuple[ExposureSpan, HubbleOrbit | None]]:
        """Each exposure once, with what its own support file says of Hubble's orbit."""
        found: dict[str, tuple[ExposureSpan, HubbleOrbit | None]] = {}
        if options["exposures"]:
            found |= {one.name: (one, None) for one in read_exposures(options["exposures"])}
        for path in files_find([path_checked(one) for one in paths]).files if paths else []:
            if path.name.split(".")[0].endswith("_spt"):
                continue
            try:
                exposure = exposure_of_fits(path)
            except UnusableImage as error:
                self.stderr.write(self.style.WARNING(f"refused  {path.name}: {error.reason}"))
                continue
            found.setdefault(exposure.name, (exposure, support_file_of(path)))
        if not found:
            raise TableFault("There is no exposure: name FITS files, folders of them, or --exposures")
        return list(found.values())


def _orbits(options: dict[str, Any]) -> list[HubbleOrbit]:
    orbits: list[HubbleOrbit] = []
    if options["observer"]:
        orbits.append(read_state_vectors(options["observer"]))
    if options["tle"]:
        orbits.append(read_two_line_elements(options["tle"]))
    return orbits


def _catalogue(file: Path | None, exposures: list[tuple[ExposureSpan, HubbleOrbit | None]], folder: Path) -> Catalogue:
    """The installation's catalogue, or one of a file with the checkpoints that these exposures need."""
    if file is None:
        return catalogue_current()
    times = sorted({at for one, _ in exposures for at in checkpoint_times(one.start_mjd_utc, one.end_mjd_utc)})
    catalogue_build(file, folder / "given", as_of="", times=times)
    return catalogue_open(folder / "given")


def _rows(
    catalogue: Catalogue, exposures: list[tuple[ExposureSpan, HubbleOrbit | None]], trails: list[NamedTrail] | None,
    orbits: list[HubbleOrbit], limits: Thresholds,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    by_exposure: dict[str, list[NamedTrail]] = {}
    for one in trails or []:
        by_exposure.setdefault(one.exposure, []).append(one)
    # In order of time, so that neighbours find their checkpoint still in memory.
    for exposure, own in tqdm(sorted(exposures, key=lambda one: one[0].start_mjd_utc), unit=" exposures", disable=None):
        known = [*orbits, own] if own else orbits
        if trails is None:
            yield from _crossing_rows(catalogue, exposure, known)
        for checked in trails_match(catalogue, exposure, by_exposure.get(exposure.name, []), known, limits):
            yield from _matched_rows(checked, catalogue)


def _crossing_rows(catalogue: Catalogue, exposure: ExposureSpan, known: list[HubbleOrbit]) -> Iterator[dict[str, Any]]:
    near, orbit = crossings_of(catalogue, exposure, known)
    error = max(orbit.error_km([exposure.start_mjd_utc, exposure.end_mjd_utc]))
    for index, name in enumerate(near.orbits.designation):
        start, end = near.start, near.end
        rate = (start.east_arcsec_h[index] ** 2 + start.north_arcsec_h[index] ** 2) ** 0.5
        yield {
            "exposure": exposure.name, "designation": name,
            "ra_start_deg": f"{start.ra_deg[index]:.7f}", "dec_start_deg": f"{start.dec_deg[index]:.7f}",
            "ra_end_deg": f"{end.ra_deg[index]:.7f}", "dec_end_deg": f"{end.dec_deg[index]:.7f}",
            "v_mag": _magnitude(start.v_mag[index]), "rate_arcsec_h": f"{rate:.3f}",
            "delta_au": f"{start.delta_au[index]:.6f}", "r_au": f"{start.r_au[index]:.6f}",
            "phase_deg": f"{start.phase_deg[index]:.3f}", "spread_arcsec": f"{near.spread_arcsec[index]:.2f}",
            "observer": orbit.source, "observer_error_km": f"{error:.1f}",
            "catalogue_date": catalogue.manifest.as_of,
        }  # fmt: skip


def _matched_rows(checked: Checked, catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    common = {
        "exposure": checked.trail.exposure, "trail": checked.trail.name, "objects_near": checked.near,
        "observer": checked.observer, "observer_error_km": f"{checked.observer_error_km:.1f}",
        "catalogue_date": catalogue.manifest.as_of,
    }  # fmt: skip
    if not checked.found:
        yield common | {"verdict": "none"}
    for rank, match in enumerate(checked.found, 1):
        yield common | {
            "verdict": "match" if match.accepted else "possible", "rank": rank, "designation": match.designation,
            "direction": match.direction, "separation_arcsec": f"{match.separation_arcsec:.3f}",
            "along_start_arcsec": f"{match.along_start:.3f}", "across_start_arcsec": f"{match.across_start:.3f}",
            "along_end_arcsec": f"{match.along_end:.3f}", "across_end_arcsec": f"{match.across_end:.3f}",
            "angle_deg": f"{match.angle_deg:.3f}", "length_ratio": f"{match.length_ratio:.4f}",
            "v_mag": _magnitude(match.v_mag), "v_residual": _magnitude(match.v_residual),
            "rate_arcsec_h": f"{match.rate_arcsec_h:.3f}", "spread_arcsec": f"{match.spread_arcsec:.2f}",
            "score": f"{match.score:.4f}",
        }  # fmt: skip


def _magnitude(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.2f}"


def _write(out: Path, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    try:
        with file_whole(out) as target:
            target.write(text.getvalue().encode())
    except OSError as error:
        raise CommandError(f"{out} could not be written: {error.strerror or error}.") from None


def _summary(rows: list[dict[str, Any]], trails: list[NamedTrail] | None, exposures: int) -> str:
    if trails is None:
        return f"{len(rows)} known objects in {exposures} exposures."
    firsts = [row for row in rows if row.get("rank", 1) == 1]
    count = {verdict: sum(row["verdict"] == verdict for row in firsts) for verdict in ("match", "possible", "none")}
    return f"{len(trails)} trails: {count['match']} matched, {count['possible']} possible, {count['none']} with none."
