"""Pre-screening shared by several processes: claims, helpers, and what each leaves to whom."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from jobs.models import Job, JobState
from jobs.services import job_cancel, job_run
from ml import claims, inference, pipeline, prescreening, tasks
from ml.claims import Claims
from ml.inference import network_of, threads_wanted
from ml.models import Model, Score
from ml.prescreening import prescreen_assist
from ml.services import prescreen_start, shipped_model_ensure
from tests.ml.making import damage, stored_exposure
from tests.ml.test_prescreen import ROW_OF_TILES

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The calls for help, which reach nobody here."""
    made: list[Any] = []
    monkeypatch.setattr(prescreening, "call_for_help", made.append)
    return made


@contextmanager
def beside(work: Callable[[], Any]) -> Iterator[threading.Thread]:
    """Run this in a thread, with a connection to the database of its own, as another process has."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(60)
        assert not thread.is_alive()


@contextmanager
def claimed_by_another(model: Model) -> Iterator[threading.Event]:
    """Another process holds the first exposure until the event is set, and then dies without a word."""
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with Claims(model) as others:
            next(others.walk(()))
            held.set()
            let_go.wait(60)
            connection.close()
            connection.connect()

    with beside(hold):
        assert held.wait(30)
        try:
            yield let_go
        finally:
            let_go.set()


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Counter[bytes]:
    """How often the network of the shipped model was given which tile."""
    network = network_of(shipped_model_ensure())
    really, seen = network.run, Counter[bytes]()

    def counting(tiles: Any) -> Any:
        seen.update(tile.tobytes() for tile in tiles)
        return really(tiles)

    monkeypatch.setattr(network, "run", counting)
    return seen


def running() -> Job:
    """A pre-screening that somebody holds."""
    job = prescreen_start()
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, lease_owner="somebody")
    return job


def shared(job: Job) -> Job:
    """The job, run here with a helper beside."""

    def help_when_it_runs() -> None:
        while Job.objects.get(pk=job.pk).state == JobState.QUEUED:
            time.sleep(0.002)
        prescreen_assist(job.pk)

    with beside(help_when_it_runs):
        done = job_run(job.pk)
    assert done is not None and done.state == JobState.DONE, done and done.last_error
    return done


def test_two_share_the_work_and_no_tile_is_judged_twice(judged: Counter[bytes]) -> None:
    for seed in range(6):
        stored_exposure(seed=seed, boxes=ROW_OF_TILES[:5])
    done = shared(prescreen_start())
    assert done.result["scored"] == done.done == done.total == 30 == Score.objects.count()
    assert len(judged) == 30 and set(judged.values()) == {1}


def test_without_claims_tiles_are_judged_twice(judged: Counter[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is there: only the claims keep it away. Even then no score is doubled."""
    for seed in range(6):
        stored_exposure(seed=seed, boxes=ROW_OF_TILES[:5])
    monkeypatch.setattr(claims, "one_at_a_time", lambda *_: threading.Semaphore())
    shared(prescreen_start())
    assert max(judged.values()) > 1
    assert Score.objects.count() == 30


def test_the_job_waits_for_helpers_and_takes_over_from_dead_ones() -> None:
    for seed in (1, 2):
        stored_exposure(seed=seed, boxes=ROW_OF_TILES[:3])
    job = prescreen_start()
    with claimed_by_another(shipped_model_ensure()) as let_go, beside(lambda: job_run(job.pk)):
        while Score.objects.count() < 3:
            assert not let_go.wait(0.05)
        let_go.wait(1.2)  # twice as long as it takes to look again
        assert Score.objects.count() == 3
        assert Job.objects.get(pk=job.pk).state == JobState.RUNNING
        let_go.set()
    job.refresh_from_db()
    assert (job.state, job.result["scored"]) == (JobState.DONE, 6)


def test_a_helper_helps_only_while_the_job_runs() -> None:
    stored_exposure(seed=1)
    job = prescreen_start()
    assert prescreen_assist(job.pk) == 0  # nobody holds it yet: it waits for a worker
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    assert prescreen_assist(job.pk) == 0
    Job.objects.filter(pk=job.pk).update(cancel_requested=False)
    assert prescreen_assist(job.pk) == 4
    assert prescreen_assist(job.pk) == 0
    Job.objects.all().delete()
    assert prescreen_assist(job.pk) == 0


def test_a_helper_that_finds_work_calls_one_more(_calls: list[Any]) -> None:
    for seed in (1, 2):
        stored_exposure(seed=seed, boxes=ROW_OF_TILES[:2])
    job = running()
    assert prescreen_assist(job.pk) == 4
    assert _calls == [job.pk]
    assert prescreen_assist(job.pk) == 0
    assert _calls == [job.pk]


def test_a_helper_ends_at_once_when_the_job_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    stored_exposure(seed=1, boxes=ROW_OF_TILES)
    job = running()
    model = shipped_model_ensure()
    network = network_of(model)
    really, batches = network.run, 0

    def cancelled_after_one(tiles: Any) -> Any:
        nonlocal batches
        batches += 1
        job_cancel(job.pk)
        return really(tiles)

    monkeypatch.setattr(network, "run", cancelled_after_one)
    assert prescreen_assist(job.pk) == 0
    assert batches == 1
    with Claims(model) as free:
        assert len(next(free.walk(())).cutouts) == len(ROW_OF_TILES)


def test_a_helper_gives_way_to_a_job_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in (1, 2, 3, 4):
        stored_exposure(seed=seed, boxes=ROW_OF_TILES[:2])
    job = running()
    write = pipeline._write

    def somebody_asks(*args: Any) -> int:
        if not Score.objects.exists():
            Job.objects.create(kind="ingest")
        return write(*args)

    monkeypatch.setattr(pipeline, "_write", somebody_asks)
    assert prescreen_assist(job.pk) == 4  # the exposure at hand, and the one that was read meanwhile
    assert prescreen_assist(job.pk) == 0


def test_what_a_helper_cannot_read_is_left_to_the_job_and_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound = stored_exposure(seed=1), stored_exposure(seed=2)
    damage(broken)
    job = running()
    read: list[int] = []
    pixels = inference.exposure_pixels

    def counting(exposure: Any) -> Any:
        read.append(exposure.pk)
        return pixels(exposure)

    monkeypatch.setattr(inference, "exposure_pixels", counting)
    assert [prescreen_assist(job.pk) for _ in range(3)] == [4, 0, 0]
    assert read == [broken.pk, sound.pk]
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED)
    done = job_run(job.pk)
    assert done is not None and done.state == JobState.DONE
    assert [failed["exposure"] for failed in done.result["failed"]] == [str(broken)]
    assert read == [broken.pk, sound.pk, broken.pk]


def test_a_helper_without_the_models_file_leaves_the_job_alone(caplog: pytest.LogCaptureFixture) -> None:
    stored_exposure(seed=1)
    job = running()
    inference._loaded.clear()
    shipped_model_ensure().file.delete(save=False)
    assert prescreen_assist(job.pk) == 0
    assert "cannot be read" in caplog.text
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


def test_jobs_for_two_models_do_not_meet() -> None:
    exposure = stored_exposure(seed=1)
    first = shipped_model_ensure()
    second = Model.objects.create(name="other", version="1", sha256="0" * 64)
    Score.objects.bulk_create(
        Score(cutout=cutout, model=second, p_asteroid=0, p_satellite=0, p_nothing=1)
        for cutout in exposure.cutouts.all()
    )
    with claimed_by_another(first) as let_go, Claims(first) as ours, Claims(second) as others:
        assert list(ours.walk(())) == [] and ours.busy == {exposure.pk}
        assert list(others.walk(())) == [] and others.busy == set()
        Score.objects.filter(model=second).first().delete()  # type: ignore[union-attr]
        assert [len(claim.unscored) for claim in others.walk(())] == [1]
        let_go.set()


def test_a_process_takes_its_share_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[list[int]] = []
    for cores in (1, 2, 6):
        monkeypatch.setattr(inference.os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        monkeypatch.setattr(inference, "_processes", 1)
        found.append([threads_wanted()])  # a terminal's
        for concurrency in (1, 2, 3, 100):
            tasks.cores_shared(SimpleNamespace(concurrency=concurrency))
            found[-1].append(threads_wanted())
    assert found == [[1, 1, 1, 1, 1], [2, 1, 1, 1, 1], [4, 3, 3, 2, 1]]
