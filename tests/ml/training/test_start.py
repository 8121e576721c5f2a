"""A training that begins with the weights of an earlier model answers as that model does before its first step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

torch = pytest.importorskip("torch", reason="PyTorch is not installed here: make training")

from ml.management.commands.train import command_of  # noqa: E402 - after the skip
from ml.runtime import Network  # noqa: E402
from ml.services import SHIPPED  # noqa: E402
from ml.training.loop import Plan, begin  # noqa: E402
from ml.training.network import Architecture, Exported, TrailNet  # noqa: E402
from ml.training.start import Start, StartRefused, load_start, start_tiles  # noqa: E402
from tests.ml.training.making import SMALL  # noqa: E402

FILE = Path(__file__).resolve().parents[3] / "ml" / "shipped" / f"{SHIPPED}.onnx"

pytestmark = pytest.mark.xdist_group("start")


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    return start_tiles()[:8]


def test_it_answers_as_the_file_and_goes_on_much_the_same(inputs: np.ndarray) -> None:
    network = TrailNet()
    load_start(network, FILE.read_bytes(), inputs)
    heat, probabilities = Network(FILE.read_bytes()).run(inputs)
    with torch.no_grad():
        found = Exported(network).eval()(torch.from_numpy(inputs))
        learning = torch.sigmoid(network.train()(torch.from_numpy(inputs))[0])
    assert np.abs(found[0].numpy() - heat).max() < 1e-4
    assert np.abs(found[1].numpy() - probabilities).max() < 1e-4
    # The statistics of the batch stand in for the folded ones: on these tiles they are the same.
    assert np.abs(learning.numpy() - heat).mean() < 0.01
    assert network.scale.tolist() == [1.0] * 3 and network.shift.tolist() == [0.0] * 3


def test_other_architectures_and_other_files_are_refused(inputs: np.ndarray) -> None:
    with pytest.raises(StartRefused, match="--architecture"):
        load_start(TrailNet(Architecture.parse(SMALL)), FILE.read_bytes(), inputs)
    with pytest.raises(StartRefused):
        load_start(TrailNet(), b"no model", inputs)


def test_a_plan_that_starts_elsewhere_is_another_plan() -> None:
    start = Start(FILE.name, FILE.read_bytes())
    assert Plan(1, 1.0, start=start).fingerprint() != Plan(1, 1.0).fingerprint()


def test_a_training_begins_with_its_weights(inputs: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.training.loop.start_tiles", lambda: inputs)
    state = begin(Plan(1, 1.0, start=Start(FILE.name, FILE.read_bytes())), torch.device("cpu"))
    heat, _ = Network(FILE.read_bytes()).run(inputs[:2])
    with torch.no_grad():
        for network in (state.network, state.average, state.best):
            found, _ = Exported(network).eval()(torch.from_numpy(inputs[:2]))
            assert np.abs(found.numpy() - heat).max() < 1e-4


def test_the_command_says_so_and_a_missing_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none.onnx is nothing to start from: .*Nothing was trained") as refused:
        call_command("train", start_from=tmp_path / "none.onnx", out=tmp_path)
    assert "\n" not in str(refused.value)
    (tmp_path / "other.onnx").write_bytes(b"no model")
    with pytest.raises(CommandError, match="other.onnx is nothing to start from"):
        call_command("train", start_from=tmp_path / "other.onnx", out=tmp_path, minutes=0.1)
    assert [path.name for path in tmp_path.iterdir()] == ["other.onnx"]
    with pytest.raises(CommandError, match="--architecture as its card"):  # before a tile was simulated for it
        call_command("train", start_from=FILE, architecture=SMALL, out=tmp_path, minutes=1.0, check_tiles=100_000)
    options = {"seed": 1, "minutes": 5.0, "background": [], "test_background": [], "labels": None,
               "start_from": FILE, "workers": 1, "threads": 1, "name": "trailnet", "model_version": "1",
               "calibration_tiles": 400, "test_tiles": 1000, "architecture": "", "rate": None}  # fmt: skip
    assert command_of(options) == f"manage.py train --seed 1 --minutes 5 --start-from {FILE.name}"
