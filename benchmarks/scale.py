"""A Hubble-sized project: 600,000 active subjects, 11,500 volunteers, 2,000,000 votes; 8 clients at once.

The reference of the first two figures is the bar of 50 ms; of the third, somebody who has seen nothing.
"""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any

from benchmarks.classify import Client, _serve

SUBJECTS, VOLUNTEERS, VOTES, SEEN, TRAINING = 600_000, 11_500, 2_000_000, 20_000, 2_000
CLIENTS, SECONDS, BAR_MS = 8, 20.0, 50.0

INSERT_VOTES = (
    "INSERT INTO classify_classification (subject_id, volunteer_id, key, workflow_id, workflow_version, answer,"
    " annotations, metadata, started_at, finished_at, created_at, counted, set_aside, training, gold_standard,"
    " aggregated)"
)
REST = "gen_random_uuid(), %(workflow)s, '1.1', 'no', '[]', '{}', now(), now(), now(), true, '', false, false, true"
GENERATE = [
    "INSERT INTO classify_subject (project_id, metadata, created_at)"
    " SELECT %(project)s, '{}', now() FROM generate_series(1, %(subjects)s)",
    "INSERT INTO classify_consensus (workflow_id, subject_id, state, band, shuffle, votes_taken, votes_yes, votes_no,"
    " votes_unsure, retirement_reason, updated_at)"
    " SELECT %(workflow)s, id, 'active', CASE WHEN random() < 0.03 THEN 0 WHEN random() < 0.3 THEN 1 ELSE 2 END,"
    " random(), 0, 0, 0, 0, '', now() FROM classify_subject WHERE project_id = %(project)s",
    "WITH made AS (INSERT INTO classify_subject (project_id, metadata, created_at)"
    " SELECT %(project)s, '{}', now() FROM generate_series(1, %(training)s) RETURNING id)"
    " INSERT INTO classify_knownanswer (workflow_id, subject_id, answer, kind, marks, explanation, difficulty, shuffle,"
    " created_at) SELECT %(workflow)s, id, 'no', 'empty', '[]', '', 1 + id %% 3, random(), now() FROM made",
    "INSERT INTO accounts_volunteer (key, anonymous_name, created_at, classifications_count)"
    " SELECT gen_random_uuid(), 'bench-' || n, now(), 0 FROM generate_series(1, %(volunteers)s) AS n",
    # A pseudo-random but collision-free pairing: a person's n-th vote is on a subject that depends on both.
    f"{INSERT_VOTES} SELECT s.first + (n::bigint * 7919) %% %(subjects)s, v.first + n %% %(volunteers)s, {REST}"
    " FROM generate_series(1, %(votes)s) AS n,"
    " (SELECT min(id) AS first FROM classify_subject WHERE project_id = %(project)s) AS s,"
    " (SELECT min(id) AS first FROM accounts_volunteer WHERE anonymous_name LIKE 'bench-%%') AS v"
    " ON CONFLICT DO NOTHING",
    "UPDATE classify_consensus AS c SET votes_taken = n.votes FROM (SELECT subject_id, count(*) AS votes"
    " FROM classify_classification WHERE workflow_id = %(workflow)s GROUP BY 1) AS n"
    " WHERE c.subject_id = n.subject_id AND c.workflow_id = %(workflow)s",
    f"{INSERT_VOTES} SELECT subject_id, %(heavy)s, {REST}"
    " FROM (SELECT subject_id FROM classify_consensus WHERE workflow_id = %(workflow)s"
    " ORDER BY band, random() LIMIT %(seen)s) AS most ON CONFLICT DO NOTHING",
]


def run() -> list[dict[str, Any]]:
    """Three figures: p95 of `next` and of a submission, and what 20,000 seen subjects cost a person."""
    from accounts.models import Volunteer
    from classify.publish import workflow_ensure

    workflow, _ = workflow_ensure()
    workflow.max_votes = 15
    workflow.save()
    _generate(workflow)
    port, server = _serve()
    try:
        asked, sent = _busy(port, workflow)
        fresh, heavy = _next_ms(workflow, [Volunteer.objects.create(), _heavy()])
    finally:
        server.terminate()
        server.wait()
    return [
        _bar(f"next, p95, {CLIENTS} clients", asked),
        _bar(f"submit, p95, {CLIENTS} clients", sent),
        {"name": f"next for who has seen {SEEN:,}", "value": heavy, "unit": "ms", "ratio": heavy / fresh,
         "reference": f"for who has seen nothing: {fresh:.1f} ms"},
    ]  # fmt: skip


def _bar(name: str, times: list[float]) -> dict[str, Any]:
    p95 = statistics.quantiles(times, n=20)[-1]
    return {"name": name, "value": p95, "unit": "ms", "ratio": p95 / BAR_MS, "reference": f"the bar, {BAR_MS:.0f} ms"}


def _heavy() -> Any:
    from accounts.models import Volunteer

    return Volunteer.objects.get_or_create(anonymous_name="heavy")[0]


def _generate(workflow: Any) -> None:
    from django.db import connection

    values = {
        "project": workflow.project_id, "workflow": workflow.pk, "subjects": SUBJECTS, "volunteers": VOLUNTEERS,
        "votes": VOTES, "seen": SEEN, "heavy": _heavy().pk, "training": TRAINING,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in GENERATE:
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")


def _busy(port: int, workflow: Any) -> tuple[list[float], list[float]]:
    """Milliseconds of each request while all clients work without a pause."""
    asked: list[float] = []
    sent: list[float] = []
    failures: list[BaseException] = []
    end = time.monotonic() + SECONDS

    def work() -> None:
        client = Client(port)
        try:
            client.get(f"/classify/{workflow.slug}/")
            while time.monotonic() < end:
                start = time.perf_counter()
                client.queue = client.next_ids(workflow)
                asked.append(1000 * (time.perf_counter() - start))
                while client.queue:
                    start = time.perf_counter()
                    client.classify(workflow)
                    sent.append(1000 * (time.perf_counter() - start))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return asked, sent


def _next_ms(workflow: Any, people: list[Any]) -> list[float]:
    """Median milliseconds of the read itself, without HTTP, for each of these people; taken in turns."""
    from classify.selectors import subjects_next_for

    times: list[list[float]] = [[] for _ in people]
    for _ in range(200):
        for person, mine in zip(people, times, strict=True):
            start = time.perf_counter()
            found = subjects_next_for(workflow, person, n=4, holder=person.key, seen=SEEN)
            mine.append(1000 * (time.perf_counter() - start))
            assert len(found.subjects) == 4
    return [statistics.median(mine) for mine in times]
