"""The pages on which the team watches background work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from jobs.models import Job, JobState
from jobs.selectors import job_pace


def client_of(role: Role) -> Client:
    client = Client()
    client.force_login(User.objects.create_user(role.value, role=role))
    return client


@pytest.fixture
def job(db: None) -> Job:
    return Job.objects.create(
        kind="ingest", state=JobState.RUNNING, total=40, done=15, done_at_start=5, message="a.fits: tile 3/9",
        started_at=timezone.now() - timedelta(seconds=20), lease_until=timezone.now() + timedelta(seconds=20),
    )  # fmt: skip


def test_pace_counts_this_attempt_only(job: Job) -> None:
    rate, left = job_pace(job)
    assert rate == pytest.approx(0.5, rel=0.01)
    assert left is not None and left.total_seconds() == pytest.approx(50, abs=1)
    job.state = JobState.DONE
    assert job_pace(job)[1] is None


def test_an_open_job_asks_for_its_progress_again_and_a_finished_one_does_not(job: Job) -> None:
    scientist = client_of(Role.SCIENTIST)
    page = scientist.get(reverse("jobs:detail", args=[job.pk])).content.decode()
    assert 'max="40" value="15"' in page and "tile 3/9" in page
    assert 'hx-trigger="every 2s"' in page
    result = {"accepted": 3, "rejected": [{"name": "<b>", "reason": "no"}]}
    Job.objects.update(state=JobState.DONE, done=40, result=result)
    part = scientist.get(reverse("jobs:progress", args=[job.pk])).content.decode()
    assert "<html" not in part and "hx-trigger" not in part
    assert "Accepted" in part and "&lt;b&gt;" in part


def test_a_failure_says_what_happened_and_that_work_is_kept(job: Job) -> None:
    Job.objects.update(state=JobState.FAILED, last_error="The disk is full.\n\nTraceback …")
    page = client_of(Role.SCIENTIST).get(reverse("jobs:detail", args=[job.pk])).content.decode()
    assert "<p>The disk is full.</p>" in page and "is kept" in page
    assert reverse("jobs:retry", args=[job.pk]) not in page


def test_admins_cancel_and_start_again(job: Job) -> None:
    admin = client_of(Role.ADMIN)
    page = reverse("jobs:detail", args=[job.pk])
    assert reverse("jobs:cancel", args=[job.pk]) in admin.get(page).content.decode()
    assert admin.post(reverse("jobs:cancel", args=[job.pk]))["Location"] == page
    job.refresh_from_db()
    assert job.cancel_requested and job.state == JobState.RUNNING
    Job.objects.update(state=JobState.CANCELLED)
    admin.post(reverse("jobs:retry", args=[job.pk]))
    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == (JobState.QUEUED, False)


@pytest.mark.parametrize("name", ["jobs:cancel", "jobs:retry"])
def test_others_may_only_look(job: Job, name: str) -> None:
    assert client_of(Role.SCIENTIST).post(reverse(name, args=[job.pk])).status_code == 404
    assert client_of(Role.ADMIN).get(reverse(name, args=[job.pk])).status_code == 405
    job.refresh_from_db()
    assert not job.cancel_requested


def test_the_list_is_paged_newest_first_at_constant_cost(db: None, django_assert_max_num_queries: Any) -> None:
    now = timezone.now()
    user = User.objects.create_user("asks")
    jobs = Job.objects.bulk_create(Job(kind="ingest", requested_by=user) for _ in range(120))
    for number, job in enumerate(jobs):  # three share each moment: the key alone does not order them
        Job.objects.filter(pk=job.pk).update(created_at=now - timedelta(seconds=number // 3))
    scientist = client_of(Role.SCIENTIST)
    seen: list[Any] = []
    at = ""
    while True:
        with django_assert_max_num_queries(4):
            page = scientist.get(reverse("jobs:index"), {"at": at}).context["page"]
        seen += [job.pk for job in page.rows]
        if not page.older:
            break
        at = page.older
    assert len(seen) == len(set(seen)) == 120
    assert seen == list(Job.objects.order_by("-created_at", "-pk").values_list("pk", flat=True))
    newer = scientist.get(reverse("jobs:index"), {"at": page.newer}).context["page"]
    assert [job.pk for job in newer.rows] == seen[50:100]


def test_the_list_shows_one_state(job: Job) -> None:
    scientist = client_of(Role.SCIENTIST)
    assert len(scientist.get(reverse("jobs:index"), {"state": "running"}).context["page"].rows) == 1
    assert not scientist.get(reverse("jobs:index"), {"state": "done"}).context["page"].rows
