"""Registering a model in the browser: what a good one needs, and every wrong one refused with nothing changed."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from ml.models import Activation, Model
from tests import factories
from tests.ml.onnx_making import card_for, custom_operator, memory_bomb, model_bytes, with_external_data

pytestmark = pytest.mark.django_db
GOOD = model_bytes()


def send(content: bytes, *, card: bytes | None = None, sha256: str = "", role: Role = Role.ADMIN) -> Any:
    data = {
        "file": io.BytesIO(content),
        "card": io.BytesIO(json.dumps(card_for(content)).encode() if card is None else card),
        "sha256": sha256 or hashlib.sha256(content).hexdigest(),
    }
    data["file"].name, data["card"].name = "small.onnx", "small.json"  # type: ignore[union-attr]
    client = Client()
    client.force_login(factories.user(role))
    return client.post(reverse("ml:register"), data, follow=True)


def test_an_admin_registers_a_model_which_rests() -> None:
    page = send(GOOD, sha256=hashlib.sha256(GOOD).hexdigest().upper() + " ").content.decode()
    assert "small 1 is registered" in page
    made = Model.objects.get()
    assert (made.active, made.sha256) == (False, hashlib.sha256(GOOD).hexdigest())
    with made.file.open("rb") as file:
        assert file.read() == GOOD


WRONG = [
    ("another shape", lambda: {"content": model_bytes(input_shape=["N", 1, 256, 256])}, "input must be"),
    ("a custom operator", lambda: {"content": custom_operator()}, "com.example"),
    ("weights elsewhere", lambda: {"content": with_external_data(GOOD)}, "another file"),
    ("asks for terabytes", lambda: {"content": memory_bomb()}, "fails on a tile|too much memory"),
    ("too large", lambda: {"content": GOOD + b"\0" * (5 * 1024**2)}, "larger than 5 MB"),
    ("far too large", lambda: {"content": b"\0" * (6 * 1024**2)}, "The files are too large"),
    ("no model", lambda: {"content": b"import os"}, "not an ONNX model"),
    ("not the one that was meant", lambda: {"content": GOOD, "sha256": "0" * 64}, "not the one you named"),
    ("no hash", lambda: {"content": GOOD, "sha256": "abc"}, "64 digits"),
    ("another's card", lambda: {"content": GOOD, "card": json.dumps(card_for(b"other")).encode()}, "another file"),
    ("no card", lambda: {"content": GOOD, "card": b"{"}, "not JSON"),
    ("a list as card", lambda: {"content": GOOD, "card": b"[]"}, "JSON object"),
    ("a huge card", lambda: {"content": GOOD, "card": b"[" * (256 * 1024 + 1)}, "at most 256 KiB"),
]


@pytest.mark.parametrize(("make", "reason"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_upload_is_refused_with_the_reason_and_nothing_changes(make: Any, reason: str, settings: Any) -> None:
    answer = send(**make())
    assert answer.status_code in (413, 422)
    said = answer.content.decode()
    assert any(words in said for words in reason.split("|")), said[said.index("<main") :]
    assert not Model.objects.exists() and not Activation.objects.exists()
    assert not [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_scientist_registers_nothing() -> None:
    assert send(GOOD, role=Role.SCIENTIST).status_code == 404
    assert not Model.objects.exists()
