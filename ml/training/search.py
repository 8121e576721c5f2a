"""Search for an architecture that finds more, or as much in less time: an AutoML for one machine.

Two aims at once (Optuna, Akiba et al. 2019, doi:10.1145/3292500.3330701; its multi-objective TPE sampler): mean
average precision on tiles set aside, and milliseconds per cutout of the exported file on this machine. Trials are
short trainings on one pool of tiles, several side by side, each on a core. All that is known lies in one folder: a
search that was broken off or killed goes on there, and what it used counts.
"""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (Optuna is not installed where types are checked.)
from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.trial import TrialState

from ml.training.loop import Plan
from ml.training.pool import CheckTiles, Pool, check_tiles, make_pool
from ml.training.produce import Progress
from ml.training.study import Clock, Terms, finished, open_study, rivals, terms_kept
from ml.training.timing import milliseconds
from ml.training.trials import (
    DEFAULT,
    FIRST,
    LOOKED_AT,
    Candidate,
    Dropped,
    exported,
    pace,
    suggest,
    too_slow,
    trial,
)
from sky.simulate.background import Background

FINAL_SHARE = 0.3
"""Of the budget, for the training of what was chosen."""
POOL_SHARE = 0.15
"""Of the budget, at most, for the pool of tiles."""
TRIALS_WANTED = 8
"""Per process: trials take so much of the budget that about so many have room; many are dropped half way."""
TRIAL_MINUTES = (0.3, 6.0)
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Search:
    """A search in a folder: seconds of the clock it may use, processes, and what it tells while it runs."""

    folder: Path
    terms: Terms
    budget_s: float
    processes: int = 1
    backgrounds: tuple[Background, ...] = ()


def trial_minutes(budget_s: float) -> float:
    """CPU minutes of one trial for a budget: the searching part of it, by the trials wanted."""
    least, most = TRIAL_MINUTES
    return round(min(most, max(least, (1 - FINAL_SHARE - POOL_SHARE) * budget_s / 60 / TRIALS_WANTED)), 2)


Tell = Callable[[optuna.Study, float], None]


def run(search: Search, progress: Progress, tell: Tell) -> optuna.Study:
    """Search until its share of the budget is used up; ``tell(study, seconds used)`` is called each second.

    Raises
    ------
    SearchRefused
        The folder holds another search.
    RuntimeError
        No trial came to its end.
    """
    study = open_study(search.folder)
    terms_kept(study, search.terms)
    clock = Clock(study)
    stop_s = (1 - FINAL_SHARE) * search.budget_s
    _bring_back(study)
    if clock.used_s() < stop_s:
        _prepare(search, study, clock, progress)
        _together(search, study, clock, stop_s, tell)
    if not finished(study):
        raise RuntimeError("No trial came to its end: give a larger --budget or shorter --trial-minutes.")
    return study


def _bring_back(study: optuna.Study) -> None:
    """Trials that a killed search left open are tried anew."""
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)
        study.enqueue_trial(left.params)


def _prepare(search: Search, study: optuna.Study, clock: Clock, progress: Progress) -> None:
    """What all trials share: tiles, the default's file and its milliseconds, the first candidates."""
    until = time.monotonic() + max(0.0, POOL_SHARE * search.budget_s - clock.used_s())
    workers = search.processes if search.processes > 1 else 0
    pool = make_pool(
        search.folder / "pool", search.terms.seed, search.backgrounds, until=until, workers=workers, progress=progress
    )
    check_tiles(search.folder / "check.npz", search.terms.check_tiles, progress)
    study.set_user_attr("pool_tiles", pool.count)
    default = search.folder / "default.onnx"
    if not default.exists():
        part = default.with_suffix(".part")
        part.write_bytes(exported(DEFAULT.architecture))
        part.replace(default)
    if "default_ms" not in study.user_attrs:
        study.set_user_attr("default_ms", round(milliseconds([default.read_bytes()])[0], 2))
    for candidate in FIRST:
        study.enqueue_trial(candidate.parameters, skip_if_exists=True)
    clock.stop()


def _together(search: Search, study: optuna.Study, clock: Clock, stop_s: float, tell: Tell) -> None:
    """Run trials in processes of their own until the time is up; they end with us."""
    context = multiprocessing.get_context("spawn")
    until = time.time() + stop_s - clock.used_s()
    workers = [
        context.Process(target=work, args=(search.folder, search.terms, number, until, os.getpid()), daemon=True)
        for number in range(search.processes)
    ]
    try:
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            time.sleep(LOOK_EVERY_S)
            tell(study, clock.used_s())
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
        clock.stop()


def work(folder: Path, terms: Terms, number: int, until: float, parent: int) -> None:
    """Draw candidates and try them until the time (`time.time`) is up, in a process of its own."""
    study = open_study(folder)
    seed = [terms.seed, number, len(study.get_trials(deepcopy=False))]  # what goes on draws others than before
    study.sampler = optuna.samplers.TPESampler(
        seed=int(np.random.default_rng(seed).integers(2**31)), n_startup_trials=8, constant_liar=True
    )
    job = _Job(study, folder, terms, parent)
    longest_s = 0.0
    while longest_s == 0.0 or time.time() + longest_s / 2 < until:  # what runs over, the final training has less
        began = time.time()
        job.one()
        longest_s = max(longest_s, time.time() - began)


class _Job:
    """What one process tries its candidates with."""

    def __init__(self, study: optuna.Study, folder: Path, terms: Terms, parent: int) -> None:
        self.study, self.folder, self.terms, self.parent = study, folder, terms, parent
        self.pool = Pool(folder / "pool", study.user_attrs["pool_tiles"])
        self.tiles: CheckTiles = check_tiles(folder / "check.npz", terms.check_tiles, lambda seeds, word: seeds)
        self.reference = (folder / "default.onnx").read_bytes()
        self.reference_ms: float = study.user_attrs["default_ms"]

    def one(self) -> None:
        """Try one candidate and write down what came of it."""
        asked = self.study.ask()
        candidate = suggest(asked)
        asked.set_user_attr("architecture", str(candidate.architecture))
        try:
            self._try(asked, candidate)
        except Dropped as why:
            asked.set_user_attr("why", str(why))
            self.study.tell(asked, state=TrialState.PRUNED)

    def _try(self, asked: optuna.Trial, candidate: Candidate) -> None:
        is_default = candidate == DEFAULT
        known = candidate.architecture == DEFAULT.architecture
        content = self.reference if known else exported(candidate.architecture)
        ms = self.reference_ms if is_default else round(pace(content, self.reference, self.reference_ms), 2)
        asked.set_user_attr("ms", ms)
        asked.set_user_attr("bytes", len(content))
        too_slow(ms, self.reference_ms)
        plan = Plan(
            self.terms.seed, self.terms.trial_minutes, workers=0, architecture=candidate.architecture,
            rate=candidate.rate, check_at=LOOKED_AT,
        )  # fmt: skip
        found = trial(
            plan, self.pool, self.tiles, ms, lambda: [] if is_default else rivals(self.study), self._with_parent
        )
        for name, value in {
            "by_class": found.by_class, "looked_at": list(found.looked_at), "steps": found.trained.steps,
            "cpu_s": round(found.trained.cpu_s, 1),
        }.items():  # fmt: skip
            asked.set_user_attr(name, value)
        scores = self.folder / "scores"
        scores.mkdir(exist_ok=True)
        np.save(scores / f"{asked.number}.npy", found.scores)
        self.study.tell(asked, [found.precision, ms])

    def _with_parent(self) -> None:
        if os.getppid() != self.parent:
            os._exit(1)  # the search was killed; the trial is done anew when it goes on
