"""`manage.py score PATH… --csv OUT`: score files and folders, without a database."""

from __future__ import annotations

import csv
import hashlib
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.finding import PathRefused, files_find, path_checked
from ml.probe import probe_apart
from ml.runtime import ModelRefused, read_model
from ml.scoring import COLUMNS, SUFFIXES, FileScored, ModelFile, score_files
from ml.services import SHIPPED

EXAMPLE = """example:
  manage.py score exposure_flc.fits previews/ --csv scores.csv
  manage.py score previews/ --csv trails.csv --threshold 0.9 --model deeper-1.onnx

A row for each tile of 512 x 512 pixels (neighbours share 64): its image (name.fits[SCI,1] where a file holds
several), its box (x1, y1 lie just outside), four probabilities, and the ends of the likeliest trail. FITS: pixels
from 0 at the first of the array; pictures: from 0 at the top left. Nothing is kept but the CSV."""


class Command(BaseCommand):
    help = "Score FITS files, JPEG, PNG and WebP pictures, and folders of them, with a model; write a CSV. No database."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        return super().create_parser(*args, epilog=EXAMPLE, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="file, or folder to be searched through")
        parser.add_argument("--csv", type=Path, required=True, metavar="OUT", help="the CSV file to write")
        parser.add_argument(
            "--model", type=Path, default=None, metavar="FILE", help="an ONNX file (the one that ships)"
        )
        parser.add_argument(
            "--processes", type=int, default=len(os.sched_getaffinity(0)), metavar="N",
            help="worker processes (as many as there are cores to use)",
        )  # fmt: skip
        parser.add_argument(
            "--threshold", type=float, default=0.0, metavar="P",
            help="leave out tiles whose likeliest trail has a lower probability (0: no tile)",
        )  # fmt: skip

    def handle(self, *args: Any, paths: list[str], csv: Path, **options: Any) -> None:
        _check(csv, options)
        files = _files(paths)
        model = _model(options["model"])
        try:
            tally = self._score(files, model, csv, options)
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. {_untouched(csv)}", returncode=130) from None
        except OSError as error:
            raise CommandError(f"{csv} cannot be written ({error.strerror or error}). {_untouched(csv)}") from None
        tiles, failed = tally
        if failed:
            raise CommandError(
                f"{failed} of {len(files)} files could not be scored in full; why is said above. "
                f"{tiles} tiles of the others are in {csv}."
            )
        self.stdout.write(f"{csv}: {tiles} tiles of {len(files)} files")

    def _score(self, files: list[str], model: ModelFile, out: Path, options: dict[str, Any]) -> tuple[int, int]:
        """Write the rows as they come; returns how many, and how many files failed."""
        tiles = failed = 0
        results = score_files(files, model, min(options["processes"], len(files)))
        with _written(out) as file, tqdm(total=len(files), unit="file", desc="score", file=sys.stderr) as bar:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            try:
                for scored in results:
                    kept = [row for row in scored.rows if row.p_trail >= options["threshold"]]
                    writer.writerows(row.cells() for row in kept)
                    tiles += len(kept)
                    failed += bool(scored.failures)
                    self._tell(scored, bar)
            finally:
                results.close()
        return tiles, failed

    def _tell(self, scored: FileScored, bar: Any) -> None:
        for reason in scored.failures:
            bar.write(self.style.ERROR(f"not scored  {scored.path}: {reason}"), file=self.stderr)
        bar.update()


@contextmanager
def _written(out: Path) -> Iterator[TextIO]:
    """A new file that takes the place of ``out`` once all is written, and leaves it alone otherwise."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        # Names that are no text keep their bytes.
        with part.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            yield file
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _check(out: Path, options: dict[str, Any]) -> None:
    if options["processes"] < 1:
        raise CommandError("--processes must be 1 or more.")
    if not 0 <= options["threshold"] <= 1:
        raise CommandError("--threshold is a probability, from 0 to 1.")
    if out.is_dir() or not out.parent.is_dir():
        raise CommandError(f"{out} cannot be written: it is a folder, or its folder does not exist.")


def _files(paths: list[str]) -> list[str]:
    try:
        for path in paths:
            path_checked(path)
    except PathRefused as error:
        raise CommandError(f"{error} Nothing was scored.") from None
    files = [str(path) for path in files_find([Path(path) for path in paths], suffixes=SUFFIXES).files]
    if not files:
        raise CommandError(f"There is no image in {', '.join(paths)} (looked for {', '.join(SUFFIXES)}).")
    return files


def _model(path: Path | None) -> ModelFile:
    """The model to use; one that a person names is tried in a process of its own first."""
    chosen = path or Path(settings.BASE_DIR) / "ml" / "shipped" / f"{SHIPPED}.onnx"
    try:
        with chosen.open("rb") as file:
            content = read_model(file, name=chosen.name)
        if path is not None:
            probe_apart(content)
    except OSError as error:
        raise CommandError(
            f"The model {chosen} cannot be read ({error.strerror or error}). Nothing was scored."
        ) from None
    except ModelRefused as error:
        raise CommandError(f"{error} Nothing was scored.") from None
    return ModelFile(str(chosen), hashlib.sha256(content).hexdigest())


def _untouched(out: Path) -> str:
    return f"{out} is as it was." if out.exists() else "Nothing was written."
