"""Train a model on simulations and on what people decided: a durable job around `manage.py train`.

The training itself runs in a process of its own (PyTorch never loads into a worker), niced, so that people who
look at the site do not feel it, and tied to the worker, so that it never goes on without one. It keeps a
checkpoint in the job's folder: killed, the job goes on from there, on the machine that has the folder.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from jobs.models import OPEN_STATES, Job
from jobs.registry import JobRun
from jobs.services import job_enqueue
from ml.examples import Examples, examples_write
from ml.models import Model
from ml.services import CardRefused, card_read, model_register

TRAIN = "train"
NAME = "local"
"""Models trained here have a name of their own, so that none is ever taken for one that ships."""
NEEDED = ("torch", "onnx", "onnxscript")
HOW_TO_INSTALL = "make training"
MINUTES, LONGEST_MINUTES, SHORTEST_MINUTES = 15, 24 * 60, 0.1
MOST_SEED = 2**31 - 1
CALIBRATION_TILES, TEST_TILES = 400, 1000
"""Of a training of `MINUTES` or more; a shorter one is judged on fewer, so that judging is not most of it."""
STEPS = 1000
"""What the job's progress counts: the training's own time is nine tenths of them."""
TRAINING_STEPS = 900
PATIENCE_S = 10.0
LOOK_EVERY_S = 1.0
LABELS = "labels.npz"
LOCK = 0x6C6F6F70  # "loop": two requests at once ask for one training


def missing() -> list[str]:
    """The packages that a training needs and that are not installed here."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


@transaction.atomic
def train_start(
    *, minutes: float = MINUTES, seed: int = 1, use_labels: bool = True, requested_by: User | None = None
) -> Job:
    """Ask for a training; the open job if there is one already: they would only take each other's cores."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    waiting = Job.objects.filter(kind=TRAIN, state__in=OPEN_STATES, cancel_requested=False).first()
    arguments = {"minutes": minutes, "seed": seed, "use_labels": use_labels}
    return waiting or job_enqueue(kind=TRAIN, arguments=arguments, requested_by=requested_by)


def train(run: JobRun) -> dict[str, Any]:
    """Export the labels, train, register the model that comes out. It is not activated: people do that.

    Each step leaves a file in the job's folder and is not done again when the job is.
    """
    if absent := missing():
        words = {"names": ", ".join(absent), "command": HOW_TO_INSTALL}
        raise RuntimeError(_("Training needs %(names)s on the machine of the worker: %(command)s.") % words)
    folder = work_folder(run.job_id)
    folder.mkdir(parents=True, exist_ok=True)
    made = _examples(run, folder) if run.arguments["use_labels"] else Examples()
    produced = _produced(folder)
    if produced is None:
        _train(run, folder, labels=made.count > 0)
        produced = _produced(folder)
    if produced is None:
        raise RuntimeError(_("The training ended without a model. %(said)s") % {"said": _last_words(folder)})
    run.progress(done=STEPS, total=STEPS, message=_("registering the model"))
    model = register_next(produced, made)
    (folder / LABELS).unlink(missing_ok=True)  # the only large one; the rest says how the model came about
    return {"model": str(model), "model_id": model.pk, "labels": made.count, "labels_unreadable": made.unreadable}


def work_folder(job_id: Any) -> Path:
    """Where a training keeps its labels, checkpoint and results until it is over."""
    return Path(settings.DATA_DIR) / "training" / str(job_id)


def _examples(run: JobRun, folder: Path) -> Examples:
    """People's labels as a file, written once; what is in it is noted beside it."""
    note = folder / "labels.json"
    if note.exists():
        return Examples(**json.loads(note.read_text()))

    def tell(done: int, total: int) -> None:
        run.progress(
            done=0, total=STEPS, message=_("reading labelled cutouts: %(n)d of %(of)d") % {"n": done, "of": total}
        )

    made = examples_write(folder / LABELS, tell=tell)
    part = note.with_suffix(".part")
    part.write_text(json.dumps(asdict(made)))
    part.replace(note)
    return made


def _train(run: JobRun, folder: Path, *, labels: bool) -> None:
    """Run the command to its end and tell how far it is; it ends with us, however we end."""
    with (
        (folder / "log.txt").open("ab") as log,
        _started(command_of(run.arguments, folder, labels=labels), log) as process,
    ):
        done, word = 0, _("starting")
        run.progress(done=done, total=STEPS, message=word)
        for line in _lines(process):
            done, word = progress_of(line, done, word)
            run.progress(done=done, total=STEPS, message=word)
        code = process.wait()
    if code:
        raise RuntimeError(_("The training failed. %(said)s") % {"said": _last_words(folder)})


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """What it prints, line by line, and an empty line each second without: a cancelled job shall not wait."""
    assert process.stdout is not None
    pipe, rest = process.stdout.fileno(), b""
    while True:
        if not select.select([pipe], [], [], LOOK_EVERY_S)[0]:
            if process.poll() is not None:  # a process that it left behind may hold the pipe
                return
            yield ""
            continue
        block = os.read(pipe, 65_536)
        if not block:
            return
        *lines, rest = (rest + block).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)


@contextlib.contextmanager
def _started(command: list[str], log: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE_S)
            process.kill()
        process.wait()


def command_of(arguments: dict[str, Any], folder: Path, *, labels: bool) -> list[str]:
    """The training's command line."""
    minutes = float(arguments["minutes"])
    part = min(1.0, minutes / MINUTES)
    manage = str(Path(settings.BASE_DIR) / "manage.py")
    command = [sys.executable, "-m", "hunter.tied", "nice", "-n", "10", sys.executable, manage, "train"]
    command += ["--seed", str(int(arguments["seed"])), "--minutes", f"{minutes:g}", "--name", NAME]
    command += ["--calibration-tiles", str(max(20, round(CALIBRATION_TILES * part)))]
    command += ["--test-tiles", str(max(40, round(TEST_TILES * part)))]
    command += ["--out", str(folder / "made"), "--progress-json"]
    return [*command, "--labels", str(folder / LABELS)] if labels else command


def progress_of(line: str, done: int, word: str) -> tuple[int, str]:
    """How far a line of the training says it is: steps done of `STEPS`, and in words. Other lines change nothing."""
    try:
        said = json.loads(line)
    except ValueError:
        return done, word
    if not isinstance(said, dict):
        return done, word
    if "share" in said:
        steps = round(TRAINING_STEPS * min(1.0, max(0.0, float(said["share"]))))
        words = {"loss": f"{float(said.get('loss', 0)):.3f}", "tiles": int(said.get("tiles", 0))}
        return max(done, steps), _("learning: loss %(loss)s after %(tiles)d tiles") % words
    return max(done, min(STEPS - 1, done + 10)), str(said.get("word", word))[:100]


def _produced(folder: Path) -> Path | None:
    """The ONNX file that came out, with its card; the card is written last of all."""
    found = sorted((folder / "made").glob("*.onnx"))
    return next((path for path in found if path.with_suffix(".json").exists()), None)


def _last_words(folder: Path) -> str:
    try:
        lines = (folder / "log.txt").read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return next((line[:300] for line in reversed(lines) if line.strip()), "")


def register_next(path: Path, made: Examples, *, name: str = NAME) -> Model:
    """Register a trained model under the next free version of its name; the same file again is the row there is."""
    card = card_read(path.with_suffix(".json"))
    card["labels"] = {"count": made.count, "until": made.until or None}
    known = Model.objects.filter(sha256=card.get("sha256", "")).first()
    if known:
        return known
    for _attempt in range(20):
        version = _next_version(name)
        try:
            return model_register(path=path, card=card | {"name": name, "version": version})
        except CardRefused:
            if not Model.objects.filter(name=name, version=version).exists():
                raise
    raise RuntimeError(_("No free version was found; the model was not registered. Start the job again."))


def _next_version(name: str) -> str:
    versions = Model.objects.filter(name=name).values_list("version", flat=True)
    return str(max((int(version) for version in versions if version.isdecimal()), default=0) + 1)
