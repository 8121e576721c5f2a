"""What a search found: report, picture and table of all trials."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (Optuna is not installed where types are checked.)
from __future__ import annotations

import csv
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from ml.contract import HEATMAP_CLASSES
from ml.training.plots import pareto, write_picture
from ml.training.pool import CheckTiles
from ml.training.precision import mean_precision
from ml.training.study import candidate_of, chosen, default_trial, finished

DRAWS = 400
COLUMNS = (
    "trial", "state", "architecture", "rate", "ms", "mean_precision", "asteroid", "satellite", "arc", "bytes", "steps",
    "cpu_s", "why",
)  # fmt: skip
RULE = "Of the architectures that are no slower than the present default, the one of the highest mean precision."
WHAT = (
    "*Mean precision* is the mean average precision of tiles with asteroids (counted twice), satellites and arcs, "
    "ranked by the highest cells of the heat map after a short training: it compares architectures, and says little "
    "of what a whole training reaches. All trials have the same CPU time, in which small networks see more tiles; in "
    "long trainings larger ones may catch up. *ms* is the CPU time per cutout of the exported ONNX file, "
    "one thread, on this machine."
)


@dataclass(frozen=True, slots=True)
class Final:
    """The model that was trained at the end: its file, its card, and how to train it longer."""

    path: Path
    card: dict[str, Any]
    longer: str


def front(study: optuna.Study) -> list[FrozenTrial]:
    """The Pareto front, fastest first."""
    return sorted(study.best_trials, key=lambda one: one.values[1])


def write_report(
    folder: Path, study: optuna.Study, tiles: CheckTiles, budget_s: float, final: Final | None = None
) -> Path:
    """Write ``trials.csv``, ``pareto.svg``, ``pareto.png`` and ``report.md`` into the folder; the last one's path."""
    _table(folder / "trials.csv", study)
    points = [(one.values[1], one.values[0]) for one in finished(study)]
    best = [(one.values[1], one.values[0]) for one in front(study)]
    default = default_trial(study)
    picture = pareto(points, best, (default.values[1], default.values[0]) if default else None)
    write_picture(folder / "pareto", picture)
    lines = [
        "# Architecture search", "", *_about(study, len(tiles), budget_s), "", "![Pareto front](pareto.svg)", "",
        "## Pareto front", "", *_rows(study, front(study)), "", WHAT, "",
        "## The best compromise", "", RULE, "", *_compromise(study, folder, tiles), "", *_final(final),
    ]  # fmt: skip
    path = folder / "report.md"
    path.write_text("\n".join(lines))
    return path


def _about(study: optuna.Study, tiles: int, budget_s: float) -> list[str]:
    terms, states = study.user_attrs["terms"], [one.state for one in study.get_trials(deepcopy=False)]
    learnt = f"{study.user_attrs['pool_tiles']} simulated tiles of 256 px"
    learnt += f", some on {len(terms['frames'])} real frames" if terms["frames"] else ""
    done, dropped = states.count(TrialState.COMPLETE), states.count(TrialState.PRUNED)
    return [
        f"- budget: {budget_s / 60:g} minutes, of which {study.user_attrs['used_s'] / 60:.1f} went into the search",
        f"- trials: {done + dropped}, {done} of them to the end, {dropped} dropped (too slow, or under the front)",
        f"- each: {terms['trial_minutes']:g} CPU minutes of training on {learnt}, judged on {tiles} of 512 px",
        f"- seed {terms['seed']}, {platform.machine()}, {os.cpu_count()} cores, Optuna {optuna.__version__}",
        "- all trials: [trials.csv](trials.csv)",
    ]


def _rows(study: optuna.Study, trials: list[FrozenTrial]) -> list[str]:
    default, best = default_trial(study), chosen(study)
    shown = trials if default is None or default.number in [one.number for one in trials] else [*trials, default]
    lines = [
        "| trial | architecture | learning rate | ms | mean precision | asteroid | satellite | arc | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in shown:
        marks = [] if one in trials else ["not on the front"]
        marks += ["the present default"] if default and one.number == default.number else []
        marks += ["**chosen**"] if one.number == best.number else []
        kinds = [f"{one.user_attrs['by_class'].get(name, float('nan')):.3f}" for name in HEATMAP_CLASSES]
        candidate = candidate_of(one)
        lines.append(
            f"| {one.number} | `{candidate.architecture}` | {candidate.rate:.2g} | {one.values[1]:.1f} "
            f"| {one.values[0]:.3f} | {' | '.join(kinds)} | {', '.join(marks)} |"
        )
    return lines


def _compromise(study: optuna.Study, folder: Path, tiles: CheckTiles) -> list[str]:
    best, default = chosen(study), default_trial(study)
    name = f"`{candidate_of(best).architecture}`, learning rate {candidate_of(best).rate:.2g}"
    if default is None:
        return [f"{name}. The default did not come to its end, so nothing is said of what is won."]
    if best.number == default.number:
        return [f"{name}: the present default. None that is as fast did better in these conditions."]
    low, high = _lead(folder, best, default, tiles)
    won = best.values[0] - default.values[0]
    sure = "more than chance among the tiles gives" if low > 0 else "within what chance among the tiles gives"
    return [
        f"{name}: {best.values[1]:.1f} ms instead of {default.values[1]:.1f}, mean precision {best.values[0]:.3f} "
        f"instead of {default.values[0]:.3f}, that is {won:+.3f} [{low:+.3f}, {high:+.3f}], {sure} (95 % interval, the "
        "same tiles drawn anew; what another start of the training would change comes on top)."
    ]


def _lead(folder: Path, one: FrozenTrial, other: FrozenTrial, tiles: CheckTiles) -> tuple[float, float]:
    """95 % interval of the difference in mean precision, by resampling the tiles (the same for both)."""
    scores = [np.load(folder / "scores" / f"{each.number}.npy") for each in (one, other)]
    rng, found = np.random.default_rng(0), []
    for _ in range(DRAWS):
        rows = rng.integers(0, len(tiles), len(tiles))
        first, second = (mean_precision(each[rows], tiles.known[rows], tiles.present[rows]) for each in scores)
        found.append(first - second)
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def _final(final: Final | None) -> list[str]:
    if final is None:
        return ["It is being trained for the rest of the budget.", ""]
    card, figures = final.card, final.card["figures"]
    auc = figures.get("auc", {}).get("asteroid")
    said = f"AUC {auc['value']} [{auc['low']}, {auc['high']}]" if auc else "its card"
    return [
        f"Trained for {card['training']['minutes']:g} minutes: `{final.path.name}`, {said} on "
        f"{figures['tiles']['all']} held-out tiles; all figures in [{final.path.stem}.md]({final.path.stem}.md).",
        "",
        f"- put it to work: `manage.py register_model {final.path.name} --card {final.path.stem}.json`, then "
        f"`manage.py activate_model {card['name']} {card['version']}`",
        f"- train it longer: `{final.longer}`",
        "",
    ]


def _table(path: Path, study: optuna.Study) -> None:
    part = path.with_suffix(".part")
    with part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)):
            said, kinds = one.user_attrs, one.user_attrs.get("by_class", {})
            writer.writerow([
                one.number, "done" if one.state == TrialState.COMPLETE else "dropped", said["architecture"],
                f"{one.params['rate']:.3g}", said.get("ms", ""), f"{one.values[0]:.4f}" if one.values else "",
                *(f"{kinds[name]:.4f}" if name in kinds else "" for name in HEATMAP_CLASSES),
                said.get("bytes", ""), said.get("steps", ""), said.get("cpu_s", ""), said.get("why", ""),
            ])  # fmt: skip
    part.replace(path)
