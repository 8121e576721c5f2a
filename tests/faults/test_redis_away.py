"""Without Redis people still classify and sign in; work waits, nothing is lost."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from classify.consensus import classifications_aggregate
from classify.models import Classification
from tests import factories


@pytest.fixture
def _no_redis(settings):
    """Nobody listens there."""
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}


@pytest.mark.usefixtures("_no_redis")
def test_a_vote_is_taken_and_counted_later(client, db):
    workflow = factories.workflow()
    (subject,) = factories.subjects(1, workflow)
    assert client.get("/classify/asteroid-trails/").status_code == 200
    assert client.get("/api/workflows/asteroid-trails/next/").json()["subjects"][0]["id"] == subject.pk
    now = datetime.now(UTC)
    vote = {
        "key": str(uuid.uuid4()), "workflow": workflow.pk, "workflow_version": "1.1", "subject": subject.pk,
        "answer": "yes", "started_at": (now - timedelta(seconds=2)).isoformat(), "finished_at": now.isoformat(),
    }  # fmt: skip
    assert client.post("/api/classifications/", vote, content_type="application/json").status_code == 201
    assert Classification.objects.count() == 1
    classifications_aggregate()
    assert factories.consensus(subject).votes_yes == 1


@pytest.mark.usefixtures("_no_redis")
def test_people_sign_in_and_the_health_page_says_what_is_away(client, db):
    person = factories.user()
    answer = client.post("/accounts/login/", {"login": person.username, "password": "pass-word-9"})
    assert answer.status_code == 302
    assert client.get("/people/me/").status_code == 200
    said = client.get("/health/")
    assert (said.status_code, said.json()["database"], said.json()["broker"]) == (200, "ok", "unreachable")
