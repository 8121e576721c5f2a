"""A training that really trains, for seconds: killed, it goes on; what comes out is a model that is taken."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed here: make training")

from ml.contract import HEATMAP_CLASSES  # noqa: E402 - after the skip
from ml.runtime import Network  # noqa: E402
from ml.services import SHIPPED, model_activate, model_register  # noqa: E402
from ml.training.checkpoint import Checkpoints  # noqa: E402
from ml.training.loop import Plan, begin, check_due, train  # noqa: E402
from ml.training.network import Architecture, TrailNet  # noqa: E402
from ml.training.quantise import quantised, tiles_with_trails  # noqa: E402
from tests.ml.training.making import SMALL, label_arrays, started  # noqa: E402

pytestmark = pytest.mark.xdist_group("training")  # trained once, on one worker
PATIENCE_S = 240.0


@dataclass(frozen=True)
class Made:
    """What a training left that was killed once, and what it had done by then."""

    folder: Path
    card: dict[str, Any]
    steps_at_kill: int
    used_at_kill_s: float

    @property
    def model(self) -> Path:
        return self.folder / "local-1.onnx"


@pytest.fixture(scope="session")  # tests with and without a database run apart, and share it
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("training")
    np.savez(folder / "labels.npz", **label_arrays())
    command = ["train", "--minutes", "0.07", "--workers", "0", "--architecture", SMALL, "--name", "local"]
    command += ["--labels", str(folder / "labels.npz"), "--int8", "--calibration-tiles", "20", "--test-tiles", "30"]
    command += ["--processes", "1", "--out", str(folder), "--progress-json"]
    process = started(*command, log=folder / "log.txt")
    until = time.monotonic() + PATIENCE_S
    while not list(folder.glob(".local-1-*.checkpoint")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, (folder / "log.txt").read_text()
    assert not list(folder.glob("*.onnx")), "no model before it is whole"
    (checkpoint,) = folder.glob(".local-1-*.checkpoint")
    kept = torch.load(checkpoint, weights_only=True)
    again = started(*command, log=folder / "log.txt")
    assert again.wait(PATIENCE_S) == 0, (folder / "log.txt").read_text()
    card = json.loads((folder / "local-1.json").read_text())
    return Made(folder, card, kept["steps"], kept["used_s"])


def test_a_killed_training_goes_on_and_uses_no_more_time(made: Made) -> None:
    training = made.card["training"]
    assert training["resumed"] == 1
    assert 0 < made.steps_at_kill < training["steps"]
    assert 0 < made.used_at_kill_s < training["cpu_s"]
    assert 4.2 <= training["cpu_s"] <= 8.4, "0.07 minutes in all, and what the last step takes more, on a busy machine"
    assert not list(made.folder.glob(".*.checkpoint"))


def test_model_card_and_figures_lie_in_the_folder(made: Made) -> None:
    assert {path.name for path in made.folder.glob("local-1*")} == {
        "local-1.onnx", "local-1.json", "local-1.md", "local-1-figures"
    }  # fmt: skip
    assert made.card["command"].startswith("manage.py train --seed 1 --minutes 0.07 --labels labels.npz --int8 ")
    names = {"training", "completeness", "froc", "precision-recall", "reliability"}
    drawn = {path.name for path in (made.folder / "local-1-figures").iterdir()}
    assert drawn == {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    assert "local" in (made.folder / "local-1.md").read_text()


def test_the_exported_file_answers_as_the_network_does(made: Made) -> None:
    assert 0 <= made.card["parity_max_abs_difference"] <= 1e-4
    heat, probabilities = Network(made.model.read_bytes()).run(np.zeros((2, 1, 512, 512), np.float32))
    assert heat.shape == (2, len(HEATMAP_CLASSES), 128, 128)
    assert np.allclose(probabilities[:, 3], (1 - probabilities[:, :3]).prod(axis=1), atol=1e-5)


def test_people_are_learnt_from_and_judged_by_on_other_fields(made: Made) -> None:
    people = made.card["figures"]["people"]
    assert made.card["data"]["labels"] + people["cutouts"] == 8
    assert people["cutouts"] == people["asteroid"]["decided"] >= 1
    assert people["satellite"]["decided"] == 0


def test_eight_bits_are_kept_only_where_they_hold(made: Made) -> None:
    measured = made.card["int8"]
    size = {name: measured[name]["bytes"] for name in ("fp32", "int8")}
    assert len(made.model.read_bytes()) == made.card["size_bytes"] == size["int8" if measured["kept"] else "fp32"]
    lost = [measured["fp32"]["average_precision"][k] - v for k, v in measured["int8"]["average_precision"].items()]
    assert not measured["kept"] or (max(lost) <= 0.005 and measured["int8"]["ms"] < measured["fp32"]["ms"])
    assert any("eight bits" in limit.lower() for limit in made.card["limits"])


@pytest.mark.django_db
def test_the_registry_takes_it(made: Made) -> None:
    model = model_register(path=made.model, card=made.card)
    assert model_activate(model=model).active


def test_a_torn_checkpoint_is_left_out_and_so_is_another_trainings(tmp_path: Path) -> None:
    plan = Plan(1, 1.0, architecture=Architecture.parse(SMALL))
    state = begin(plan, torch.device("cpu"))
    state.steps = 7
    kept = Checkpoints(tmp_path / "c")
    kept.save(state, plan.fingerprint())
    fresh = begin(plan, torch.device("cpu"))
    assert not kept.resume(fresh, Plan(2, 1.0).fingerprint())
    assert kept.resume(fresh, plan.fingerprint()) and fresh.steps == 7 and fresh.resumed == 1
    older = torch.load(tmp_path / "c", weights_only=True)
    del older["device"]
    torch.save(older, tmp_path / "older")
    assert not Checkpoints(tmp_path / "older").resume(begin(plan, torch.device("cpu")), plan.fingerprint())
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:2000])
    fresh = begin(plan, torch.device("cpu"))
    assert not kept.resume(fresh, plan.fingerprint())
    assert fresh.steps == 0


def test_checks_come_at_their_moments_also_where_a_training_goes_on_behind_them() -> None:
    plan = Plan(1, 1.0, check_at=(0.5, 0.6, 0.7, 0.8))
    state = begin(Plan(1, 1.0, architecture=Architecture.parse(SMALL)), torch.device("cpu"))
    assert not check_due(plan, state, 0.49)
    assert check_due(plan, state, 0.75)
    state.checks.append((0.75, 0.1))
    assert not check_due(plan, state, 0.76)
    assert check_due(plan, state, 0.8)


def test_a_loss_that_is_infinite_again_and_again_ends_the_training_in_words() -> None:
    nothing = [torch.full((2, 1, 96, 96), float("nan")), torch.zeros((2, 3, 24, 24), dtype=torch.uint8)]
    batch = [*nothing, torch.zeros(2, 3), torch.ones(2, 3)]
    plan = Plan(1, 1.0, architecture=Architecture.parse(SMALL))
    with pytest.raises(RuntimeError, match="not finite any more; nothing was written"):
        train(plan, report=lambda *_: None, source=lambda size: iter([batch] * 200))


@pytest.mark.parametrize("name", ["w16-32-40-56_b2_d1-2-4_f5", "w4-8-8-8_b0_d1_f3", "w8-12-24-96_b3_d1-2-2-4-4_f7"])
def test_an_architecture_is_its_name(name: str) -> None:
    architecture = Architecture.parse(name)
    assert str(architecture) == name
    heat, tile = TrailNet(architecture).eval()(torch.zeros(1, 1, 96, 128))
    assert (heat.shape, tile.shape) == ((1, 3, 24, 32), (1, 3))


@pytest.mark.parametrize(
    "name",
    ["", "w16-32-40_b2_d1_f5", "w16-32-40-56_b2_d1_f4", "w16-32-40-999_b2_d1_f5", "w1-32-40-56_b2_d1_f5",
     "w16-32-40-56_b2_d1-2-9_f5", "w16-32-40-56_b9_d1_f5", "w16-32-40-56_b2_d1_f5; rm", "w١٦-32-40-56_b2_d1_f5"],
)  # fmt: skip
def test_what_is_no_architecture_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no architecture|out of bounds"):
        Architecture.parse(name)


def test_a_quantised_network_keeps_the_contract_and_answers_nearly_the_same() -> None:
    plain = (Path(__file__).resolve().parents[3] / "ml" / "shipped" / f"{SHIPPED}.onnx").read_bytes()
    tiles = tiles_with_trails(6)
    small = quantised(plain, tiles)
    assert len(small) < 0.5 * len(plain)
    batch = np.concatenate(tiles[:3])
    (heat, said), (heat_small, said_small) = Network(plain).run(batch), Network(small).run(batch)
    assert 0 < np.abs(heat - heat_small).mean() < 0.01
    assert np.abs(said - said_small).max() < 0.2
