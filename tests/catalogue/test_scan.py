"""The archive scan: figures that are right, pages that stay cheap, scores that volunteers never see."""

from __future__ import annotations

import csv
import io
import random
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from catalogue import scan, scan_figures
from jobs.models import Job, JobState
from jobs.services import job_enqueue
from ml.advice import Share
from ml.evaluation import figures
from ml.models import Model, Score, TrainingLabel
from tests import factories
from tests.catalogue.rows import candidate
from tests.catalogue.scan_rows import decided, registered, scored, signed_in
from tests.ml.test_evaluation_report import judged

ADDRESSES = ["catalogue:scan", "catalogue:scan_funnel", "catalogue:scan_csv"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> Model:
    return registered(threshold=0.5)


@pytest.fixture
def scientist() -> Client:
    return signed_in()


@pytest.mark.parametrize("name", ADDRESSES)
def test_only_scientists_and_admins_see_scores(model: Model, name: str) -> None:
    scored(model, 0.987)
    address = reverse(name)
    answer = Client().get(address)
    assert answer.status_code == 302 and "/accounts/login/" in answer.headers["Location"]
    for role in (Role.VOLUNTEER, Role.MODERATOR):
        answer = signed_in(role).get(address)
        assert answer.status_code == 404 and "0.987" not in answer.content.decode()
        assert reverse("catalogue:scan") not in signed_in(role).get("/").content.decode()
    for role in (Role.SCIENTIST, Role.ADMIN):
        client = signed_in(role)
        assert client.get(address).status_code == 200
        assert client.post(address).status_code == 405
        assert f'href="{reverse("catalogue:scan")}"' in client.get("/").content.decode()


def test_the_funnel_counts_each_step_and_its_share(model: Model) -> None:
    exposure = factories.exposure()
    scored(model, 0.1, 0.2, 0.5, 0.9, of=exposure)
    factories.cutout(of=exposure, x0=900)
    for fields in (
        {"source": "model"}, {"state": "accepted", "trail_class": "asteroid"},
        {"state": "accepted", "trail_class": "satellite"}, {"state": "rejected", "trail_class": "artefact"},
    ):  # fmt: skip
        candidate(of=exposure, **fields)
    steps = {step.key: step for step in scan.funnel(scan.scan_counts(model))}
    assert {key: step.count for key, step in steps.items()} == {
        "observations": 1, "exposures": 1, "cutouts": 5, "scored": 4, "above": 2, "candidates": 4, "validated": 3,
        "catalogue": 2,
    }  # fmt: skip
    assert [steps[key].share for key in ("scored", "above", "candidates", "validated")] == [0.8, 0.5, None, 0.75]
    assert steps["catalogue"].share_words == "66.7 %"
    assert "2 accepted, 1 rejected" in steps["validated"].note and "1 asteroid" in steps["catalogue"].note
    assert "1 by the model, 3 by volunteers" in steps["candidates"].note
    assert steps["cutouts"].bar == 100 and 0 < steps["above"].bar < steps["scored"].bar


def test_an_empty_archive_has_a_page(scientist: Client) -> None:
    text = scientist.get("/scan/").content.decode()
    assert "No model is active" in text and "0 % of the step before" in text
    registered()
    text = scientist.get("/scan/").content.decode()
    assert "has scored nothing here yet" in text and "Nothing is scored yet" in text
    assert scientist.get(reverse("catalogue:scan_csv")).status_code == 200


def test_progress_with_rate_and_time_left_while_a_job_runs_and_new_counts_at_its_end(
    scientist: Client, model: Model
) -> None:
    scored(model, 0.1)
    job = job_enqueue(kind="prescreen", arguments={"model": model.pk})
    began = timezone.now() - timedelta(seconds=10)
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, total=5000, done=1000, started_at=began, created_at=began
    )
    text = scientist.get("/scan/").content.decode()
    part = scientist.get("/scan/funnel/", headers={"HX-Request": "true"})
    for shown in (text, part.content.decode()):
        assert 'hx-get="/scan/funnel/"' in shown and "1,000 / 5,000" in shown
        assert re.search(r"Per second</dt><dd>(9\d|100)<", shown) and re.search(r"Time left</dt><dd>0:00:4\d<", shown)
    assert "HX-Refresh" not in part.headers
    scored(model, 0.2, 0.3)  # the counts are kept: they come with the job's end
    assert 'Scored</span>\n      <strong class="funnel__count">1<' in scientist.get("/scan/").content.decode()
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE, finished_at=timezone.now())
    part = scientist.get("/scan/funnel/", headers={"HX-Request": "true"})
    assert part.headers["HX-Refresh"] == "true" and "hx-get" not in part.content.decode()
    assert 'Scored</span>\n      <strong class="funnel__count">3<' in part.content.decode()


def test_large_tables_are_counted_once_for_many_visits(scientist: Client, model: Model) -> None:
    scored(model, *[i / 100 for i in range(100)])
    scientist.get("/scan/")
    with CaptureQueriesContext(connection) as queries:
        assert scientist.get("/scan/").status_code == 200
    asked = [q["sql"] for q in queries if "talk_notification" not in q["sql"]]  # the bell counts to 100 at most
    assert [sql for sql in asked if "COUNT(" in sql.upper() or "width_bucket" in sql] == []
    assert len(queries) <= 15
    with CaptureQueriesContext(connection) as queries:
        scientist.get("/scan/funnel/")
    assert len(queries) <= 6
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        scientist.get("/scan/")
    assert any("COUNT(" in q["sql"].upper() for q in queries)


def test_the_number_of_queries_does_not_grow(scientist: Client, model: Model) -> None:
    counts = []
    for number in (2, 40):
        for score in scored(model, *[random.random() for _ in range(number)]):
            decided(score, "nothing")
            candidate(of=score.cutout.exposure)
        scientist.get("/scan/")
        with CaptureQueriesContext(connection) as queries:
            scientist.get("/scan/")
        counts.append(len(queries))
    assert counts[1] <= counts[0]


def test_bars_count_by_class_and_lead_to_their_cutouts(scientist: Client, model: Model) -> None:
    scored(model, 0.0, 0.05, 0.1, 0.1999, 0.95, 1.0)
    scored(model, 0.3, p_satellite=0.7)
    scored(registered("other", active=False), 0.5, 0.6)
    assert [bar.count for bar in scan.score_spread(model, "asteroid").bars] == [2, 2, 0, 1, 0, 0, 0, 0, 0, 2]
    assert [bar.count for bar in scan.score_spread(model, "satellite").bars] == [6, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert scan.score_spread(model, "arc").total == 0
    response = scientist.get("/scan/")
    assert [spread["kind"] for spread in response.context["spreads"]] == ["asteroid", "satellite"]
    text = response.content.decode()
    assert text.count('class="threshold"') == 1 and 'style="' not in text
    for link, expected in {
        "/scan/?max=0.1#sheet": [0.05, 0.0], "/scan/?min=0.1&amp;max=0.2#sheet": [0.1999, 0.1],
        "/scan/?min=0.9#sheet": [1.0, 0.95],
    }.items():  # fmt: skip
        assert f'href="{link}"' in text, link
        shown = scientist.get(link.replace("&amp;", "&")).context["sheet"]
        assert [tile.p for tile in shown.tiles] == expected
    shown = scientist.get("/scan/?class=satellite&min=0.7&max=0.8").context["sheet"]
    assert [tile.p for tile in shown.tiles] == [0.7]


def test_too_few_decisions_are_said_to_be_too_few(scientist: Client, model: Model) -> None:
    for score in scored(model, *[0.9] * 9):
        decided(score, "asteroid")
    decided(scored(model, 0.2)[0], "nothing")
    text = " ".join(scientist.get("/scan/").content.decode().split())
    assert "9 as asteroids, 1 as something else; 10 of each are needed" in text
    assert "1 asteroid is missing. 9 others are missing." in text


@pytest.fixture
def judged_by_people(model: Model) -> Model:
    """20 asteroids, 16 over the threshold; 20 others, 4 over it. Half of them were shown at random."""
    other = registered("other", active=False)
    for label, values in {"asteroid": [0.9] * 16 + [0.25] * 4, "nothing": [0.8] * 4 + [0.02] * 16}.items():
        for number, score in enumerate(scored(model, *values)):
            decided(score, label, drawn=number % 2 == 0)
            Score.objects.create(cutout=score.cutout, model=other, p_asteroid=0.5, p_satellite=0, p_nothing=0.5)
    return model


def test_precision_recall_and_reliability_against_people_with_intervals(judged_by_people: Model) -> None:
    found = scan_figures.against_people(judged_by_people)
    assert (found.asteroids, found.others, found.left_out) == (20, 20, False)
    assert found.at_threshold is not None
    assert found.at_threshold.precision == Share(16, 20) and found.at_threshold.recall == Share(16, 20)
    # Wilson 1927 for 16 of 20, as by statsmodels' proportion_confint(16, 20, method="wilson").
    assert (found.at_threshold.precision.low, found.at_threshold.precision.high) == pytest.approx(
        (0.5840, 0.9193), abs=1e-4
    )
    assert found.drawn == Share(8, 10)
    by_level = {level.threshold: level for level in found.levels}
    assert by_level[0.2].recall == Share(20, 20) and by_level[0.2].precision == Share(20, 24)
    assert by_level[0.85].precision == Share(16, 16) and by_level[0.95].precision.of == 0
    curve, reliability = found.charts
    assert ("1", "0.833") in {(x, y) for _, x, y, _ in curve.rows} and ("0.8", "1.000") in {r[1:3] for r in curve.rows}
    assert [(x, y) for _, x, y, _ in reliability.rows] == [
        ("0.02", "0.000"),
        ("0.25", "1.000"),
        ("0.8", "0.000"),
        ("0.9", "1.000"),
    ]
    assert all(interval for *_, interval in curve.rows + reliability.rows)


def test_decisions_that_a_model_learnt_from_do_not_judge_it(judged_by_people: Model) -> None:
    until = timezone.now()
    judged_by_people.card = {"labels": {"count": 40, "until": until.isoformat()}}
    judged_by_people.save()
    found = scan_figures._decided(judged_by_people)
    assert found[0].size == 0
    TrainingLabel.objects.filter(label="nothing").update(decided_at=until + timedelta(hours=1))
    asteroid, p, _drawn = scan_figures._decided(judged_by_people)
    assert asteroid.sum() == 0 and p.size == 20
    cache.clear()
    assert scan_figures.against_people(judged_by_people).left_out


def test_the_page_shows_both_kinds_of_figures(scientist: Client, judged_by_people: Model) -> None:
    made = figures(judged(200) + judged(100, real=True, seed=1), 0.5)
    Model.objects.filter(pk=judged_by_people.pk).update(card={"figures": made})
    text = scientist.get("/scan/").content.decode()
    for key in ("people-pr", "people-reliability", "simulated-magnitude", "simulated-length_px", "real-magnitude"):
        assert f'id="{key.removesuffix("_px")}-title"' in text, key
    assert "80.0% [58.4%, 91.9%] (16 / 20)" in text and "AB magnitude" in text
    rows = dict(re.findall(r"<text class=\"x\"[^>]*>(\d\d\.\d–\d\d\.\d)()</text>", text))
    assert "23.2–22.6" in rows  # SNR 3 to 5


@pytest.mark.parametrize(
    "card", [[], {"figures": 3}, {"figures": {"completeness_by_snr": {"0.1": [3]}}}, {"labels": 4}]
)
def test_a_strange_card_breaks_nothing(scientist: Client, model: Model, card: Any) -> None:
    Model.objects.update(card=card)
    scored(model, 0.5)
    assert "has no completeness" in scientist.get("/scan/").content.decode()
    assert scientist.get("/scan/figures.csv").status_code == 200


@pytest.mark.parametrize(("snr", "expected"), [(4.5, 22.73), (1.0, 24.37), (20.0, 21.11)])
def test_magnitudes_of_a_typical_exposure(snr: float, expected: float) -> None:
    """Median of the published sample: 22.8 at a ridge SNR of 4.5 (500 s, 100 px); a factor of 100 in SNR is 5 mag."""
    assert scan_figures.magnitude_of_snr(snr) == pytest.approx(expected, abs=0.01)
    assert scan_figures.magnitude_of_snr(snr) - scan_figures.magnitude_of_snr(100 * snr) == pytest.approx(5)
    assert scan_figures.magnitude_of_snr(4.5) == pytest.approx(22.8, abs=0.1)


def test_the_figures_as_csv(scientist: Client, judged_by_people: Model) -> None:
    made = figures(judged(200), 0.5)
    Model.objects.filter(pk=judged_by_people.pk).update(name="=cmd", card={"figures": made})
    response = scientist.get("/scan/figures.csv")
    assert response.streaming and response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="scan-\d{8}\.csv"', response["Content-Disposition"])
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))  # type: ignore[attr-defined]
    by_key = {(row["figure"], row["series"], row["at"]): row for row in rows}
    assert by_key["funnel", "scored", ""]["value"] == "40"
    assert by_key["model", "'=cmd 1", "threshold"]["value"] == "0.5"
    assert sum(int(row["value"]) for row in rows if (row["figure"], row["series"]) == ("histogram", "asteroid")) == 40
    precision = by_key["people-precision", "all", "0.5"]
    assert [precision[name] for name in ("value", "low", "high", "of")] == ["0.8000", "0.5840", "0.9193", "20"]
    assert by_key["people-recall", "shown at random", "threshold"]["of"] == "10"
    stated = {row["from"]: row for row in made["completeness_by_snr"]["0.1"]}[3.0]
    drawn = by_key["simulated-magnitude", "at 0.1 false per tile", "23.2–22.6 (SNR 3–5)"]
    assert (drawn["value"], drawn["low"]) == (f"{stated['value']:.3f}", f"{stated['low']:.3f}")
