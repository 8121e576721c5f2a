"""Public statistics: counted from hourly counters, in UTC, with an honest word about the end."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from classify import statistics
from classify.charts import Bar, bar_chart, scale_steps
from classify.completion import completion
from classify.models import Consensus, HourlyCount, Project, Workflow
from classify.statistics import Span
from classify.statistics_span import asked
from tests import factories


@pytest.fixture
def workflow(db) -> Workflow:
    return factories.workflow()


@pytest.fixture
def noon(monkeypatch) -> datetime:
    """It is noon on a Friday."""
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


def hour(workflow: Workflow, at: datetime, n: int) -> None:
    HourlyCount.objects.create(workflow=workflow, hour=at, classifications=n)


def other(live: bool = True) -> Workflow:
    project = Project.objects.create(slug="lenses", name="Lenses", live=live)
    return Workflow.objects.create(project=project, slug="lenses", name="Lenses", question="A lens?", answers=[])


# --- counts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("hour", [("2026-11-22T23", 1), ("2026-11-23T00", 2), ("2026-11-23T05", 4)]),
        ("day", [("2026-11-22T00", 1), ("2026-11-23T00", 6)]),
        ("week", [("2026-11-16T00", 1), ("2026-11-23T00", 6)]),
        ("month", [("2026-11-01T00", 7)]),
        ("year", [("2026-01-01T00", 7)]),
    ],
)
def test_periods_are_those_of_utc_and_weeks_begin_on_monday(workflow, period, expected):
    for at, n in ((datetime(2026, 11, 22, 23), 1), (datetime(2026, 11, 23, 0), 2), (datetime(2026, 11, 23, 5), 4)):
        hour(workflow, at.replace(tzinfo=UTC), n)
    found = statistics.period_counts(Span(period, date(2026, 11, 1), date(2026, 11, 30)))
    assert [(one.start.strftime("%Y-%m-%dT%H"), one.count) for one in found] == expected


def test_both_ends_of_a_span_are_included_and_nothing_beyond(workflow):
    for day in (9, 10, 11, 12):
        for at in (0, 23):
            hour(workflow, datetime(2026, 11, day, at, tzinfo=UTC), 1)
    found = statistics.period_counts(Span("day", date(2026, 11, 10), date(2026, 11, 11)))
    assert [(one.start.day, one.count) for one in found] == [(10, 2), (11, 2)]


def test_empty_periods_are_filled_also_over_months_and_years():
    months = statistics.period_starts(Span("month", date(2026, 1, 31), date(2026, 4, 2)))
    assert [at.month for at in months] == [1, 2, 3, 4]
    assert len(list(statistics.period_starts(Span("hour", date(2026, 3, 29), date(2026, 3, 29))))) == 24
    assert len(list(statistics.period_starts(Span("year", date(2024, 5, 1), date(2026, 1, 1))))) == 3
    weeks = list(statistics.period_starts(Span("week", date(2026, 11, 25), date(2026, 12, 1))))
    assert [(at.weekday(), at.day) for at in weeks] == [(0, 23), (0, 30)]


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(
    ("given", "first", "last", "shortened"),
    [
        ({}, "2026-10-29", "2026-11-27", False),
        ({"per": "hour"}, "2026-11-26", "2026-11-27", False),
        ({"per": "nonsense", "from": "x", "to": "2026-99-99"}, "2026-10-29", "2026-11-27", False),
        ({"from": "2026-11-20", "to": "2026-11-10"}, "2026-11-10", "2026-11-20", False),
        ({"per": "hour", "from": "2026-01-01", "to": "2026-11-10"}, "2026-10-28", "2026-11-10", True),
        ({"from": "2026-11-20", "to": "2027-05-01"}, "2026-11-20", "2026-11-27", False),
        ({"from": "0001-01-01"}, "2026-10-29", "2026-11-27", False),
    ],
)
def test_what_an_address_asks_for_is_shown_as_far_as_it_makes_sense(given, first, last, shortened):
    found = asked(given)
    assert (str(found.span.first), str(found.span.last), found.shortened) == (first, last, shortened)


# --- the estimate -----------------------------------------------------------------------------------------------


def test_a_steady_pace_gives_a_narrow_interval_around_remaining_by_pace():
    found = completion([100] * 14, 1000)
    assert found is not None
    assert found.most_days is not None
    assert 9 < found.least_days < 10 < found.most_days < 11.5


def test_uneven_days_give_a_wider_interval_and_very_uneven_ones_no_upper_end():
    steady, uneven = completion([100] * 14, 5000), completion([20, 180] * 7, 5000)
    assert steady and uneven and steady.most_days and uneven.most_days
    assert uneven.most_days - uneven.least_days > 2 * (steady.most_days - steady.least_days)
    burst = completion([0] * 13 + [1400], 5000)
    assert burst is not None
    assert burst.most_days is None


@pytest.mark.parametrize(("days", "remaining"), [([], 10), ([5, 5], 10), ([0] * 14, 10), ([5] * 14, 0)])
def test_without_a_pace_or_work_there_is_no_estimate(days, remaining):
    assert completion(days, remaining) is None


def test_the_interval_holds_the_truth_nine_times_out_of_ten():
    """Simulated Poisson days with a pace that stays: the end lies in the interval about as often as it says."""
    import numpy as np

    random, inside = np.random.default_rng(4), 0
    for _ in range(400):
        days = random.poisson(30, size=400)
        found = completion([int(n) for n in days[:14]], 1200)
        assert found is not None
        assert found.most_days is not None
        took = int(np.argmax(np.cumsum(days[14:]) >= 1200)) + 1
        inside += found.least_days <= took <= found.most_days + 1
    assert 0.86 < inside / 400 < 0.98


@pytest.mark.usefixtures("noon")
def test_the_pace_is_of_whole_days_by_people_and_begins_with_the_first_vote(workflow, noon):
    subjects = factories.subjects(8, workflow)
    hour(workflow, noon - timedelta(days=4), 50)
    ends = [(1, "nothing_here"), (1, "consensus"), (3, "unusable"), (0, "nothing_here"), (2, "model"), (2, "other")]
    for subject, (ago, reason) in zip(subjects, ends, strict=False):
        Consensus.objects.filter(subject=subject).update(
            state="retired", retired_at=noon - timedelta(days=ago), retirement_reason=reason
        )
    assert statistics._ended_per_day(workflow) == [0, 1, 0, 2]


def test_a_closed_workflow_has_no_estimate(workflow, noon):
    cache.set(f"statistics:ended:{workflow.pk}:{statistics.today()}", [10] * 14)
    workflow.subjects_count, workflow.retired_count = 100, 40
    assert statistics.progress(workflow).estimate is not None
    workflow.active = False
    assert statistics.progress(workflow).estimate is None


# --- pages ------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_bars_as_picture_table_and_words(client, workflow, noon):
    hour(workflow, noon - timedelta(days=2), 1234)
    hour(workflow, noon - timedelta(days=1), 66)
    page = client.get(reverse("statistics:index")).content.decode()
    assert "1,300 classifications from 29 Oct 2026 to 27 Nov 2026. The most: 1,234 (25 Nov 2026)." in page
    assert page.count('role="img"') == 1
    assert '<td class="numeric">1,234</td>' in page
    assert "UTC" in page
    assert reverse("statistics:workflow", args=[workflow.slug]) in page


def test_a_workflow_counts_its_own_votes_and_a_hidden_project_none(client, workflow, noon):
    lenses = other()
    hour(workflow, noon, 5)
    hour(lenses, noon, 7)
    assert "12 classifications from" in client.get(reverse("statistics:index")).content.decode()
    address = reverse("statistics:workflow", args=["lenses"])
    assert "7 classifications from" in client.get(address).content.decode()
    Project.objects.filter(slug="lenses").update(live=False)
    cache.clear()
    assert client.get(address).status_code == 404
    assert "5 classifications from" in client.get(reverse("statistics:index")).content.decode()


def test_a_page_without_any_vote_or_workflow_says_so(client, db, noon):
    page = client.get(reverse("statistics:index")).content.decode()
    assert "No classifications from" in page
    assert "There is no search yet" in page


def test_the_page_says_when_it_may_be_done_or_that_nobody_can(client, workflow, noon):
    Workflow.objects.update(subjects_count=1000, retired_count=400)
    address = reverse("statistics:workflow", args=[workflow.slug])
    assert "cannot be said" in client.get(address).content.decode()
    cache.set(f"statistics:ended:{workflow.pk}:{statistics.today()}", [100] * 14)
    page = client.get(address).content.decode()
    assert "400 of 1,000 images decided" in page
    assert "between 2 December 2026 and 4 December 2026" in page


def test_pages_cost_a_fixed_number_of_queries_and_never_read_the_votes_again(client, workflow, noon):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    subject = factories.subjects(1, workflow)[0]
    factories.vote(subject, "no", workflow)
    for n in range(30):
        hour(workflow, noon - timedelta(hours=n), 3)
    seen = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(reverse("statistics:workflow", args=[workflow.slug])).status_code == 200
        seen.append(queries)
    assert len(seen[0]) <= 7
    assert len(seen[1]) <= 2
    assert not any("classify_classification" in query["sql"] for query in seen[1].captured_queries)


def test_the_csv_is_the_chart(client, workflow, noon):
    hour(workflow, noon, 5)
    other()
    given = {"workflow": workflow.slug, "per": "hour", "from": "2026-11-27", "to": "2026-11-27"}
    answer = client.get(reverse("statistics:counts"), given)
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0] == ["hour_begins_utc", "classifications"]
    assert len(rows) == 25
    assert rows[13] == ["2026-11-27T12:00:00Z", "5"]
    assert f"classifications-{workflow.slug}-hour-2026-11-27-2026-11-27.csv" in answer["Content-Disposition"]
    assert client.get(reverse("statistics:counts"), {"workflow": "nowhere"}).status_code == 404


# --- REST -------------------------------------------------------------------------------------------------------


def test_the_api_speaks_like_eras(client, workflow, noon):
    hour(workflow, noon, 5)
    hour(workflow, noon - timedelta(days=400), 3)
    answer = client.get("/api/stats/classifications/").json()
    assert answer == {
        "total_count": 8,
        "data": [{"period": "2025-01-01T00:00:00Z", "count": 3}, {"period": "2026-01-01T00:00:00Z", "count": 5}],
    }
    given = {"period": "day", "workflow": workflow.slug, "start_date": "2026-11-27", "end_date": "2026-11-27"}
    assert client.get("/api/stats/classifications/", given).json()["data"] == [
        {"period": "2026-11-27T00:00:00Z", "count": 5}
    ]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"period": "minute"}, 400),
        ({"start_date": "yesterday"}, 400),
        ({"start_date": "2026-11-20", "end_date": "2026-11-19"}, 400),
        ({"period": "hour", "start_date": "2020-01-01"}, 400),
        ({"workflow": "nowhere"}, 404),
        ({"period": "hour"}, 200),
        ({"end_date": "9999-12-31"}, 200),
        ({"start_date": "0001-01-01"}, 200),
    ],
)
def test_the_api_refuses_what_makes_no_sense_and_says_why(client, workflow, noon, given, status):
    answer = client.get("/api/stats/classifications/", given)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"]["fields"]


# --- charts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "steps"), [(0, [0, 1]), (1, [0, 1]), (4, [0, 1, 2, 3, 4]), (7, [0, 2, 4, 6, 8]), (950, [0, 500, 1000])]
)
def test_scales_have_few_round_steps_that_reach_the_top(most, steps):
    assert scale_steps(most) == steps


def test_bars_are_as_high_as_their_counts_and_lie_inside():
    chart = bar_chart("k", "t", "s", [Bar(str(n), str(n), n) for n in range(400)], label_words="", count_words="")
    heights = [column.height for column in chart.columns]
    assert heights[200] == pytest.approx(200 / 399 * heights[399], abs=0.02)
    assert all(column.width > 0 for column in chart.columns)
    assert chart.columns[-1].x + chart.columns[-1].width <= chart.right
    assert min(column.y for column in chart.columns) >= chart.top
    assert len(chart.x_ticks) <= 5


# --- the team ---------------------------------------------------------------------------------------------------


def test_the_team_sees_devices_times_agreement_and_what_was_set_aside(client, workflow):
    subject, second = factories.subjects(2, workflow)
    now = timezone.now()
    phone, computer = {"viewport": {"width": 390}}, {"viewport": {"width": 1440}}
    for seconds, metadata, answer in ((2, phone, "yes"), (6, phone, "no"), (40, computer, "no"), (9e5, {}, "no")):
        factories.vote(
            subject, answer, workflow, metadata=metadata, started_at=now - timedelta(seconds=seconds), finished_at=now
        )
    factories.vote(second, "no", workflow, counted=False, set_aside="late")
    Consensus.objects.filter(subject=subject).update(
        state="retired", retired_at=now, retirement_reason="nothing_here", votes_yes=1, votes_no=3
    )
    for right in (5, 10):
        workflow.skills.create(
            volunteer=factories.volunteer(), counts=[0.0] * 9, training_seen=10, training_right=right
        )
    workflow.skills.create(volunteer=factories.volunteer(), counts=[0.0] * 9, training_seen=4, training_right=0)
    client.force_login(factories.user(Role.SCIENTIST))
    figures = client.get(reverse("statistics:team")).context["figures"]
    assert [(one.label.split(" ")[0], one.votes, one.median_s) for one in figures.devices] == [
        ("phone", 2, 4.0), ("computer", 1, 40.0), ("not", 2, (10800 + 3) / 2),
    ]  # fmt: skip
    assert figures.devices[0].per_hour == 900
    assert figures.devices[0].yes_share == 0.5
    assert {row.label: row.count for row in figures.times if row.count} == {
        "2–4 s": 2, "4–8 s": 1, "30–60 s": 1, "5 min and more": 1,
    }  # fmt: skip
    assert [(row.label, row.count) for row in figures.agreement if row.count] == [("70%–80%", 1)]
    assert [row.count for row in figures.training] == [0, 1, 0, 0, 0, 1]
    assert [(row.label, row.count) for row in figures.reasons] == [("confidently nothing there", 1)]
    assert [row.count for row in figures.aside] == [4, 0, 1, 0]


def test_the_team_page_reads_only_the_newest_votes(client, workflow, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr("classify.statistics_team.NEWEST", 3)
    for subject in factories.subjects(5, workflow):
        factories.vote(subject, "no", workflow)
    client.force_login(factories.user(Role.SCIENTIST))
    with django_assert_max_num_queries(8):
        assert client.get(reverse("statistics:team")).context["figures"].votes == 3


def test_the_team_page_without_votes_says_so(client, workflow):
    client.force_login(factories.user(Role.SCIENTIST))
    assert "Nobody has answered yet" in client.get(reverse("statistics:team")).content.decode()
