"""`manage.py evaluate_model [FILE | NAME VERSION]`: how good a model is on fresh simulations, and its card's truth."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from tqdm import tqdm

from ml.card import BAR_COLUMNS, CardTable, Rows, bar_rows, card_page
from ml.evaluation import (
    CALIBRATION_SEEDS,
    FRESH_SEEDS,
    TESTED,
    Judged,
    TestSet,
    differences,
    figures,
    judge_seeds,
    working_threshold,
)
from ml.figures import PICTURES
from ml.inference import model_content
from ml.models import Model
from ml.runtime import ModelRefused, read_model
from ml.services import SHIPPED, CardRefused, card_read
from sky.fits import UnusableImage
from sky.simulate.background import Background, read_background

EXAMPLE = """examples:
  manage.py evaluate_model                        the model that ships, on its card's own tiles: are its figures true?
  manage.py evaluate_model --seed 4000000         the same model on fresh tiles
  manage.py evaluate_model deeper-1.onnx --tiles 200 --background j8pu25fvq_flt.fits --out figures
  manage.py evaluate_model deeper 1               a registered model (the name comes first)

Tiles are simulated from seeds: 1000000 and on serve to calibrate, 2000000 to make the figures of cards, 3000000 to
check a training; 4000000 and on are nobody's. The same seeds, frames and code give the same figures."""
CALIBRATED_ON = 400
SHOWN = 20


class Command(BaseCommand):
    help = "Judge a model on simulated tiles: tables here, figures as JSON, SVG and PNG into a folder."
    requires_system_checks: list[str] = []

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        return super().create_parser(*args, epilog=EXAMPLE, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "model", nargs="?", default="", metavar="FILE|NAME", help="an ONNX file (the one that ships)"
        )
        parser.add_argument("model_version", nargs="?", default="", metavar="VERSION", help="of a registered model")
        parser.add_argument("--card", type=Path, default=None, help="its card (FILE with .json instead of .onnx)")
        parser.add_argument("--tiles", type=int, default=None, help=f"how many (as the card, else {TESTED})")
        parser.add_argument("--seed", type=int, default=None, help=f"first seed (as the card, else {FRESH_SEEDS})")
        parser.add_argument(
            "--background", type=Path, nargs="+", default=[], metavar="FILE",
            help="real frames (FITS or pictures) into which the same trails are put, judged apart",
        )  # fmt: skip
        parser.add_argument("--out", type=Path, default=None, help="folder for figures.json and the figures")
        parser.add_argument("--processes", type=int, default=1, help="how many judge at once (1); one core each")

    def handle(self, *args: Any, model: str, model_version: str, **options: Any) -> None:
        _check(options)
        try:
            content, card = _model(model, model_version, options["card"])
            frames = _frames(options["background"])
            said = TestSet.from_card(card)
            tests = _test_set(said, frames, options)
            judged = _judged(content, tests, frames, options["processes"])
            threshold = _threshold(content, card, options["processes"])
        except (ModelRefused, CardRefused) as error:
            raise CommandError(f"{error} Nothing was judged.") from None
        except KeyboardInterrupt:
            raise CommandError("Stopped; nothing was written.") from None
        found = figures(judged, threshold)
        self._tell(found, tests)
        if options["out"]:
            self._write(options["out"], {"test": tests.as_dict(), "figures": found})
        if said and card.get("figures") and (said.first_seed, said.tiles) == (tests.first_seed, tests.tiles):
            self._compare(card["figures"], found, said, tests)

    def _tell(self, found: dict[str, Any], tests: TestSet) -> None:
        page = card_page({"figures": found})
        self.stdout.write(f"\nTiles of the seeds {tests.first_seed} to {tests.seeds[-1]}. {page.tiles}\n")
        self._table(CardTable("Bars", BAR_COLUMNS, bar_rows(page.bars)))
        self._section("On simulated backgrounds", page.figures, page.tables)
        if page.real_figures:
            self.stdout.write(f"\n{page.real_tiles}")
            self._section("On real backgrounds", page.real_figures, page.real_tables)

    def _section(self, title: str, rows: Rows, tables: list[CardTable]) -> None:
        for table in [CardTable(title, ["figure", "value"], [list(row) for row in rows]), *tables]:
            self._table(table)

    def _table(self, table: CardTable) -> None:
        lines = [table.columns, *table.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(table.columns))]
        self.stdout.write(f"\n{self.style.MIGRATE_HEADING(table.title)}")
        for line in lines:
            self.stdout.write(
                "  ".join((cell or "–").ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            )

    def _write(self, out: Path, content: dict[str, Any]) -> None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / "figures.json").write_text(json.dumps(content, indent=1) + "\n")
            for name, picture in PICTURES.items():
                drawn = picture(content["figures"])
                (out / f"{name}.svg").write_text(drawn.svg())
                (out / f"{name}.png").write_bytes(drawn.png())
        except OSError as error:
            raise CommandError(f"The figures cannot be written to {out}: {error.strerror}. See them above.") from None
        self.stdout.write(f"\nFigures written to {out}")

    def _compare(self, said: dict[str, Any], found: dict[str, Any], tested: TestSet, tests: TestSet) -> None:
        """Hold the card against what was measured now; what was not measured now is left out, and named."""
        if "completeness" not in said:
            self.stdout.write("\nThe card was made before detections were counted; its figures are not comparable.")
            return
        apart = {"people", "bars"}
        note = ""
        if tested.frames and tested.frames != tests.frames:
            apart.add("real")
            names = " ".join(name for name, _ in tested.frames)
            note = f" Real backgrounds were left out: that part needs --background with the card's frames ({names})."
        elif tests.frames and not tested.frames:
            apart.add("real")
        one, other = ({key: value for key, value in each.items() if key not in apart} for each in (said, found))
        other = json.loads(json.dumps(other))
        away = list(differences(one, other))
        if not away:
            self.stdout.write(self.style.SUCCESS(f"\nReproduced: the card's figures are what was measured now.{note}"))
            return
        more = f"\n  … and {len(away) - SHOWN} more" if len(away) > SHOWN else ""
        lines = "".join(f"\n  {line}" for line in away[:SHOWN])
        raise CommandError(f"Not reproduced: {len(away)} figures of the card differ.{lines}{more}{note}")


def _check(options: dict[str, Any]) -> None:
    if options["tiles"] is not None and not 20 <= options["tiles"] <= 100_000:
        raise CommandError("--tiles takes 20 to 100000.")
    if options["seed"] is not None and options["seed"] < 0:
        raise CommandError("--seed must not be negative.")
    if not 1 <= options["processes"] <= 64:
        raise CommandError("--processes takes 1 to 64.")
    out = options["out"]
    if out is not None and out.exists() and not (out.is_dir() and os.access(out, os.W_OK)):
        raise CommandError(f"--out {out} is no folder that can be written to.")


def _model(model: str, version: str, card: Path | None) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a model and its card: a file's, a registered model's, or the shipped one's."""
    if model and (version or not (model.endswith(".onnx") or Path(model).exists())):
        row = _registered(model, version)
        return model_content(row), row.card
    path = Path(model) if model else Path(settings.BASE_DIR) / "ml" / "shipped" / f"{SHIPPED}.onnx"
    try:
        with path.open("rb") as file:
            content = read_model(file, name=path.name)
    except OSError as error:
        raise ModelRefused(f"The model file {path.name} cannot be read: {error.strerror}.") from None
    beside = path.with_suffix(".json")
    return content, card_read(card or beside) if card or beside.exists() else {}


def _registered(name: str, version: str) -> Model:
    try:
        found = Model.objects.filter(name=name, version=version).first()
        known = [str(model) for model in Model.objects.order_by("name", "version")[:20]]
    except OperationalError:
        raise CommandError(
            f"There is no file {name}, and no database was started to look for a registered model. "
            "Give a file, or the name and version before all options: manage.py evaluate_model NAME VERSION --tiles 200"
        ) from None
    if found is None:
        words = ", ".join(known) or "none"
        raise CommandError(f"There is no file {name}, and no model {name} {version}. Registered: {words}.")
    return found


def _frames(paths: list[Path]) -> list[Background]:
    frames: list[Background] = []
    for path in paths:
        try:
            frames += read_background(path)
        except UnusableImage as error:
            raise CommandError(f"{path.name} cannot be used as a background: {error} Nothing was judged.") from None
    return frames


def _test_set(said: TestSet | None, frames: list[Background], options: dict[str, Any]) -> TestSet:
    """The card's own tiles unless told otherwise."""
    seed, tiles = options["seed"], options["tiles"]
    first = seed if seed is not None else said.first_seed if said else FRESH_SEEDS
    count = tiles if tiles is not None else said.tiles if said else TESTED
    return TestSet(first, count, tuple((frame.name, frame.sha256) for frame in frames))


def _judged(content: bytes, tests: TestSet, frames: list[Background], processes: int) -> list[Judged]:
    found = judge_seeds(content, tests.seeds, processes=processes, progress=_progress, word="simulated")
    if frames:
        found += judge_seeds(
            content, tests.seeds, backgrounds=frames, processes=processes, progress=_progress, word="real"
        )
    return found


def _threshold(content: bytes, card: dict[str, Any], processes: int) -> float:
    """The card's; for a model without one, chosen on tiles of the calibration seeds."""
    threshold = card.get("threshold")
    if isinstance(threshold, int | float) and 0 <= threshold <= 1:
        return float(threshold)
    seeds = range(CALIBRATION_SEEDS, CALIBRATION_SEEDS + CALIBRATED_ON)
    return working_threshold(judge_seeds(content, seeds, processes=processes, progress=_progress, word="threshold"))


def _progress(seeds: Iterable[int], word: str) -> Iterable[int]:
    return tqdm(seeds, desc=word, unit="tile", file=sys.stderr)
