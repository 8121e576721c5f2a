"""Train a model on simulations and write it with its card. Needs the training extra, no database."""

from __future__ import annotations

import importlib.util
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
  manage.py train --minutes 60 --name deeper --model-version 1 --out /data/models

The result is put to work by `manage.py register_model FILE --card CARD` and `manage.py activate_model`."""


class Command(BaseCommand):
    help = "Train a heat-map network on simulated tiles; write the ONNX file, its card (JSON) and the card as markdown."
    requires_system_checks: list[str] = []

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        return super().create_parser(*args, epilog=EXAMPLE, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="seed of the simulations and the weights (1)")
        parser.add_argument("--minutes", type=float, default=15.0, help="CPU time of the training proper (15)")
        parser.add_argument(
            "--workers", type=int, default=1, help="processes that simulate tiles beside the training (1)"
        )
        parser.add_argument("--name", default="trailnet", help="name of the model (trailnet)")
        parser.add_argument("--model-version", default="1", help="version of the model (1)")
        parser.add_argument("--out", type=Path, default=None, help="folder for the three files (ml/shipped)")
        parser.add_argument("--calibration-tiles", type=int, default=400, help="tiles to calibrate on (400)")
        parser.add_argument("--test-tiles", type=int, default=1000, help="held-out tiles for the card's figures (1000)")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        from ml.training.produce import Wish, produce

        out: Path = options["out"] or Path(settings.BASE_DIR) / "ml" / "shipped"
        wish = Wish(
            name=options["name"],
            version=options["model_version"],
            seed=options["seed"],
            minutes=options["minutes"],
            workers=options["workers"],
            calibration_tiles=options["calibration_tiles"],
            test_tiles=options["test_tiles"],
            command=_command(options),
        )
        with tqdm(total=100, unit="%", desc="train", file=sys.stderr) as bar:
            smooth = _Smooth(bar)
            try:
                card = produce(wish, out, report=smooth.report, progress=_progress)
            except KeyboardInterrupt:
                raise CommandError("Stopped. Nothing was written; start the same command again.") from None
            except RuntimeError as error:
                raise CommandError(str(error)) from error
        clear = card["figures"]["auc"]["asteroid_clear"]
        self.stdout.write(
            f"{out / wish.name}-{wish.version}.onnx: AUC {clear['value']} [{clear['low']}, {clear['high']}] "
            f"on clear trails, {card['training']['tiles']} tiles in {card['training']['wall_s']:.0f} s"
        )


def _check(options: dict[str, Any]) -> None:
    missing = [name for name in ("torch", "onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandError(
            f"Training needs {', '.join(missing)}: pip install --require-hashes -r requirements/train.lock"
        )
    if not 0 < options["minutes"] <= 10_000:
        raise CommandError("--minutes must be positive.")
    if options["seed"] < 0 or options["workers"] < 0:
        raise CommandError("--seed and --workers must not be negative.")
    if options["calibration_tiles"] < 20 or options["test_tiles"] < 20:
        raise CommandError("At least 20 tiles are needed to calibrate, and 20 to judge.")
    for name in ("name", "model_version"):
        if not re.fullmatch(r"[a-z0-9][a-z0-9._]{0,19}", options[name]):
            raise CommandError(f"--{name.replace('_', '-')} takes small letters, digits, dots and underscores.")


def _command(options: dict[str, Any]) -> str:
    """The command that makes this model again."""
    words = f"manage.py train --seed {options['seed']} --minutes {options['minutes']:g}"
    defaults = {"workers": 1, "name": "trailnet", "model_version": "1", "calibration_tiles": 400, "test_tiles": 1000}
    changed = [
        f" --{name.replace('_', '-')} {options[name]}" for name, value in defaults.items() if options[name] != value
    ]
    return words + "".join(changed)


class _Smooth:
    """Moves the bar by the share of the time used and shows a running mean of the loss."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._loss: float | None = None

    def report(self, share: float, loss: float, tiles: int) -> None:
        self._loss = loss if self._loss is None else 0.95 * self._loss + 0.05 * loss
        self._bar.n = round(100 * share, 1)
        self._bar.set_postfix_str(f"loss {self._loss:.3f}, {tiles} tiles")


def _progress(seeds: Iterable[int], word: str) -> Iterable[int]:
    return tqdm(seeds, desc=word, unit="tile", file=sys.stderr)
