"""Writes about models: register, activate, roll back, ask for pre-screening."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from accounts.models import User
from jobs.models import OPEN_STATES, Job
from jobs.services import job_enqueue
from ml.contract import INPUT_SIZE_PX
from ml.inference import model_content
from ml.models import Activation, Model
from ml.probe import probe_apart
from ml.runtime import ModelRefused, Network, read_model
from ml.selectors import model_active, roll_back_target

PRESCREEN = "prescreen"
MAX_CARD_BYTES = 256 * 1024
SHIPPED = "trailnet-3"


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
    except OSError as error:
        raise CardRefused(f"The card {path.name} cannot be read: {error.strerror}.") from None
    return card_parse(content, name=path.name)


def card_parse(content: bytes, *, name: str) -> dict[str, Any]:
    """A card from JSON text; ``name`` is what its file is called.

    Raises
    ------
    CardRefused
        It is too large, or no JSON object.
    """
    try:
        card = json.loads(content) if len(content) <= MAX_CARD_BYTES else None
    except (ValueError, RecursionError):
        raise CardRefused(f"The card {name} is not JSON.") from None
    if not isinstance(card, dict):
        raise CardRefused(f"The card {name} must be a JSON object of at most {MAX_CARD_BYTES // 1024} KiB.")
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
    return _register(content, card)


def model_register_upload(*, file: IO[bytes], name: str, card: bytes, sha256: str) -> Model:
    """The same for files sent by a browser. ``sha256`` is what the model's maker says the file's hash is.

    The card comes along with the file, so its hash says only that the two belong together; the one given apart
    says that the file is the one that was meant.

    Raises
    ------
    ModelRefused, CardRefused
        With the reason; nothing was changed.
    """
    content = read_model(file, name=name)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256.strip().lower():
        raise ModelRefused(f"The file {name} is not the one you named: its SHA-256 is {found}.")
    return _register(content, card_parse(card, name="you sent"))


def _register(content: bytes, card: dict[str, Any]) -> Model:
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


def model_activate(
    *, model: Model, by: User | None = None, why: str = "", rolled_back: bool = False, rescore: bool = True
) -> Model:
    """Let the scores of this model count from now on; the ones of other models stay. Twice is once.

    Who did it and why is kept. With ``rescore``, what the model has not scored yet is scored in the background.

    Raises
    ------
    ModelRefused
        Its file is not the one that was registered, or does not load; the active model stays active.
    """
    Network(model_content(model))
    with transaction.atomic():
        rows = {row.pk: row for row in Model.objects.select_for_update().order_by("pk")}  # one person after the other
        replaced = next((row for row in rows.values() if row.active), None)
        if replaced is None or replaced.pk != model.pk:
            Model.objects.filter(active=True).update(active=False)
            Model.objects.filter(pk=model.pk).update(active=True)
            job = _scoring(model, by) if rescore else None
            Activation.objects.create(
                model=model, replaced=replaced, by=by, why=why[:300], rolled_back=rolled_back, job=job
            )
    model.refresh_from_db()
    return model


def model_roll_back(*, by: User | None = None, why: str = "") -> Model:
    """Put the model to work again that the active one replaced. Its scores are still there.

    Raises
    ------
    ModelRefused
        There is none to go back to, or its file is not the one that was registered; nothing was changed.
    """
    target = roll_back_target()
    if target is None:
        raise ModelRefused("There is no earlier model to go back to.")
    return model_activate(model=target, by=by, why=why, rolled_back=True)


def shipped_model_ensure() -> Model:
    """The active model; where there is none, the one that ships with this software becomes it."""
    active = model_active()
    if active:
        return active
    return model_activate(model=shipped_model_register(), why="the model that ships", rescore=False)


def shipped_model_register() -> Model:
    """The model that ships with this software, registered; twice is once."""
    folder = Path(settings.BASE_DIR) / "ml" / "shipped"
    return model_register(path=folder / f"{SHIPPED}.onnx", card=card_read(folder / f"{SHIPPED}.json"))


def prescreen_start(requested_by: User | None = None, *, held_by: str = "") -> Job:
    """Ask for everything unscored to be scored by the active model; the open job if there is one already.

    ``held_by``: who runs the new job at once (`jobs.services.job_enqueue`).
    """
    return _scoring(shipped_model_ensure(), requested_by, held_by=held_by)


def model_score(*, model: Model, requested_by: User | None = None) -> Job:
    """Let a model score what it has not seen without putting it to work, so that it can be compared."""
    return _scoring(model, requested_by)


@transaction.atomic
def _scoring(model: Model, requested_by: User | None, *, held_by: str = "") -> Job:
    arguments = {"model": model.pk}
    Model.objects.select_for_update().get(pk=model.pk)  # two requests at once: the second finds the first's job
    waiting = Job.objects.filter(kind=PRESCREEN, state__in=OPEN_STATES, arguments=arguments, cancel_requested=False)
    return waiting.first() or job_enqueue(
        kind=PRESCREEN, arguments=arguments, requested_by=requested_by, held_by=held_by
    )
