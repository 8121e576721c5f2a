"""What the web server's processes share and keep: connections of a pool, limits, one security policy."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from typing import ClassVar

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client, RequestFactory
from rest_framework.request import Request

from classify.sql import rows
from hunter.database.base import DatabaseWrapper
from hunter.rest import PersonThrottle
from tests import factories
from tools.statements import statements_sent

SIZE = 1  # so that each use gets the same one


@pytest.fixture
def pooled(transactional_db):
    """A connection of a pool of one, to the tests' database."""
    options = {"pool": {"min_size": 1, "max_size": SIZE, "timeout": 2.0}}
    settings = connections["default"].settings_dict | {
        "OPTIONS": options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False,
    }  # fmt: skip
    made = DatabaseWrapper(settings, alias="default")
    yield made
    made.close()
    made.close_pool()


def server_process(of: DatabaseWrapper) -> int:
    with of.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_connection_goes_back_and_is_used_again(pooled):
    first = server_process(pooled)
    pooled.close()
    assert server_process(pooled) == first


def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used(pooled):
    first = server_process(pooled)
    pooled.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert server_process(pooled) != first


def test_a_kept_connection_that_the_server_ended_is_replaced_before_it_is_used(transactional_db):
    kept = DatabaseWrapper(connections["default"].settings_dict | {"CONN_MAX_AGE": 60}, alias="default")
    first = server_process(kept)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    kept.close_if_unusable_or_obsolete()  # as at the end of a request
    kept.health_check_done = False
    assert server_process(kept) != first
    kept.close()


@pytest.mark.django_db(transaction=True)
def test_to_look_at_a_kept_connection_takes_no_statement():
    connection.ensure_connection()
    connection.health_check_done, connection.health_check_enabled = False, True
    with statements_sent() as sent, connection.cursor() as cursor:
        cursor.execute("SELECT 42")
    assert sent == ['"SELECT 42"']


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_comes_again_is_planned_once():
    for _ in range(7):
        assert rows("SELECT key FROM accounts_volunteer WHERE id = %(id)s::bigint", {"id": 1}) == []
    kept = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT key FROM%%'"
    assert rows(kept, {}) == [(7, 0)]


def test_a_web_process_has_a_pool_of_its_threads_and_a_command_has_none():
    code = "from django.conf import settings; print(settings.DATABASES['default'].get('OPTIONS', {}).get('pool'))"
    web, command = (
        subprocess.run([sys.executable, "-c", f"{first}{code}"], capture_output=True, text=True, check=True).stdout
        for first in ("import hunter.wsgi; ", "")
    )
    assert "'max_size': 4" in web
    assert command.strip() == "None"
    assert "DATABASE_POOL" not in os.environ


def test_counters_stop_at_the_first_that_is_over_its_limit():
    assert [cache.count_up({"one": 2, "other": 9}, timeout=60) for _ in range(4)] == [True, True, False, False]
    assert int(cache._cache.get_client().get(cache.make_key("one"))) == 4
    assert int(cache._cache.get_client().get(cache.make_key("other"))) == 2


def test_counters_without_redis_hold_nobody_up(settings, tmp_path):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}}
    assert cache.count_up({"one": 0}, timeout=60)


@pytest.mark.django_db
def test_every_answer_carries_the_policy():
    workflow = factories.workflow()
    for address in ("/", f"/api/workflows/{workflow.slug}/next/", "/nowhere/"):
        policy = Client().get(address).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy


@pytest.mark.django_db
def test_rest_answers_json_whatever_is_asked_for():
    workflow = factories.workflow()
    answer = Client().get(f"/api/workflows/{workflow.slug}/next/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


def test_a_process_draws_a_limit_in_parts_and_lets_no_more_through(monkeypatch):
    class Limit(PersonThrottle):
        THROTTLE_RATES: ClassVar = {"read": "128/min"}
        timer = staticmethod(lambda: 6e8)

    asked = []
    count_up = cache.count_up
    monkeypatch.setattr(cache, "count_up", lambda *args, **given: asked.append(given["by"]) or count_up(*args, **given))
    people = [Request(RequestFactory().get("/")) for _ in range(2)]
    for person in people:
        person._request.volunteer_key = uuid.uuid4()
    allowed = [
        sum(Limit().allow_request(person, None) for _ in range(n)) for person, n in zip(people, (140, 1), strict=True)
    ]
    assert allowed == [128, 1]
    assert asked == [2] * (64 + 12 + 1)
