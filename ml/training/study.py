"""The state of a search in its folder: trials, terms, time used, what is best by now."""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"
# (Optuna is not installed where types are checked.)
from __future__ import annotations

import fcntl
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from ml.training.trials import DEFAULT, Candidate, Rival

NAME, DATABASE = "architecture", "study.db"
NOTE_EVERY_S = 10.0
LEAST_MINUTES = 0.05


class SearchRefused(ValueError):
    """A search that cannot be done as asked, with the reason in words."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What must stay the same for a search to go on. ``frames``: names of the real frames it learns from."""

    seed: int
    trial_minutes: float
    check_tiles: int
    frames: tuple[str, ...] = ()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder; a second search in it would count the same time twice.

    Raises
    ------
    SearchRefused
        Another one runs there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SearchRefused(f"Another search runs in {folder}; wait for it, or give another --out.") from None
        yield


def open_study(folder: Path, sampler: optuna.samplers.BaseSampler | None = None) -> optuna.Study:
    """The search of a folder, made where there is none yet."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    patient = {"connect_args": {"timeout": 60}}  # several processes write
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / DATABASE}", engine_kwargs=patient)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.create_study(
            storage=storage, sampler=sampler, study_name=NAME, directions=["maximize", "minimize"], load_if_exists=True
        )


def terms_of(folder: Path) -> dict[str, Any] | None:
    """The terms of the search that a folder holds, if any."""
    if not (folder / DATABASE).exists():
        return None
    said = open_study(folder).user_attrs.get("terms")
    return dict(said) if said else None


def terms_kept(study: optuna.Study, terms: Terms) -> None:
    """Note the terms of a new search; hold those of an older one against them.

    Raises
    ------
    SearchRefused
        They differ.
    """
    wanted = asdict(terms) | {"frames": list(terms.frames)}
    said = study.user_attrs.get("terms")
    if said is None:
        study.set_user_attr("terms", wanted)
    elif said != wanted:
        other = [f"{name} {said.get(name)}, not {value}" for name, value in wanted.items() if said.get(name) != value]
        raise SearchRefused(
            f"The folder holds a search of other terms ({'; '.join(other)}). Give another --out, or the same options."
        )


class Clock:
    """Seconds that a search has used, over all its starts; kept with the search now and then."""

    def __init__(self, study: optuna.Study) -> None:
        self.study = study
        self._before = float(study.user_attrs.get("used_s", 0.0))
        self._began = self._noted = time.monotonic()

    def used_s(self) -> float:
        """Until now."""
        now = time.monotonic()
        used = self._before + now - self._began
        if now - self._noted > NOTE_EVERY_S:
            self._noted = now
            self.study.set_user_attr("used_s", used)
        return used

    def stop(self) -> None:
        """Keep what was used."""
        self._noted = -NOTE_EVERY_S
        self.used_s()


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that came to their end, best precision first."""
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return sorted(done, key=lambda one: (-one.values[0], one.values[1]))


def rivals(study: optuna.Study) -> list[Rival]:
    """The same as trials that go on are held against."""
    return [Rival(one.values[1], tuple(one.user_attrs["looked_at"])) for one in finished(study)]


def candidate_of(one: FrozenTrial) -> Candidate:
    """What a trial tried."""
    return Candidate.of(one.params)


def default_trial(study: optuna.Study) -> FrozenTrial | None:
    """The trial of the default, where it came to its end."""
    return next((one for one in finished(study) if candidate_of(one) == DEFAULT), None)


def chosen(study: optuna.Study) -> FrozenTrial:
    """The best compromise: of the trials no slower than the default, the one of the highest mean precision."""
    trials = finished(study)
    limit_ms = study.user_attrs["default_ms"]
    return next((one for one in trials if one.values[1] <= limit_ms), trials[0])


def final_order(study: optuna.Study, budget_s: float) -> dict[str, Any]:
    """What to train with the rest of a budget: architecture, rate, minutes; decided once per budget."""
    said = study.user_attrs.get("final")
    if said and said["budget_s"] == budget_s:
        return dict(said)
    candidate = candidate_of(chosen(study))
    rest_s = max(0.0, budget_s - float(study.user_attrs["used_s"]))
    order = {
        "budget_s": budget_s, "architecture": str(candidate.architecture), "rate": candidate.rate,
        "minutes": round(max(LEAST_MINUTES, rest_s / 60), 2), "done": False,
    }  # fmt: skip
    study.set_user_attr("final", order)
    return order


def final_done(study: optuna.Study) -> None:
    """The final training is over."""
    study.set_user_attr("final", study.user_attrs["final"] | {"done": True})


def in_short(study: optuna.Study) -> str:
    """How the search stands, for a bar."""
    done = finished(study)
    dropped = len(study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)))
    best = f", best {done[0].values[0]:.3f} at {done[0].values[1]:.0f} ms" if done else ""
    return f"{len(done)} trials, {dropped} dropped, {len(study.best_trials)} on the front{best}"
