"""Writes about models: register, activate, ask for pre-screening."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from accounts.models import User
from jobs.models import OPEN_STATES, Job
from jobs.services import job_enqueue
from ml.contract import INPUT_SIZE_PX
from ml.inference import model_content
from ml.models import Model
from ml.probe import probe_apart
from ml.runtime import ModelRefused, Network, read_model
from ml.selectors import model_active

PRESCREEN = "prescreen"
MAX_CARD_BYTES = 256 * 1024
SHIPPED = "trailnet-1"


class CardRefused(ValueError):
    """A card that does not belong to the model or lacks what is needed; the reason in words."""


def card_read(path: Path) -> dict[str, Any]:
    """A card from its JSON file.

    Raises
    ------
    CardRefused
        It cannot be read, is too large, or is no JSON object.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CARD_BYTES + 1)
        card = json.loads(content) if len(content) <= MAX_CARD_BYTES else None
    except OSError as error:
        raise CardRefused(f"The card {path.name} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise CardRefused(f"The card {path.name} is not JSON.") from None
    if not isinstance(card, dict):
        raise CardRefused(f"The card {path.name} must be a JSON object of at most {MAX_CARD_BYTES // 1024} KiB.")
    return card


def model_register(*, path: Path, card: dict[str, Any]) -> Model:
    """Take an ONNX file into the registry, its hash pinned. The same file again gives the row there is.

    It is looked into, loaded and run on two tiles in a process of its own before a row is written.

    Raises
    ------
    ModelRefused, CardRefused
        With the reason; nothing was changed.
    """
    try:
        with path.open("rb") as file:
            content = read_model(file, name=path.name)
    except OSError as error:
        raise ModelRefused(f"The model file {path.name} cannot be read: {error.strerror}.") from None
    sha256 = hashlib.sha256(content).hexdigest()
    fields = _card_fields(card, sha256)
    known = Model.objects.filter(sha256=sha256).first()
    if known:
        return known
    probe_apart(content)
    model = Model(sha256=sha256, card=card, input_size_px=INPUT_SIZE_PX, **fields)
    model.file.save(f"{sha256}.onnx", ContentFile(content), save=False)
    try:
        with transaction.atomic():
            model.save()
    except IntegrityError:
        model.file.delete(save=False)
        same = Model.objects.filter(sha256=sha256).first()
        if same:
            return same
        raise CardRefused(f"{model} is registered with another file already; give this one a new version.") from None
    return model


def _card_fields(card: dict[str, Any], sha256: str) -> dict[str, Any]:
    """Name, version and threshold of a card that belongs to the file."""
    for field, longest in (("name", 80), ("version", 20)):
        value = card.get(field)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise CardRefused(f"The card needs a {field} of at most {longest} characters.")
    if card.get("sha256") != sha256:
        raise CardRefused(f"The card belongs to another file: the hash in it is not {sha256[:12]}…, the file's.")
    threshold = card.get("threshold", 0.5)
    if (
        isinstance(threshold, bool)
        or not isinstance(threshold, int | float)
        or not 0 <= threshold <= 1
        or math.isnan(threshold)
    ):
        raise CardRefused("The card's threshold must be a number between 0 and 1.")
    return {"name": card["name"], "version": card["version"], "threshold": float(threshold)}


def model_activate(*, model: Model) -> Model:
    """Let new scores come from this model; the ones of other models stay. Twice is once.

    Raises
    ------
    ModelRefused
        Its file is not the one that was registered, or does not load; the active model stays active.
    """
    Network(model_content(model))
    with transaction.atomic():
        list(Model.objects.select_for_update().order_by("pk"))  # two people at once: one after the other
        Model.objects.filter(active=True).exclude(pk=model.pk).update(active=False)
        Model.objects.filter(pk=model.pk).update(active=True)
    model.refresh_from_db()
    return model


def shipped_model_ensure() -> Model:
    """The active model; where there is none, the one that ships with this software becomes it."""
    active = model_active()
    if active:
        return active
    folder = Path(settings.BASE_DIR) / "ml" / "shipped"
    model = model_register(path=folder / f"{SHIPPED}.onnx", card=card_read(folder / f"{SHIPPED}.json"))
    return model_activate(model=model)


def prescreen_start(requested_by: User | None = None, *, held_by: str = "") -> Job:
    """Ask for everything unscored to be scored by the active model; the open job if there is one already.

    ``held_by``: who runs the new job at once (`jobs.services.job_enqueue`).
    """
    model = shipped_model_ensure()
    arguments = {"model": model.pk}
    with transaction.atomic():
        Model.objects.select_for_update().get(pk=model.pk)  # two requests at once: the second finds the first's job
        waiting = Job.objects.filter(kind=PRESCREEN, state__in=OPEN_STATES, arguments=arguments, cancel_requested=False)
        return waiting.first() or job_enqueue(
            kind=PRESCREEN, arguments=arguments, requested_by=requested_by, held_by=held_by
        )
