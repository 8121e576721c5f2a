"""Rows for tests of the loop: scored cutouts that people decided."""

from __future__ import annotations

from typing import Any

from archive.models import Cutout, Exposure
from ml.labels import Decided, labels_write
from ml.models import Model, Score, TrainingLabel
from tests import factories

Label, Source = TrainingLabel.Label, TrainingLabel.Source


def model(version: str = "1", *, active: bool = False, **fields: Any) -> Model:
    """A registered model without a file that could be loaded."""
    values = {"name": "m", "sha256": version.rjust(64, "0"), "threshold": 0.5, "active": active}
    return Model.objects.create(version=version, **values | fields)


def scored(by: Model, p: float, *, of: Exposure | None = None, cutout: Cutout | None = None, **fields: Any) -> Cutout:
    """A cutout that a model scores ``p``."""
    found = cutout or factories.cutout(of=of, **fields)
    Score.objects.create(cutout=found, model=by, p_asteroid=p, p_satellite=0, p_nothing=1 - p)
    return found


def decide(cutout: Cutout, label: str, source: str = Source.CONSENSUS, **fields: Any) -> TrainingLabel:
    """What people say of a cutout."""
    labels_write(Source(source), [Decided(cutout.pk, Label(label), **fields)])
    return TrainingLabel.objects.get(cutout=cutout, source=source)
