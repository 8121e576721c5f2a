"""What a volunteer's cycle costs (ask for a subject, submit an answer), with 32 people at once until all retires.

Also holds what must hold: no counted vote over the limit, nobody twice on a subject, nobody left waiting, counters
equal to rows, a repeated POST gives the same answer and no row. The reference is `benchmarks.minimal`, the least that a
correct Django loop needs, under the same web server with the same clients.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

from benchmarks.classify import Client, _serve, _subjects_with_cutouts

PEOPLE, LIMIT = 32, 3
MOST_STATEMENTS = {"next": 6, "submit": 10}


def run() -> list[dict[str, Any]]:
    """Four figures: the web server's processor time per cycle, its memory, and the statements of both requests."""
    ours = _ours()
    least = _minimal()
    least_ms = 1000 * least["cpu_s"]
    return [
        {"name": "processor time per cycle", "value": 1000 * ours["cpu_s"], "unit": "ms",
         "ratio": ours["cpu_s"] / least["cpu_s"], "reference": f"the least Django loop: {least_ms:.2f} ms"},
        {"name": "memory of the web server's processes", "value": ours["memory_mb"], "unit": "MB",
         "ratio": ours["memory_mb"] / least["memory_mb"], "reference": f"the same: {least['memory_mb']:.0f} MB"},
        *(
            {"name": f"statements of {name}", "value": ours[name], "unit": "", "ratio": ours[name] / most,
             "reference": f"the bar: {most}"}
            for name, most in MOST_STATEMENTS.items()
        ),
    ]  # fmt: skip


def _ours() -> dict[str, float]:
    from django.db.models import Count

    from classify.consensus import classifications_aggregate
    from classify.models import Classification, Consensus
    from classify.publish import workflow_ensure

    workflow, _ = workflow_ensure()
    workflow.min_votes = workflow.max_votes = LIMIT
    workflow.training_first = workflow.training_later = 0
    workflow.score_as_prior = False
    workflow.save()
    subjects = _subjects_with_cutouts(workflow)
    statements = _statements(workflow)
    port, server = _serve(limits=True)
    over = threading.Event()
    counting = threading.Thread(target=_count_until, args=(over, classifications_aggregate))
    counting.start()
    try:
        figures = _crowd(server, lambda: _Volunteer(port, workflow))
    finally:
        over.set()
        counting.join()
        server.terminate()
        server.wait()
    classifications_aggregate()
    rows = Consensus.objects.filter(subject__in=subjects)
    counted = Classification.objects.filter(workflow=workflow, counted=True)
    twice = counted.values("subject", "volunteer").annotate(n=Count("id")).filter(n__gt=1)
    workflow.refresh_from_db()
    problems = {
        "not retired": rows.exclude(state="retired").count(),
        "over the limit": rows.exclude(votes_taken=LIMIT).count(),
        "twice": twice.count(),
        "counters": abs(workflow.classifications_count - Classification.objects.filter(workflow=workflow).count()),
        "votes": abs(counted.count() - LIMIT * len(subjects)),
    }
    if any(problems.values()):
        raise RuntimeError(f"something does not hold: {problems}")
    return figures | statements


def _statements(workflow: Any) -> dict[str, float]:
    """How many PostgreSQL gets for a person who has answered before, by the same code in this process."""
    from django.test import Client as Browser
    from django.urls import reverse

    from tools.statements import statements_sent

    browser, counts = Browser(SERVER_NAME="localhost"), {}
    browser.get(reverse("classify:workflow", args=[workflow.slug]))
    for _ in range(2):
        with statements_sent() as asking:
            found = browser.get(reverse("api:next", args=[workflow.slug]), {"n": 1}).json()
        body = _answer(workflow, found["subjects"][0]["id"])
        with statements_sent() as sending:
            answer = browser.post(reverse("api:classifications"), body, content_type="application/json")
        if answer.status_code != 201:
            raise RuntimeError(f"POST: {answer.status_code} {answer.content[:300]!r}")
        counts = {"next": float(len(asking)), "submit": float(len(sending))}
    return counts


def _answer(workflow: Any, subject: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "key": str(uuid.uuid4()), "workflow": workflow.pk, "workflow_version": workflow.version, "subject": subject,
        "answer": "no", "metadata": {}, "started_at": (now - timedelta(seconds=2)).isoformat(),
        "finished_at": now.isoformat(),
    }  # fmt: skip


def _count_until(over: threading.Event, aggregate: Callable[[], int]) -> None:
    from django.db import connection

    while not over.wait(1.0):
        aggregate()
    connection.close()


def _crowd(server: Any, make: Callable[[], Any]) -> dict[str, float]:
    """Let everybody work until there is nothing left; seconds of processor time per cycle, and memory."""
    people = [make() for _ in range(PEOPLE)]
    cycles = [0] * PEOPLE
    failures: list[BaseException] = []
    before = _cpu_s(server)

    def work(number: int) -> None:
        try:
            while people[number].cycle():
                cycles[number] += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    if min(cycles) == 0:
        raise RuntimeError("somebody got nothing to do")
    processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    memory = sum(process.memory_full_info().pss for process in processes) / 1e6
    return {"cpu_s": (_cpu_s(server) - before) / sum(cycles), "memory_mb": memory}


def _cpu_s(server: Any) -> float:
    root = psutil.Process(server.pid)
    return sum(sum(process.cpu_times()[:2]) for process in [root, *root.children(recursive=True)])


class _Volunteer:
    """As the classifier's page works, one subject at a time; each tenth POST is sent twice."""

    def __init__(self, port: int, workflow: Any) -> None:
        self.client, self.workflow, self.done = Client(port), workflow, 0
        self.client.get(f"/classify/{workflow.slug}/")

    def cycle(self) -> bool:
        """One subject; False when there is none for this person any more."""
        while True:
            found = json.loads(self.client.get(f"/api/workflows/{self.workflow.slug}/next/?n=1"))
            if found["subjects"]:
                break
            if found["state"] != "normal":
                return False
            time.sleep(0.2)  # others hold the last ones
        body = _answer(self.workflow, found["subjects"][0]["id"])
        status, answer = self.client.request("POST", "/api/classifications/", body)
        self.done += 1
        if status != 201:
            raise RuntimeError(f"POST: {status} {answer[:300]!r}")
        if self.done % 10 == 0:
            again = self.client.request("POST", "/api/classifications/", body)
            if again != (200, answer):
                raise RuntimeError(f"a repeated POST answered {again}")
        return True


def _minimal() -> dict[str, float]:
    from django.db import connection

    from benchmarks.minimal import TABLES

    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        cursor.execute("INSERT INTO minimal_subject (place) SELECT random() FROM generate_series(1, 1000)")
    port, server = _serve("benchmarks.minimal:make()", "/next/")
    try:
        return _crowd(server, lambda: _Least(port))
    finally:
        server.terminate()
        server.wait()


class _Least:
    def __init__(self, port: int) -> None:
        self.client = Client(port)
        self.client.cookies["person"] = uuid.uuid4().hex

    def cycle(self) -> bool:
        subject = json.loads(self.client.get("/next/"))["subject"]
        if subject is None:
            return False
        body = {"key": str(uuid.uuid4()), "subject": subject, "answer": "no"}
        status, _ = self.client.request("POST", "/submit/", body)
        return status == 200
