"""Classifications per second through HTTP with 8 clients, and what a request costs as subjects grow.

The reference of the first figure is the same server answering `GET /health/live/` (no database): the most
this web server could ever do here. The reference of the second is the same request with a hundredth of the subjects.
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


def run() -> list[dict[str, Any]]:
    """Two figures: submitted classifications per second, and the price of `next` at 200,000 subjects."""
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
    ]  # fmt: skip


def _add_subjects(workflow: Any, n: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "WITH made AS (INSERT INTO classify_subject (project_id, metadata, created_at)"
            " SELECT %s, '{}', now() FROM generate_series(1, %s) RETURNING id)"
            " INSERT INTO classify_consensus (workflow_id, subject_id, state, band, shuffle, votes_yes, votes_no,"
            " votes_unsure, retirement_reason, updated_at)"
            " SELECT %s, id, 'active', 1, random(), 0, 0, 0, '', now() FROM made",
            [workflow.project_id, n, workflow.pk],
        )
        cursor.execute("ANALYZE classify_consensus")


def _serve() -> tuple[int, subprocess.Popen[bytes]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "hunter.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    command += ["--threads", "4", "--log-level", "error", "--no-control-socket"]
    environment = {**os.environ, "THROTTLE_CLASSIFY": "1000000/s", "THROTTLE_READ": "1000000/s"}
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            Client(port).get("/health/live/")
            return port, server
        except OSError:
            time.sleep(0.1)
    server.kill()
    raise RuntimeError("the web server did not answer within a minute")


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

    def classify(self, workflow: Any) -> None:
        """As the classifier does: fetch subjects four at a time, send an answer for each."""
        if "csrftoken" not in self.cookies:
            self.get(f"/classify/{workflow.slug}/")
        if not self.queue:
            found = json.loads(self.get(f"/api/workflows/{workflow.slug}/next/?n=4"))
            self.queue = [subject["id"] for subject in found["subjects"]]
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
