"""Classifications per second through HTTP with 8 clients, what a request costs as subjects grow, and votes counted.

The reference of the first figure is the same server answering `GET /health/live/` (no database): the most
this web server could ever do here. The reference of the second is the same request with a hundredth of the subjects.
The reference of the third is a plain loop over some of the same votes, one ORM update of a subject's count per vote,
all in one transaction: it finds no posterior, retires nothing and counts nothing of people.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

CLIENTS = 8
SECONDS = 8.0
VOTES, PEOPLE, VOTED_SUBJECTS, VOTES_OF_LOOP = 3_000, 2_000, 1_000, 500


def run() -> list[dict[str, Any]]:
    """Three figures: classifications submitted per second, the price of `next` at 200,000, votes counted per second."""
    from classify.models import Classification
    from classify.publish import workflow_ensure

    workflow, _ = workflow_ensure()
    _add_subjects(workflow, 2_000)
    port, server = _serve()
    try:
        ceiling = _rate(port, lambda client, _: client.get("/health/live/"))
        before = Classification.objects.count()
        submitted = _rate(port, lambda client, _: client.classify(workflow))
        kept = Classification.objects.count() - before
        if kept < submitted * SECONDS * 0.99:
            raise RuntimeError(f"{submitted * SECONDS:.0f} answers were accepted, {kept} are in the table")
        small = _median_ms(port)
        _add_subjects(workflow, 198_000)
        large = _median_ms(port)
    finally:
        server.terminate()
        server.wait()
    return [
        {"name": f"classifications through HTTP, {CLIENTS} clients", "value": submitted, "unit": "/s",
         "ratio": submitted / ceiling, "reference": f"GET of a constant, same server: {ceiling:.0f}/s"},
        {"name": "next subjects, of 200,000", "value": large, "unit": "ms", "ratio": large / small,
         "reference": f"the same of 2,000: {small:.1f} ms"},
        _votes_counted(workflow),
    ]  # fmt: skip


def _votes_counted(workflow: Any) -> dict[str, Any]:
    from classify.consensus import classifications_aggregate

    classifications_aggregate()  # what the figures before left
    _add_votes(workflow)
    loop = VOTES_OF_LOOP / _seconds(_count_one_by_one)
    counted = 0

    def count() -> None:
        nonlocal counted
        counted = classifications_aggregate()

    ours = VOTES / _seconds(count)
    if counted != VOTES:
        raise RuntimeError(f"{VOTES} votes waited, {counted} were counted")
    return {
        "name": f"votes counted, {VOTES:,} by {PEOPLE:,} people", "value": ours, "unit": "/s", "ratio": ours / loop,
        "reference": f"four ORM updates per vote, no posterior: {loop:.0f}/s",
    }  # fmt: skip


def _add_votes(workflow: Any) -> None:
    """Votes on fresh subjects, three on each, one in ten a yes; a person answers no subject twice."""
    from accounts.models import Volunteer
    from classify.models import Classification

    people = Volunteer.objects.bulk_create([Volunteer() for _ in range(PEOPLE)])
    subjects = _subjects_with_cutouts(workflow)
    now = datetime.now(UTC)
    rows = [
        Classification(
            workflow=workflow, workflow_version="1.1", subject_id=subjects[number % VOTED_SUBJECTS],
            volunteer=people[(number + number // PEOPLE * (VOTED_SUBJECTS // 2)) % PEOPLE],
            answer="yes" if number % 10 == 0 else "no", annotations=[],
            started_at=now - timedelta(seconds=3), finished_at=now,
        )
        for number in range(VOTES)
    ]  # fmt: skip
    Classification.objects.bulk_create(rows, batch_size=1000)


def _subjects_with_cutouts(workflow: Any) -> list[int]:
    """Their ids. With a cutout behind it, a subject that retires leaves a label for training."""
    from archive.models import Cutout, Exposure, Observation, SourceFile
    from classify.models import Subject
    from classify.publish import cutouts_publish

    start = datetime(2024, 3, 1, tzinfo=UTC)
    name = f"bench-{uuid.uuid4().hex}"
    exposure = Exposure.objects.create(
        observation=Observation.objects.create(name=name, instrument="ACS", simulated=True),
        source_file=SourceFile.objects.create(sha256=name, name=name, size_bytes=1, state="accepted"),
        extension=1, kind="flc", start=start, end=start + timedelta(seconds=500), start_mjd_utc=60370.0,
        end_mjd_utc=60370.006, exposure_s=500.0, width=4096, height=2048, pixel_scale_arcsec=0.05, ra_deg=150.0,
        dec_deg=2.0, footprint=[], wcs=b"", sky_level=100.0, sky_sigma=5.0,
    )  # fmt: skip
    place = {"exposure": exposure, "y0": 0, "width": 512, "height": 512, "recipe": "bench", "ra_deg": 150, "dec_deg": 2}
    look = {"footprint": [], "low": 90, "high": 200, "jpeg": "none.jpg"}
    cutouts = Cutout.objects.bulk_create([Cutout(x0=x0, **place, **look) for x0 in range(VOTED_SUBJECTS)])
    cutouts_publish(cutouts, workflow=workflow, subject_set=workflow.subject_sets.get())
    return list(Subject.objects.filter(cutout__in=cutouts).values_list("pk", flat=True))


def _count_one_by_one() -> None:
    """The plain way to keep the same counters, undone at its end so that the votes still wait."""
    from django.db import transaction
    from django.db.models import F

    from accounts.models import Volunteer
    from classify.models import Classification, Consensus, Workflow

    one_more = {"classifications_count": F("classifications_count") + 1}
    with transaction.atomic():
        for vote in Classification.objects.filter(aggregated=False).order_by("pk")[:VOTES_OF_LOOP]:
            column = f"votes_{vote.answer}"
            subject = Consensus.objects.filter(workflow=vote.workflow_id, subject=vote.subject_id)
            subject.update(**{column: F(column) + 1})
            Volunteer.objects.filter(pk=vote.volunteer_id).update(**one_more)
            Workflow.objects.filter(pk=vote.workflow_id).update(**one_more)
            Classification.objects.filter(pk=vote.pk).update(aggregated=True)
        transaction.set_rollback(True)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _add_subjects(workflow: Any, n: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "WITH made AS (INSERT INTO classify_subject (project_id, metadata, created_at)"
            " SELECT %s, '{}', now() FROM generate_series(1, %s) RETURNING id)"
            " INSERT INTO classify_consensus (workflow_id, subject_id, state, band, shuffle, votes_taken, votes_yes,"
            " votes_no, votes_unsure, retirement_reason, updated_at)"
            " SELECT %s, id, 'active', 1, random(), 0, 0, 0, 0, '', now() FROM made",
            [workflow.project_id, n, workflow.pk],
        )
        cursor.execute("ANALYZE classify_consensus")


def _serve(
    module: str = "hunter.wsgi", health: str = "/health/live/", *, limits: bool = False
) -> tuple[int, subprocess.Popen[bytes]]:
    """A server and its port; with ``limits`` those of people are as usual, else so wide that they refuse nobody."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", module, "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    command += ["--threads", "4", "--keep-alive", "75", "--preload", "--log-level", "error", "--no-control-socket"]
    wide = {} if limits else {"THROTTLE_CLASSIFY": "1000000/s", "THROTTLE_READ": "1000000/s"}
    environment = {**os.environ, **wide}
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            try:
                Client(port).get(health)
                return port, server
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the web server did not answer within a minute")
    except BaseException:
        server.terminate()
        raise


class Client:
    """A volunteer with a cookie, on one kept-alive connection."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookies: dict[str, str] = {}
        self.queue: list[int] = []

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        headers = {"Host": "localhost", "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers |= {"Content-Type": "application/json", "X-CSRFToken": self.cookies.get("csrftoken", "")}
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = self.connection.getresponse()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                pair = value.split(";", 1)[0].split("=", 1)
                self.cookies[pair[0]] = pair[1].strip('"') if pair[0] == "csrftoken" else pair[1]
        return response.status, response.read()

    def get(self, path: str) -> bytes:
        status, body = self.request("GET", path)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status}")
        return body

    def next_ids(self, workflow: Any) -> list[int]:
        """Subjects to classify."""
        found = json.loads(self.get(f"/api/workflows/{workflow.slug}/next/?n=4"))
        return [subject["id"] for subject in found["subjects"]]

    def classify(self, workflow: Any) -> None:
        """As the classifier does: fetch subjects four at a time, send an answer for each."""
        if "csrftoken" not in self.cookies:
            self.get(f"/classify/{workflow.slug}/")
        if not self.queue:
            self.queue = self.next_ids(workflow)
        now = datetime.now(UTC)
        body = {
            "key": str(uuid.uuid4()), "workflow": workflow.pk, "workflow_version": workflow.version,
            "subject": self.queue.pop(), "answer": "no", "metadata": {},
            "started_at": (now - timedelta(seconds=2)).isoformat(), "finished_at": now.isoformat(),
        }  # fmt: skip
        status, answer = self.request("POST", "/api/classifications/", body)
        if status != 201:
            raise RuntimeError(f"POST: {status} {answer[:300]!r}")


def _rate(port: int, act: Callable[[Client, int], object]) -> float:
    """Acts per second of all clients together."""
    counts = [0] * CLIENTS
    failures: list[BaseException] = []
    start = time.monotonic()

    def work(number: int) -> None:
        client = Client(port)
        try:
            while time.monotonic() - start < SECONDS:
                act(client, number)
                counts[number] += 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts) / (time.monotonic() - start)


def _median_ms(port: int) -> float:
    client, times = Client(port), []
    for _ in range(60):
        start = time.perf_counter()
        client.get("/api/workflows/asteroid-trails/next/?n=4")
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)
