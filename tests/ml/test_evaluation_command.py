"""`manage.py evaluate_model`: a card's figures come out again, or the differences are named; no database needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from PIL import Image

from ml.evaluation import TestSet, figures, judge_seeds
from ml.services import SHIPPED, shipped_model_ensure
from sky.simulate.background import read_background
from tests.ml.onnx_making import card_for

ROOT = Path(settings.BASE_DIR)
CONTENT = (ROOT / "ml" / "shipped" / f"{SHIPPED}.onnx").read_bytes()
TESTS = TestSet(9_500_000, 20)


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    """A card of the shipped model whose figures were measured on 20 tiles."""
    found = figures(judge_seeds(CONTENT, TESTS.seeds), 0.7)
    made = card_for(CONTENT, data={"test": TESTS.as_dict()}, figures=found, threshold=0.7)
    return json.loads(json.dumps(made))


@pytest.fixture
def model(tmp_path: Path, card: dict[str, Any]) -> Path:
    """The model and that card as files."""
    (tmp_path / "small.onnx").write_bytes(CONTENT)
    (tmp_path / "small.json").write_text(json.dumps(card))
    return tmp_path / "small.onnx"


def test_a_card_is_reproduced_without_a_database_by_two_processes(model: Path, card: dict[str, Any]) -> None:
    environment = {**os.environ, "DATA_DIR": str(model.parent / "data"), "OMP_NUM_THREADS": "1"}
    for name in ("DATABASE_URL", "REDIS_URL"):
        environment.pop(name, None)
    out = model.parent / "out"
    done = subprocess.run(
        [sys.executable, "manage.py", "evaluate_model", model, "--processes", "2", "--out", out],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Reproduced: the card's figures are what was measured now." in done.stdout
    assert "Completeness at a number of false detections per tile" in done.stdout
    assert {path.name for path in out.iterdir()} == {
        "figures.json", "completeness.svg", "completeness.png", "froc.svg", "froc.png", "precision-recall.svg",
        "precision-recall.png", "reliability.svg", "reliability.png",
    }  # fmt: skip
    written = json.loads((out / "figures.json").read_text())
    assert written["test"] == TESTS.as_dict() and written["figures"]["tiles"] == card["figures"]["tiles"]
    assert not list((model.parent / "data").glob("postgres*"))  # no server was started


def test_a_card_that_says_more_than_is_true_is_told_apart(model: Path, card: dict[str, Any]) -> None:
    said = json.loads(json.dumps(card))
    said["figures"]["auc"]["satellite"]["value"] += 0.01
    model.with_suffix(".json").write_text(json.dumps(said))
    with pytest.raises(CommandError, match=r"Not reproduced: 1 figures .*\n  auc\.satellite\.value: .* in the card"):
        call_command("evaluate_model", str(model), stdout=StringIO())


def test_real_frames_are_judged_apart_and_not_held_against_a_card_without(model: Path) -> None:
    rng = np.random.default_rng(1)
    frame = model.parent / "field.png"
    Image.fromarray(np.clip(rng.normal(60, 8, (600, 700)), 0, 255).astype(np.uint8)).save(frame)
    out, said = model.parent / "out", StringIO()
    call_command("evaluate_model", str(model), background=[frame], out=out, stdout=said)
    assert "On real backgrounds" in said.getvalue() and "Reproduced" in said.getvalue()
    written = json.loads((out / "figures.json").read_text())
    assert written["figures"]["real"]["tiles"]["all"] == 20
    assert written["test"]["backgrounds"] == [{"name": "field.png", "sha256": read_background(frame)[0].sha256}]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"tiles": 5}, "--tiles takes 20"),
        ({"seed": -1}, "--seed"),
        ({"processes": 0}, "--processes"),
        ({"background": [Path("gone.fits")]}, "gone.fits cannot be used as a background"),
        ({"card": Path("gone.json")}, "The card gone.json cannot be read"),
    ],
)
def test_it_says_what_it_cannot_take(options: dict[str, Any], reason: str, model: Path) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("evaluate_model", str(model), **options)


def test_a_file_that_is_no_model_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(CommandError, match=r"not an ONNX model.*Nothing was judged"):
        call_command("evaluate_model", str(tmp_path / "bad.onnx"))
    with pytest.raises(CommandError, match=r"gone\.onnx cannot be read"):
        call_command("evaluate_model", str(tmp_path / "gone.onnx"))


@pytest.mark.django_db
def test_a_registered_model_is_found_by_its_name() -> None:
    model, said = shipped_model_ensure(), StringIO()
    call_command("evaluate_model", model.name, model.version, tiles=20, seed=TESTS.first_seed, stdout=said)
    assert "Tiles of the seeds 9500000 to 9500019" in said.getvalue() and "eproduced" not in said.getvalue()
    with pytest.raises(CommandError, match=f"no model unheard 1. Registered: {model}"):
        call_command("evaluate_model", "unheard", "1")
