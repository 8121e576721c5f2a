"""Train a model on simulations, real frames and people's labels; write it with its card. Needs the training extra."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

EXAMPLE = """example:
  manage.py train --seed 1 --minutes 15
  manage.py train --minutes 60 --background u59n0201r.fits --test-background j8pu25fvq.fits
  manage.py train --minutes 30 --rate 0.0012 --start-from trailnet-3.onnx --model-version 4
  manage.py train --minutes 20 --workers 15 --echo 4 --check-tiles 400  # on a GPU beside 16 cores
  manage.py train --minutes 60 --name deeper --model-version 1 --out /data/models

A training that was broken off or killed goes on when the same command is given again. The result is put to work by
`manage.py register_model FILE --card CARD` and `manage.py activate_model`."""
DEFAULTS: dict[str, Any] = {
    "workers": 1, "threads": 1, "name": "trailnet", "model_version": "1", "calibration_tiles": 400,
    "test_tiles": 1000, "architecture": "", "rate": None, "echo": 1, "check_tiles": 160,
}  # fmt: skip


class Command(BaseCommand):
    help = "Train a heat-map network on simulated tiles; write the ONNX file, its card (JSON) and the card as markdown."
    requires_system_checks: list[str] = []

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        return super().create_parser(*args, epilog=EXAMPLE, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="seed of the simulations and the weights (1)")
        parser.add_argument(
            "--minutes", type=float, default=15.0, help="CPU time of the training proper, or of the GPU's clock (15)"
        )
        parser.add_argument("--workers", type=int, default=1, help="processes that simulate beside the training (1)")
        parser.add_argument("--threads", type=int, default=1, help="threads of the training itself (1)")
        parser.add_argument("--architecture", default="", help="as `manage.py search_architecture` names them")
        parser.add_argument("--rate", type=float, default=None, help="highest learning rate (0.0025)")
        parser.add_argument(
            "--start-from", type=Path, default=None, metavar="FILE", help="begin with the weights of an earlier model"
        )
        parser.add_argument(
            "--background", type=Path, nargs="+", default=[], metavar="FILE",
            help="real frames to put trails into (FITS, JPEG, PNG, WebP), for a fifth of the tiles",
        )  # fmt: skip
        parser.add_argument(
            "--test-background", type=Path, nargs="+", default=[], metavar="FILE",
            help="other real frames, of other fields, for the card's figures on real backgrounds",
        )  # fmt: skip
        parser.add_argument("--labels", type=Path, default=None, metavar="NPZ", help="cutouts that people labelled")
        parser.add_argument(
            "--int8", action="store_true",
            help="in eight bits, where that is faster here and loses nothing; the card has what was measured",
        )  # fmt: skip
        parser.add_argument("--name", default="trailnet", help="name of the model (trailnet)")
        parser.add_argument("--model-version", default="1", help="version of the model (1)")
        parser.add_argument("--out", type=Path, default=None, help="folder for the three files (ml/shipped)")
        parser.add_argument("--calibration-tiles", type=int, default=400, help="tiles to calibrate on (400)")
        parser.add_argument("--test-tiles", type=int, default=1000, help="held-out tiles for the card's figures (1000)")
        parser.add_argument(
            "--check-tiles", type=int, default=160, help="tiles on which the training is judged as it goes (160)"
        )
        parser.add_argument(
            "--echo", type=int, default=1, help="how often each tile is learnt from, turned; on a GPU 3 or 4 (1)"
        )
        parser.add_argument(
            "--processes", type=int, default=0, help="processes that simulate and judge before and after (the cores)"
        )
        parser.add_argument("--progress-json", action="store_true", help="progress as lines of JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        from ml.training.produce import produce
        from ml.training.start import StartRefused

        out: Path = options["out"] or Path(settings.BASE_DIR) / "ml" / "shipped"
        wish = _wish(options)
        with _shown(options["progress_json"]) as shown:
            try:
                card = produce(wish, out, report=shown.report, progress=shown.steps)
            except KeyboardInterrupt:
                raise CommandError("Stopped. What was learnt is kept; the same command goes on from there.") from None
            except StartRefused as error:
                raise CommandError(
                    f"{options['start_from']} is nothing to start from: {error} Nothing was trained."
                ) from None
            except RuntimeError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(_summary(out, card))


def _summary(out: Path, card: dict[str, Any]) -> str:
    auc = card["figures"].get("auc", {}).get("asteroid", {})
    said = f"AUC {auc['value']} [{auc['low']}, {auc['high']}], " if auc else ""
    took = f"{card['training']['tiles']} tiles in {card['training']['wall_s']:.0f} s"
    return f"{out / card['name']}-{card['version']}.onnx: {said}{took}"


def _wish(options: dict[str, Any]) -> Any:
    """The order to the training; everything that may be refused is looked at here."""
    from ml.training.labels import LabelsRefused, read_labels
    from ml.training.loop import PEAK_RATE, Plan
    from ml.training.network import Architecture
    from ml.training.produce import Wish

    try:
        labelled = read_labels(options["labels"]) if options["labels"] else None
        architecture = Architecture.parse(options["architecture"]) if options["architecture"] else Architecture()
    except (LabelsRefused, ValueError) as error:
        raise CommandError(str(error)) from None
    backgrounds, test_backgrounds = frames(options["background"]), frames(options["test_background"])
    plan = Plan(
        seed=options["seed"], minutes=options["minutes"], workers=options["workers"], threads=options["threads"],
        architecture=architecture, backgrounds=backgrounds, labelled=labelled.split()[0] if labelled else None,
        rate=options["rate"] or PEAK_RATE, start=_start(options["start_from"]), echo=options["echo"],
    )  # fmt: skip
    return Wish(
        name=options["name"], version=options["model_version"], plan=plan, labelled=labelled,
        calibration_tiles=options["calibration_tiles"], test_tiles=options["test_tiles"],
        test_backgrounds=test_backgrounds, processes=options["processes"] or len(os.sched_getaffinity(0)),
        command=command_of(options), int8=options["int8"], check_tiles=options["check_tiles"],
    )  # fmt: skip


def _start(path: Path | None) -> Any:
    """The earlier model to begin with, or None.

    Raises
    ------
    CommandError
        It cannot be read, or is larger than a model may be.
    """
    from ml.runtime import ModelRefused, read_model
    from ml.training.start import Start

    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return Start(path.name, read_model(file, name=path.name))
    except (OSError, ModelRefused) as error:
        raise CommandError(f"{path} is nothing to start from: {error} Nothing was trained.") from None


def frames(paths: Iterable[Path]) -> tuple[Any, ...]:
    """The real frames of these files.

    Raises
    ------
    CommandError
        One cannot be used; which, and why.
    """
    from sky.simulate.background import read_background

    found = []
    for path in paths:
        try:
            found += read_background(path)
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} cannot be used as a background: {error} Nothing was trained.") from None
    return tuple(found)


def _check(options: dict[str, Any]) -> None:
    check_installed("torch", "onnx", "onnxscript")
    if not 0 < options["minutes"] <= 10_000:
        raise CommandError("--minutes must be positive.")
    if options["rate"] is not None and not 1e-6 <= options["rate"] <= 1:
        raise CommandError("--rate takes 0.000001 to 1.")
    if min(options["seed"], options["workers"], options["processes"]) < 0 or options["threads"] < 1:
        raise CommandError("--seed, --workers and --processes must not be negative, and --threads at least 1.")
    if min(options["calibration_tiles"], options["test_tiles"], options["check_tiles"]) < 20:
        raise CommandError("At least 20 tiles are needed to calibrate, 20 to check on, and 20 to judge.")
    if not 1 <= options["echo"] <= 20:
        raise CommandError("--echo takes 1 to 20.")
    check_names(options)


def check_installed(*names: str) -> None:
    """Raises CommandError where a package of the training extra is not installed."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandError(f"Training needs {', '.join(missing)}: make training")


def check_names(options: dict[str, Any]) -> None:
    """Raises CommandError where the model cannot be called that."""
    for name in ("name", "model_version"):
        if not re.fullmatch(r"[a-z0-9][a-z0-9._]{0,19}", options[name]):
            raise CommandError(f"--{name.replace('_', '-')} takes small letters, digits, dots and underscores.")


def command_of(options: dict[str, Any]) -> str:
    """The command that makes this model again; files by their names, for folders differ."""
    words = [f"manage.py train --seed {options['seed']} --minutes {options['minutes']:g}"]
    if options.get("start_from"):
        words.append(f"--start-from {options['start_from'].name}")
    for name in ("background", "test_background"):
        if options[name]:
            words.append(f"--{name.replace('_', '-')} {' '.join(path.name for path in options[name])}")
    if options["labels"]:
        words.append(f"--labels {options['labels'].name}")
    words += ["--int8"] if options.get("int8") else []
    given = {name: options.get(name, value) for name, value in DEFAULTS.items()}
    words += [f"--{name.replace('_', '-')} {value}" for name, value in given.items() if value != DEFAULTS[name]]
    return " ".join(words)


class Bar:
    """Moves a bar by the share of the time used and shows a running mean of the loss."""

    def __init__(self) -> None:
        self._bar = tqdm(total=100, unit="%", desc="train", file=sys.stderr)
        self._loss: float | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.close()

    def report(self, share: float, loss: float, tiles: int) -> None:
        self._loss = loss if self._loss is None else 0.95 * self._loss + 0.05 * loss
        self._bar.n = round(100 * share, 1)
        self._bar.set_postfix_str(f"loss {self._loss:.3f}, {tiles} tiles")

    def steps(self, seeds: Iterable[int], word: str) -> Iterable[int]:
        return tqdm(seeds, desc=word, unit="tile", file=sys.stderr)


class _Lines(Bar):
    """The same as lines of JSON on standard output, at most one a second: {"share", "loss", "tiles"} or {"word"}."""

    def __init__(self) -> None:
        super().__init__()
        self._bar.disable = True
        self._last = 0.0

    def report(self, share: float, loss: float, tiles: int) -> None:
        import time

        if time.monotonic() - self._last >= 1.0 or share >= 1.0:
            self._last = time.monotonic()
            self._print({"share": round(share, 4), "loss": round(loss, 4), "tiles": tiles})

    def steps(self, seeds: Iterable[int], word: str) -> Iterable[int]:
        self._print({"word": word})
        return seeds

    @staticmethod
    def _print(line: dict[str, Any]) -> None:
        print(json.dumps(line), flush=True)


def _shown(as_json: bool) -> Bar:
    return _Lines() if as_json else Bar()
