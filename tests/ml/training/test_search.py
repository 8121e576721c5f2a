"""The search for an architecture: what is dropped, what is chosen, what a kill leaves, and a real one of seconds."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

torch = pytest.importorskip("torch", reason="PyTorch is not installed here: make training")
optuna = pytest.importorskip("optuna", reason="Optuna is not installed here: make training")

from optuna.trial import TrialState  # noqa: E402 - after the skip

from ml.services import model_register  # noqa: E402
from ml.training import search, study  # noqa: E402
from ml.training.loop import Plan  # noqa: E402
from ml.training.network import Architecture  # noqa: E402
from ml.training.pool import CheckTiles  # noqa: E402
from ml.training.study import Clock, SearchRefused, Terms  # noqa: E402
from ml.training.trials import (  # noqa: E402
    DEFAULT,
    FIRST,
    LOOKED_AT,
    Candidate,
    Dropped,
    Rival,
    held_against,
    suggest,
    too_slow,
    trial,
)
from tests.ml.training.making import SMALL  # noqa: E402

pytestmark = pytest.mark.xdist_group("search")  # searched once, on one worker
FAST = Candidate(Architecture((8, 16, 24, 32), 1, (1, 2, 4), 3))


def finish(found: Any, candidate: Candidate, precision: float, ms: float) -> None:
    """A trial of the candidate that came to its end."""
    found.enqueue_trial(candidate.parameters)
    asked = found.ask()
    assert suggest(asked) == candidate
    for name, value in {"looked_at": [precision / 2, precision]}.items():
        asked.set_user_attr(name, value)
    found.tell(asked, [precision, ms])


@pytest.fixture
def found(tmp_path: Path) -> Any:
    one = study.open_study(tmp_path)
    one.set_user_attr("default_ms", 25.0)
    return one


def test_the_best_that_is_no_slower_than_the_default_is_chosen(found: Any) -> None:
    finish(found, DEFAULT, 0.60, 25.0)
    assert study.chosen(found).values == [0.60, 25.0]
    finish(found, FIRST[2], 0.70, 31.0)
    assert study.chosen(found).values == [0.60, 25.0], "better, but slower"
    finish(found, FAST, 0.63, 12.0)
    assert study.chosen(found).values == [0.63, 12.0]
    assert study.default_trial(found).values == [0.60, 25.0]
    assert {tuple(one.values) for one in found.best_trials} == {(0.70, 31.0), (0.63, 12.0)}


def test_a_trial_under_the_front_is_dropped_and_one_that_is_faster_goes_on() -> None:
    rivals = [Rival(20.0, (0.50, 0.60)), Rival(10.0, (0.40, 0.45))]
    with pytest.raises(Dropped, match=r"under the front after 40%: 0.410, a faster one had 0.500"):
        held_against(rivals, 25.0, 0, 0.41)
    held_against(rivals, 25.0, 0, 0.43)  # within what chance makes
    held_against(rivals, 15.0, 0, 0.36)  # only the faster one counts
    held_against([], 15.0, 0, 0.0)
    with pytest.raises(Dropped, match="slower than 2 times the default: 51.0 ms"):
        too_slow(51.0, 25.0)


def test_what_a_kill_left_open_is_tried_again(found: Any, tmp_path: Path) -> None:
    asked = found.ask()
    left = suggest(asked)
    reopened = study.open_study(tmp_path)
    search._bring_back(reopened)
    assert reopened.get_trials()[0].state == TrialState.FAIL
    assert suggest(reopened.ask()) == left


def test_time_that_was_used_counts_after_a_kill(found: Any, tmp_path: Path) -> None:
    clock = Clock(found)
    clock._before = 100.0
    clock.stop()
    assert 100 <= Clock(study.open_study(tmp_path)).used_s() < 102


def test_another_search_in_the_same_folder_is_refused(found: Any, tmp_path: Path) -> None:
    study.terms_kept(found, Terms(1, 2.0, 160))
    study.terms_kept(found, Terms(1, 2.0, 160))
    with pytest.raises(SearchRefused, match=r"of other terms \(seed 1, not 2\)"):
        study.terms_kept(found, Terms(2, 2.0, 160))
    with study.alone_in(tmp_path), pytest.raises(SearchRefused, match="Another search runs"), study.alone_in(tmp_path):
        pass


def test_the_rest_of_the_budget_is_decided_once(found: Any) -> None:
    finish(found, DEFAULT, 0.60, 25.0)
    found.set_user_attr("used_s", 400.0)
    order = study.final_order(found, 640.0)
    assert (order["architecture"], order["minutes"]) == (str(DEFAULT.architecture), 4.0)
    finish(found, FAST, 0.70, 20.0)
    assert study.final_order(found, 640.0) == order, "a training that was killed goes on with what it was asked"
    assert study.final_order(found, 1240.0)["architecture"] == str(FAST.architecture)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"budget": "ten minutes"}, "--budget"),
        ({"budget": "0s"}, "--budget"),
        ({"budget": "-5m"}, "--budget"),
        ({"trial_minutes": 0.0}, "--trial-minutes"),
        ({"check_tiles": 3}, "20 tiles"),
        ({"name": "../x"}, "--name"),
        ({"processes": 1000}, "--processes"),
    ],
)
def test_bad_options_are_refused_in_one_line(tmp_path: Path, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(CommandError, match=reason) as refused:
        call_command("search_architecture", out=tmp_path, **options)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_a_step_longer_than_the_looks_are_apart_is_judged_on_all_tiles() -> None:
    """Seen where a step takes seconds: the search ended without a trial."""
    rng = np.random.default_rng(1)
    flags = (rng.random((12, 3)) < 0.5).astype(np.float32)
    flags[::6] = 1
    tiles = CheckTiles(rng.standard_normal((12, 1, 96, 96)).astype(np.float16), np.ones_like(flags), flags)
    batch = [
        torch.randn(2, 1, 96, 96),
        torch.zeros(2, 3, 24, 24, dtype=torch.uint8),
        torch.zeros(2, 3),
        torch.ones(2, 3),
    ]
    pool = SimpleNamespace(source=lambda seed: lambda size: itertools.repeat(batch))
    plan = Plan(1, 1e-6, workers=0, architecture=Architecture.parse(SMALL), check_at=LOOKED_AT)
    found = trial(plan, pool, tiles, 10.0, list, lambda: None)
    assert len(found.looked_at) < len(LOOKED_AT)
    assert found.scores.shape == (12, 3) and 0 < found.precision <= 1


@pytest.fixture(scope="session")  # tests with and without a database run apart, and share it
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A real search: seconds of budget, trials of two CPU seconds."""
    out = tmp_path_factory.mktemp("search")
    said = StringIO()
    options = {"budget": "12s", "trial_minutes": 0.03, "processes": 1}
    options |= {"check_tiles": 20, "calibration_tiles": 20, "test_tiles": 20}
    call_command("search_architecture", out=out, stdout=said, **options)
    return out, said.getvalue()


def test_a_search_ends_with_a_report_of_the_front(searched: tuple[Path, str]) -> None:
    out, said = searched
    assert (out / "report.md").read_text() in said
    for words in (
        "## Pareto front",
        "the present default",
        "**chosen**",
        "manage.py register_model",
        "--architecture w",
    ):
        assert words in said
    rows = list(csv.DictReader((out / "trials.csv").open()))
    assert rows[0]["architecture"] == str(DEFAULT.architecture)
    assert float(rows[0]["ms"]) == study.open_study(out).user_attrs["default_ms"], "the default is as fast as itself"
    assert rows[0]["state"] == "done" and 0 <= float(rows[0]["mean_precision"]) <= 1 and float(rows[0]["ms"]) > 0
    assert (out / "pareto.svg").read_text().startswith("<svg")
    assert (out / "pareto.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.django_db
def test_and_with_a_model_that_the_registry_takes(searched: tuple[Path, str]) -> None:
    out, _ = searched
    card = json.loads((out / "searched-1.json").read_text())
    assert card["architecture"] in (out / "report.md").read_text()
    assert f"--architecture {card['architecture']}" in card["command"]
    assert model_register(path=out / "searched-1.onnx", card=card).name == "searched"


def test_the_same_command_again_does_nothing_more(searched: tuple[Path, str]) -> None:
    out, said = searched
    before = (out / "searched-1.onnx").stat().st_mtime_ns
    again = StringIO()
    options = {"budget": "12s", "trial_minutes": 0.03, "processes": 1}
    options |= {"check_tiles": 20, "calibration_tiles": 20, "test_tiles": 20}
    call_command("search_architecture", out=out, stdout=again, **options)
    assert again.getvalue() == said
    assert (out / "searched-1.onnx").stat().st_mtime_ns == before
