"""The training job: what it learns from, how it goes on after a kill, what comes out of it.

All but the last test run a stand-in for the training command, so that they need no PyTorch and end in seconds; what
they check is ours: the file of examples, the progress, the process, the registry.
"""

from __future__ import annotations

import json
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from django.db import connection

from archive.models import Observation
from archive.renderings import cutout_pixels
from archive.tiling import Box
from jobs.models import Job, JobState
from jobs.services import job_cancel, job_retry, job_run
from ml import learning
from ml.examples import Examples, examples_write, labels_chosen
from ml.learning import progress_of, register_next, train_start
from ml.models import Model
from ml.preprocess import network_input
from tests import factories
from tests.ml.loop_rows import decide, model, scored
from tests.ml.making import damage, stored_exposure
from tests.ml.onnx_making import card_for, model_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    """Trainings of a test lie in its own folder."""
    settings.DATA_DIR = tmp_path / "data"


# --- Examples ------------------------------------------------------------------------------------------------------


def test_the_file_holds_what_the_network_sees_and_what_people_know(tmp_path: Path) -> None:
    exposure = stored_exposure(seed=1, boxes=[Box(0, 0, 512, 512), Box(448, 0, 512, 512), Box(0, 448, 300, 200)])
    first, second, third = exposure.cutouts.order_by("pk")
    decide(third, "nothing", weight=0.8)
    decide(first, "asteroid", "validation", ends=(10.0, 20.0, 30.0, 40.0))
    decide(second, "satellite", "validation")
    made = examples_write(tmp_path / "labels.npz")
    assert (made.count, made.unreadable) == (3, 0)
    with np.load(tmp_path / "labels.npz", allow_pickle=False) as file:
        arrays = dict(file)
    assert arrays["inputs"].shape == (3, 512, 512) and arrays["inputs"].dtype == np.float16
    for row, cutout in enumerate((first, second, third)):
        expected = network_input(cutout_pixels(cutout)).array[0]
        np.testing.assert_allclose(arrays["inputs"][row], expected, atol=0.01)
    assert arrays["present"].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert arrays["known"].tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 0]]
    assert arrays["weight"].tolist() == pytest.approx([1, 1, 0.8])
    np.testing.assert_array_equal(arrays["ends"][0], [10, 20, 30, 40])
    assert np.isnan(arrays["ends"][1:]).all()
    assert len(set(arrays["field"].tolist())) == 1
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["labels.npz"]


def test_one_piece_of_sky_and_one_visit_are_one_field(tmp_path: Path) -> None:
    names = ["jabc01a1q", "jabc01b2q", "jxyz01a1q"]
    exposures = []
    for seed, name in enumerate(names):
        exposure = stored_exposure(seed=seed, boxes=[Box(0, 0, 512, 512)])
        Observation.objects.filter(pk=exposure.observation_id).update(name=name)
        type(exposure).objects.filter(pk=exposure.pk).update(ra_deg=10.0 + 40 * seed)
        decide(exposure.cutouts.get(), "nothing")
        exposures.append(exposure)
    examples_write(tmp_path / "labels.npz")
    with np.load(tmp_path / "labels.npz") as file:
        assert file["field"].tolist() == [exposures[0].pk, exposures[0].pk, exposures[2].pk]


def test_what_cannot_be_read_is_left_out_and_counted(tmp_path: Path) -> None:
    good, bad = (stored_exposure(seed=seed, boxes=[Box(0, 0, 512, 512)]) for seed in (1, 2))
    for exposure in (good, bad):
        decide(exposure.cutouts.get(), "nothing")
    damage(bad)
    assert examples_write(tmp_path / "labels.npz").unreadable == 1
    with np.load(tmp_path / "labels.npz") as file:
        assert len(file["inputs"]) == len(file["weight"]) == 1


def test_nothing_decided_is_no_file(tmp_path: Path) -> None:
    assert examples_write(tmp_path / "labels.npz") == Examples()
    assert not list(tmp_path.glob("*.npz"))


def test_trails_come_first_then_what_surprises_the_active_model() -> None:
    ours, exposure = model(active=True), factories.exposure()
    trail = decide(scored(ours, 0.9, of=exposure, x0=1), "asteroid")
    satellite = decide(factories.cutout(of=exposure, x0=2), "satellite", "validation")
    expected = decide(scored(ours, 0.01, of=exposure, x0=3), "nothing")
    surprising = decide(scored(ours, 0.95, of=exposure, x0=4), "nothing")
    decide(scored(ours, 0.95, of=exposure, x0=5), "nothing", weight=0.4)  # people were not sure
    assert labels_chosen() == [satellite, trail, surprising, expected]
    assert labels_chosen(2) == [satellite, surprising]  # trails take no more than half


# --- The job -------------------------------------------------------------------------------------------------------

STAND_IN = """
import hashlib, json, os, sys, time
folder, content, name, seconds = sys.argv[1], open(sys.argv[2], "rb").read(), sys.argv[3], float(sys.argv[4])
os.makedirs(folder, exist_ok=True)
kept = os.path.join(folder, ".checkpoint")
begun = int(open(kept).read()) if os.path.exists(kept) else 0
for step in range(begun, 5):
    print(json.dumps({"share": (step + 1) / 5, "loss": 1 / (step + 1), "tiles": 8 * step}), flush=True)
    time.sleep(seconds)
    open(kept, "w").write(str(step + 1))
    open(os.path.join(folder, "steps"), "a").write(f"{step} ")
print(json.dumps({"word": "judge"}), flush=True)
card = {"name": "local", "version": "1", "sha256": hashlib.sha256(content).hexdigest(), "threshold": 0.7}
open(os.path.join(folder, "local-1.onnx"), "wb").write(content)
open(os.path.join(folder, "local-1.json"), "w").write(json.dumps(card))
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A command that behaves as the training does; what it is told is kept."""
    (tmp_path / "small.onnx").write_bytes(model_bytes())
    (tmp_path / "stand_in.py").write_text(textwrap.dedent(STAND_IN))
    said: dict[str, Any] = {"seconds": 0.0, "folders": []}

    def command_of(arguments: dict[str, Any], folder: Path, *, labels: bool) -> list[str]:
        said["labels"] = labels
        said["folders"].append(folder)
        script = [str(tmp_path / "stand_in.py"), str(folder / "made"), str(tmp_path / "small.onnx"), "local"]
        return [sys.executable, "-m", "hunter.tied", sys.executable, *script, str(said["seconds"])]

    monkeypatch.setattr(learning, "NEEDED", ())
    monkeypatch.setattr(learning, "command_of", command_of)
    return said


def test_a_training_ends_with_a_registered_model_that_rests(stand_in: dict[str, Any]) -> None:
    exposure = stored_exposure(seed=1, boxes=[Box(0, 0, 512, 512)])
    label = decide(exposure.cutouts.get(), "asteroid")
    done = job_run(train_start(minutes=1).pk)
    assert done is not None and done.state == JobState.DONE, done and done.last_error
    made = Model.objects.get()
    assert done.result == {"model": "local 1", "model_id": made.pk, "labels": 1, "labels_unreadable": 0}
    assert (done.done, done.total, made.active, stand_in["labels"]) == (1000, 1000, False, True)
    assert made.card["labels"] == {"count": 1, "until": label.decided_at.isoformat()}
    assert not list(stand_in["folders"][0].glob("*.npz"))
    again = job_run(train_start(minutes=1, use_labels=False).pk)  # the same file comes out: the same row
    assert again is not None and again.result["model_id"] == made.pk and stand_in["labels"] is False


def test_a_trained_model_gets_the_next_free_version(tmp_path: Path) -> None:
    model("7", name="local"), model("beta", name="local"), model("9", name="trailnet")
    path = tmp_path / "any.onnx"
    path.write_bytes(model_bytes())
    path.with_suffix(".json").write_text(json.dumps(card_for(model_bytes(), version="1")))
    assert str(register_next(path, Examples())) == "local 8"


def test_a_card_that_does_not_fit_fails_the_job_once_and_registers_nothing(tmp_path: Path) -> None:
    path = tmp_path / "any.onnx"
    path.write_bytes(model_bytes())
    path.with_suffix(".json").write_text(json.dumps(card_for(model_bytes(), sha256="0" * 64)))
    with pytest.raises(ValueError, match="another file"):
        register_next(path, Examples())
    assert not Model.objects.exists()


def test_a_failing_training_says_its_last_words(stand_in: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import sys; print('working'); sys.exit('CommandError: The loss is not finite any more.')"
    monkeypatch.setattr(learning, "command_of", lambda *_, labels: [sys.executable, "-c", script])
    done = job_run(train_start().pk)
    assert done is not None and done.state == JobState.FAILED
    assert "The loss is not finite any more" in done.last_error
    assert not Model.objects.exists()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"share": 0.5, "loss": 0.25, "tiles": 12}', (450, "learning: loss 0.250 after 12 tiles")),
        ('{"share": 0.01, "loss": 0.25, "tiles": 12}', (100, "learning: loss 0.250 after 12 tiles")),
        ('{"word": "judge"}', (110, "judge")),
        ("not JSON", (100, "before")),
        ("[1]", (100, "before")),
        ("", (100, "before")),
    ],
)
def test_how_far_a_line_says_it_is(line: str, expected: tuple[int, str]) -> None:
    assert progress_of(line, 100, "before") == expected


def stand_ins(folder: Path) -> list[psutil.Process]:
    """Trainings that run for a folder."""
    return [one for one in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(one.info["cmdline"] or [])]


def in_a_thread(job: Job) -> threading.Thread:
    def work() -> None:
        job_run(job.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def wait_for(condition: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_training_ends_its_process_and_goes_on_when_asked_again(stand_in: dict[str, Any]) -> None:
    stand_in["seconds"] = 0.6
    job = train_start(use_labels=False)
    thread = in_a_thread(job)
    wait_for(lambda: Job.objects.get(pk=job.pk).done >= 360)
    folder = stand_in["folders"][0]
    assert stand_ins(folder)
    job_cancel(job.pk)
    thread.join(timeout=30)
    assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED
    assert not stand_ins(folder)
    job_retry(job.pk)
    done = job_run(job.pk)
    assert done is not None and done.state == JobState.DONE
    assert (folder / "made" / "steps").read_text().split() == ["0", "1", "2", "3", "4"]  # none twice


@pytest.mark.django_db(transaction=True)
def test_a_job_that_another_worker_took_ends_its_process(stand_in: dict[str, Any]) -> None:
    stand_in["seconds"] = 0.6
    job = train_start(use_labels=False)
    thread = in_a_thread(job)
    wait_for(lambda: Job.objects.get(pk=job.pk).done >= 180)
    Job.objects.filter(pk=job.pk).update(lease_owner="another")
    thread.join(timeout=30)
    assert not stand_ins(stand_in["folders"][0])
    assert Job.objects.get(pk=job.pk).state == JobState.RUNNING and not Model.objects.exists()
