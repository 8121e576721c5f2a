"""Scores and decisions for tests of the archive scan; no model runs."""

from __future__ import annotations

import random
from typing import Any

from django.core.files.base import ContentFile
from django.test import Client

from accounts.models import Role
from archive.models import Cutout, Exposure
from ml.models import Model, Score, TrainingLabel
from tests import factories


def signed_in(role: Role = Role.SCIENTIST) -> Client:
    """A browser of somebody with this role."""
    client = Client()
    client.force_login(factories.user(role))
    return client


def registered(name: str = "m", *, active: bool = True, **fields: Any) -> Model:
    """A row of a model."""
    model = Model(name=name, version="1", sha256=f"{random.getrandbits(256):064x}", active=active, **fields)
    model.file.save("m.onnx", ContentFile(b"never loaded"))
    return model


def scored(model: Model, *values: float, of: Exposure | None = None, **fields: Any) -> list[Score]:
    """A cutout per value of p_asteroid, scored."""
    exposure = of or factories.exposure()
    made = []
    for p in values:
        cutout = factories.cutout(of=exposure, x0=Cutout.objects.count())
        given = {"p_asteroid": p, "p_satellite": 0.0, "p_nothing": 1 - p} | fields
        made.append(Score.objects.create(cutout=cutout, model=model, **given))
    return made


def decided(score: Score, label: str, source: str = "consensus", **fields: Any) -> TrainingLabel:
    """What people say of the score's cutout."""
    return TrainingLabel.objects.create(cutout=score.cutout, source=source, label=label, **fields)
