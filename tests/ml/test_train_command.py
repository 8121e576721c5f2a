"""`manage.py train` says what it lacks and what it cannot take, before it does anything."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ml.management.commands.train import DEFAULTS, command_of


def test_without_the_training_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match="needs torch, onnx, onnxscript: make training"):
        call_command("train", out=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"minutes": 0}, "--minutes"),
        ({"seed": -1}, "--seed"),
        ({"workers": -1}, "--workers"),
        ({"test_tiles": 3}, "20 tiles"),
        ({"name": "../../etc"}, "--name"),
        ({"model_version": "1/2"}, "--model-version"),
        ({"rate": -0.1}, "--rate"),
    ],
)
def test_bad_options_are_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(CommandError, match=reason) as refused:
        call_command("train", out=tmp_path, **options)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_the_card_names_the_command_that_makes_the_model_again() -> None:
    options = {"seed": 3, "minutes": 15.0, "background": [], "test_background": [], "labels": None, "int8": False}
    options |= DEFAULTS
    assert command_of(options) == "manage.py train --seed 3 --minutes 15"
    assert command_of(options | {"model_version": "2"}) == "manage.py train --seed 3 --minutes 15 --model-version 2"
    learnt = {"background": [Path("/far/a.fits"), Path("/far/b.fits")], "labels": Path("/far/labels.npz")}
    assert command_of(options | learnt | {"int8": True, "rate": 0.004, "architecture": "w8-16-24-32_b2_d1_f3"}) == (
        "manage.py train --seed 3 --minutes 15 --background a.fits b.fits --labels labels.npz --int8 "
        "--architecture w8-16-24-32_b2_d1_f3 --rate 0.004"
    )
