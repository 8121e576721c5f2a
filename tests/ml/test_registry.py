"""Models come in by a door that looks at them first; the hash is what counts ever after."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from onnx import TensorProto

from ml.inference import network_of
from ml.models import Model
from ml.runtime import ModelRefused
from ml.services import CardRefused, model_activate, model_register, shipped_model_ensure
from tests.ml.onnx_making import card_for, custom_operator, memory_bomb, model_bytes, with_external_data

pytestmark = pytest.mark.django_db
GOOD = model_bytes()


def register(folder: Path, content: bytes = GOOD, **card: Any) -> Model:
    path = folder / "small.onnx"
    path.write_bytes(content)
    return model_register(path=path, card=card_for(content, **card))


def test_a_good_model_is_registered_once_and_rests(tmp_path: Path) -> None:
    model = register(tmp_path)
    assert (model.name, model.version, model.threshold, model.active) == ("small", "1", 0.7, False)
    assert register(tmp_path) == model
    assert Model.objects.count() == 1


WRONG: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty", lambda: b"", "not an ONNX model"),
    ("text", lambda: b"import os; os.system('true')", "not an ONNX model"),
    ("cut short", lambda: GOOD[: len(GOOD) // 2], "ONNX"),
    ("other input size", lambda: model_bytes(input_shape=["N", 1, 256, 256]), "input must be"),
    ("three colours", lambda: model_bytes(input_shape=["N", 3, 512, 512]), "can be run|input must be"),
    ("bytes as input", lambda: model_bytes(input_type=TensorProto.UINT8), "input must be"),
    ("other output name", lambda: model_bytes(heat_name="map"), "outputs must be"),
    ("coarse heat map", lambda: model_bytes(heat_cells=64), "shapes"),
    ("above one", lambda: model_bytes(values=(0.5, 0.5, 1.5)), "between 0 and 1"),
    ("negative", lambda: model_bytes(values=(-0.5, 0.5, 0.5)), "between 0 and 1"),
    ("no number", lambda: model_bytes(values=(float("nan"), 0.5, 0.5)), "between 0 and 1"),
    ("weights elsewhere", lambda: with_external_data(GOOD), "another file"),
    ("custom operator", custom_operator, "com.example"),
    ("too large", lambda: GOOD + b"\0" * (5 * 1024**2), "larger than 5 MB"),
    ("asks for terabytes", memory_bomb, "fails on a tile|too much memory"),
]


@pytest.mark.parametrize(("make", "reason"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_file_is_refused_and_nothing_changes(
    tmp_path: Path, settings: Any, make: Callable[[], bytes], reason: str
) -> None:
    with pytest.raises(ModelRefused, match=reason):
        register(tmp_path, make())
    assert not Model.objects.exists()
    assert not [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ({"sha256": "0" * 64}, "another file"),
        ({"name": ""}, "name"),
        ({"version": "x" * 21}, "version"),
        ({"name": 7}, "name"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": "high"}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(tmp_path: Path, card: dict[str, Any], reason: str) -> None:
    with pytest.raises(CardRefused, match=reason):
        register(tmp_path, **card)
    assert not Model.objects.exists()


def test_another_file_under_a_known_name_is_refused_and_not_kept(tmp_path: Path, settings: Any) -> None:
    model = register(tmp_path)
    with pytest.raises(CardRefused, match="new version"):
        register(tmp_path, model_bytes(mark=2))
    assert list(Model.objects.all()) == [model]
    assert len(list(Path(settings.MEDIA_ROOT).rglob("*.onnx"))) == 1


def test_one_model_is_active_and_activating_twice_is_once(tmp_path: Path) -> None:
    first, second = register(tmp_path), register(tmp_path, model_bytes(mark=2), version="2")
    for model in (first, second, second):
        assert model_activate(model=model).active
    assert list(Model.objects.filter(active=True)) == [second]


def test_a_changed_file_is_neither_activated_nor_used(tmp_path: Path) -> None:
    active, changed = register(tmp_path), register(tmp_path, model_bytes(mark=2), version="2")
    model_activate(model=active)
    with changed.file.open("r+b") as file:
        file.seek(40)
        file.write(b"X")
    for use in (lambda: model_activate(model=changed), lambda: network_of(changed)):
        with pytest.raises(ModelRefused, match="not the one that was registered"):
            use()
    assert list(Model.objects.filter(active=True)) == [active]


def test_a_file_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    model = register(tmp_path)
    Path(model.file.path).unlink()
    with pytest.raises(ModelRefused, match="cannot be read"):
        model_activate(model=model)


def test_the_shipped_model_becomes_active_where_none_is(tmp_path: Path) -> None:
    shipped = shipped_model_ensure()
    assert shipped.active and shipped.name == "trailnet"
    other = model_activate(model=register(tmp_path))
    assert shipped_model_ensure() == other


def test_commands_register_and_activate(tmp_path: Path) -> None:
    path, card, out = tmp_path / "small.onnx", tmp_path / "small.json", StringIO()
    path.write_bytes(GOOD)
    card.write_text(json.dumps(card_for(GOOD)))
    call_command("register_model", str(path), stdout=out)
    call_command("activate_model", "small", "1", stdout=out)
    assert "small 1 is active" in out.getvalue()
    with pytest.raises(CommandError, match="no model small 9. Registered: small 1"):
        call_command("activate_model", "small", "9")
    card.write_text("{")
    with pytest.raises(CommandError, match="not JSON. Nothing was changed"):
        call_command("register_model", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("register_model", str(tmp_path / "none.onnx"), "--card", str(tmp_path / "none.json"))
