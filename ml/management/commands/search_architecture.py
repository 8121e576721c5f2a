"""Search for a better architecture within a budget of time; train the best compromise. Needs the training extra."""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from ml.management.commands.train import Bar, check_installed, check_names, command_of, frames

EXAMPLE = """examples:
  manage.py search_architecture --budget 30m
  manage.py search_architecture --budget 2h --background u59n0201r.fits --out /data/search
  manage.py search_architecture --budget 3h        goes on where the search of 30m ended, if it is the same folder

The budget is the clock's; simulating the tiles that judge the model at the end comes on top (2 to 3 minutes). A search
that was broken off or killed goes on when the same command is given again. In the folder: report.md, pareto.svg and
.png, trials.csv, and the model with its card, for `manage.py register_model` and `manage.py activate_model`."""
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST_S = 14 * 86_400.0


class Command(BaseCommand):
    help = "Search for a network that finds more, or as much in less time, on this machine; train it and write it."
    requires_system_checks: list[str] = []

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        return super().create_parser(*args, epilog=EXAMPLE, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--budget", default="30m", help="time by the clock, as 90s, 30m or 2h (30m)")
        parser.add_argument("--out", type=Path, default=None, help="folder of the search (search in the data folder)")
        parser.add_argument("--seed", type=int, default=1, help="seed of tiles, weights and draws (1)")
        parser.add_argument(
            "--trial-minutes", type=float, default=None, help="CPU time of one short training (by the budget)"
        )
        parser.add_argument("--processes", type=int, default=0, help="trials side by side, one core each (the cores)")
        parser.add_argument("--check-tiles", type=int, default=160, help="tiles that trials are judged on (160)")
        parser.add_argument(
            "--background", type=Path, nargs="+", default=[], metavar="FILE",
            help="real frames to put trails into (FITS, JPEG, PNG, WebP), for a fifth of the tiles",
        )  # fmt: skip
        parser.add_argument("--name", default="searched", help="name of the model that comes out (searched)")
        parser.add_argument("--model-version", default="1", help="its version (1)")
        parser.add_argument("--calibration-tiles", type=int, default=200, help="tiles to calibrate the model on (200)")
        parser.add_argument("--test-tiles", type=int, default=400, help="held-out tiles for its card's figures (400)")

    def handle(self, *args: Any, **options: Any) -> None:
        check_installed("torch", "onnx", "onnxscript", "optuna")
        budget_s = _check(options)
        from ml.training.study import SearchRefused, alone_in

        out: Path = options["out"] or Path(settings.DATA_DIR) / "search"
        try:
            with alone_in(out):
                report = _run(out, budget_s, options)
        except SearchRefused as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped. What was found is kept; the same command goes on from there.") from None
        except RuntimeError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(report.read_text())
        self.stdout.write(f"Written to {out}")


def _run(out: Path, budget_s: float, options: dict[str, Any]) -> Path:
    from ml.training.pool import check_tiles
    from ml.training.search import run
    from ml.training.search_report import Final, write_report
    from ml.training.study import final_done, final_order

    search = _search(out, budget_s, options)
    with _Shown(budget_s) as shown:
        study = run(search, shown.steps, shown.tell)
    tiles = check_tiles(out / "check.npz", search.terms.check_tiles, shown.steps)
    write_report(out, study, tiles, budget_s)
    order = final_order(study, budget_s)
    path = out / f"{options['name']}-{options['model_version']}.onnx"
    if order["done"] and path.exists():  # the same command again, after its end
        card = json.loads(path.with_suffix(".json").read_text())
    else:
        card = _final(out, search, options | order | {"workers": 1, "threads": 1})
        final_done(study)
    longer = f"manage.py train --minutes 60 --architecture {order['architecture']} --rate {order['rate']:.3g}"
    return write_report(out, study, tiles, budget_s, Final(path, card, longer))


def _search(out: Path, budget_s: float, options: dict[str, Any]) -> Any:
    from ml.training.search import Search, trial_minutes
    from ml.training.study import Terms, terms_of

    processes = options["processes"] or len(os.sched_getaffinity(0))
    backgrounds = frames(options["background"])
    minutes = options["trial_minutes"]
    if minutes is None:  # a search that goes on with a larger budget keeps its trials comparable
        before = terms_of(out)
        minutes = before["trial_minutes"] if before else trial_minutes(budget_s)
    names = tuple(frame.name for frame in backgrounds)
    terms = Terms(options["seed"], minutes, options["check_tiles"], names)
    return Search(out, terms, budget_s, processes, backgrounds)


def _final(out: Path, search: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Train what was chosen for the rest of the budget."""
    from ml.training.loop import Plan
    from ml.training.network import Architecture
    from ml.training.produce import Wish, produce

    plan = Plan(
        options["seed"], options["minutes"], architecture=Architecture.parse(options["architecture"]),
        rate=options["rate"], backgrounds=search.backgrounds, check_at=(0.7, 0.85), by_clock=True,
    )  # fmt: skip
    wish = Wish(
        name=options["name"], version=options["model_version"], plan=plan,
        calibration_tiles=options["calibration_tiles"], test_tiles=options["test_tiles"],
        processes=search.processes, command=command_of(options | {"test_background": [], "labels": None}),
    )  # fmt: skip
    with Bar() as shown:
        return produce(wish, out, report=shown.report, progress=shown.steps)


def _check(options: dict[str, Any]) -> float:
    """The budget in seconds."""
    said = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smh])", options["budget"])
    budget_s = float(said[1]) * UNITS[said[2]] if said else 0.0
    if not 0 < budget_s <= LONGEST_S:
        raise CommandError("--budget takes a time as 90s, 30m or 2h, at most two weeks.")
    minutes = options["trial_minutes"]
    if minutes is not None and not 0 < minutes <= 600:
        raise CommandError("--trial-minutes must be positive.")
    if options["seed"] < 0 or not 0 <= options["processes"] <= 64:
        raise CommandError("--seed must not be negative, and --processes at most 64.")
    if min(options["check_tiles"], options["calibration_tiles"], options["test_tiles"]) < 20:
        raise CommandError("At least 20 tiles are needed to check on, 20 to calibrate, and 20 to judge.")
    check_names(options)
    return budget_s


class _Shown:
    """A bar of the time used, with what was found by now; others stand before it."""

    def __init__(self, budget_s: float) -> None:
        self._budget_s = budget_s
        self._bar: Any = None

    def __enter__(self) -> _Shown:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def tell(self, study: Any, used_s: float) -> None:
        from ml.training.study import in_short

        if self._bar is None:
            self._bar = tqdm(total=round(self._budget_s), unit="s", desc="search", file=sys.stderr)
        self._bar.n = round(used_s)
        self._bar.set_postfix_str(in_short(study))

    def steps(self, seeds: Any, word: str) -> Any:
        return tqdm(seeds, desc=word, unit="tile", file=sys.stderr)
